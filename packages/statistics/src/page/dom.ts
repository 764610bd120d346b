/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The few ways in which the page touches its document. All text goes in as text, never as markup, so that nothing that a client
 * named itself can become part of the page. Rows and items are kept and changed in place: focus, selection and scrolling stay.
 */

/** An element of index.html. Throws where the page does not have it. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no element "${id}"`);
  return found;
}

/** A table of index.html. */
export function tableById(id: string): HTMLTableElement {
  const found = byId(id);
  if (!(found instanceof HTMLTableElement)) throw new Error(`"${id}" is not a table`);
  return found;
}

/** A choice of index.html. */
export function selectById(id: string): HTMLSelectElement {
  const found = byId(id);
  if (!(found instanceof HTMLSelectElement)) throw new Error(`"${id}" is not a select`);
  return found;
}

/** A new element with a class and a text. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className = "",
  text = "",
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (className !== "") made.className = className;
  if (text !== "") made.textContent = text;
  return made;
}

/** Changes a text only where it differs, so that a selection survives. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** Makes `parent` have `count` children, made by `make` and taken from its end. Returns them. */
export function childrenOf(parent: Element, count: number, make: () => Element): Element[] {
  while (parent.childElementCount > count) parent.lastElementChild?.remove();
  while (parent.childElementCount < count) parent.append(make());
  return [...parent.children];
}

/** One cell of a table's body. A share draws a bar behind it. */
export type Cell = string | { readonly text: string; readonly share: number };

/** What a table shows. The first column names the row. */
export interface TableContent {
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** In place of rows where there are none. */
  readonly empty: string;
}

/** Shows the rows in a table of index.html, changing only what differs. */
export function fillTable(table: HTMLTableElement, { head, rows, empty }: TableContent): void {
  if (table.tHead === null) {
    const row = table.createTHead().insertRow();
    for (const title of head) {
      const cell = element("th", "", title);
      cell.scope = "col";
      row.append(cell);
    }
  }
  const body = table.tBodies[0] ?? table.createTBody();
  const shown = rows.length > 0 ? rows : [[empty]];
  const made = childrenOf(body, shown.length, () => element("tr"));
  for (const [index, row] of made.entries()) fillRow(row, shown[index] ?? [], head.length);
}

function fillRow(row: Element, cells: readonly Cell[], columns: number): void {
  const isNote = cells.length === 1 && columns > 1;
  if (row.childElementCount !== cells.length) row.replaceChildren();
  const made = childrenOf(row, cells.length, () => {
    const isFirst = row.childElementCount === 0;
    const cell = element(isFirst && !isNote ? "th" : "td");
    if (cell instanceof HTMLTableCellElement) {
      if (isFirst && !isNote) cell.scope = "row";
      if (isNote) {
        cell.colSpan = columns;
        cell.className = "text";
      }
    }
    return cell;
  });
  for (const [index, cell] of made.entries()) {
    const content = cells[index] ?? "";
    setText(cell, typeof content === "string" ? content : content.text);
    if (typeof content === "string" || !(cell instanceof HTMLElement)) continue;
    cell.className = "bar";
    cell.style.setProperty("--share", `${Math.round(content.share * 1000) / 10}%`);
  }
}
