/// <reference lib="dom" />
/** What the visitor chose: colours and range. Kept in the browser, for the next visit. */
import { selectById } from "./dom.ts";

const darkSystem = window.matchMedia("(prefers-color-scheme: dark)");

/** Reads and keeps a choice; calls `changed` at once and whenever it changes. */
function keep(id: string, changed: (value: string) => void): void {
  const select = selectById(id);
  const kept = localStorage.getItem(`swarmtide-${id}`);
  if ([...select.options].some(({ value }) => value === kept)) select.value = kept ?? select.value;
  select.addEventListener("change", () => {
    localStorage.setItem(`swarmtide-${id}`, select.value);
    changed(select.value);
  });
  changed(select.value);
}

/** Applies the chosen colours, and calls `changed` when others apply. */
export function followTheme(changed: () => void): void {
  let choice = "system";
  const apply = () => {
    const isDark = choice === "dark" || (choice === "system" && darkSystem.matches);
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    changed();
  };
  keep("theme", (value) => {
    choice = value;
    apply();
  });
  darkSystem.addEventListener("change", apply);
}

/** Calls `changed` with the seconds of the chosen range and its name. */
export function followRange(changed: (seconds: number, name: string) => void): void {
  keep("range", (value) => {
    changed(Number(value), selectById("range").selectedOptions[0]?.text ?? "");
  });
}
