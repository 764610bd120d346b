/** What a run has to undo when it is over: processes, folders, sockets, in the reverse order of their making. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Scope {
  readonly #undo: (() => unknown)[] = [];

  /** Like `after` of a test's context. */
  after(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), "swarmtide-faults-"));
    this.after(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  /** Ends the process on a signal in the way that takes programs under test along. */
  static endOnSignals(): void {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => process.exit(1));
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo();
  }
}
