/** Whether a benchmark may open as many connections as it wants. */

/** Files that a server or a tester has open beside its connections, with room to spare. */
const OTHER_FILES = 500;

/** Throws with the remedy where this process may not hand on enough open files. */
export function assertOpenFiles(connections: number, limits: string): void {
  const hard = Number(/^Max open files +\S+ +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  if (hard < connections + OTHER_FILES)
    throw new Error(
      `${connections} connections need ${connections + OTHER_FILES} open files and ${hard} are allowed: raise the hard limit (ulimit -Hn) or ask for fewer with --connections`,
    );
}
