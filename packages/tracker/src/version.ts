/** The version of the program, as its package says. Read where it is asked for, before a chroot hides it. Main thread. */
import { readFileSync } from "node:fs";

export function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return String(Reflect.get(Object(manifest), "version"));
}
