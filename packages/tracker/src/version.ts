/** The version of the program, as its package says. Read where it is asked for, before a chroot hides it. Main thread. */
import { readProgramFile } from "@swarmtide/runtime";

export function version(): string {
  const manifest: unknown = JSON.parse(
    readProgramFile(new URL("../package.json", import.meta.url)).toString("utf8"),
  );
  return String(Reflect.get(Object(manifest), "version"));
}
