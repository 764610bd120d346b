/**
 * A disk that may lose power: what was written but not synced, and what was renamed or created without the folder having been
 * synced, may be there afterwards or not. Tests run a writer on it, stop it after any call, and look at every state the disk
 * may be in then. Calls may also fail as real ones do.
 */
import { dirname } from "node:path";
import type { FileCalls } from "../replaced-file.ts";

interface Inode {
  written: Uint8Array;
  synced: Uint8Array;
}

/** Thrown when the power goes. */
export class PowerCut extends Error {}

export class CrashDisk implements FileCalls {
  /** Calls until now. */
  calls = 0;
  /** Before this call the power goes; by default never. */
  powerCutAt = Number.POSITIVE_INFINITY;
  /** Before this call comes an error with `failure` as its code instead. */
  failAt = Number.POSITIVE_INFINITY;
  failure = "EIO";
  readonly #names = new Map<string, Inode>();
  #syncedNames = new Map<string, Inode>();
  readonly #open = new Map<number, Inode | string>();
  #nextFile = 3;

  /** A file that has been there for long. */
  constructor(path: string, bytes: Uint8Array) {
    const inode = { written: bytes, synced: bytes };
    this.#names.set(path, inode);
    this.#syncedNames.set(path, inode);
  }

  /** What a running system reads. */
  read(path: string): Uint8Array | undefined {
    return this.#names.get(path)?.written;
  }

  /** Files that are open. */
  get openFiles(): number {
    return this.#open.size;
  }

  /** What may stand at the path after the power came back: each state of the folder, with each of the file. */
  afterPowerCut(path: string): (Uint8Array | undefined)[] {
    return [this.#names, this.#syncedNames].flatMap((names) => {
      const inode = names.get(path);
      return inode === undefined ? [undefined] : [inode.written, inode.synced];
    });
  }

  open(path: string, flags: number): number {
    this.#call();
    const file = this.#nextFile++;
    if ((flags & 0o3) === 0) this.#open.set(file, path);
    else {
      const inode = { written: new Uint8Array(0), synced: new Uint8Array(0) };
      this.#names.set(path, inode);
      this.#open.set(file, inode);
    }
    return file;
  }

  write(file: number, bytes: Uint8Array): number {
    this.#call();
    const inode = this.#inodeOf(file);
    // As the system may, it takes a part only.
    const part = bytes.subarray(0, Math.max(1, bytes.length >> 1));
    inode.written = new Uint8Array(Buffer.concat([inode.written, part]));
    return part.length;
  }

  fdatasync(file: number): void {
    this.fsync(file);
  }

  fsync(file: number): void {
    this.#call();
    const opened = this.#open.get(file);
    if (typeof opened === "string") this.#syncedNames = new Map(this.#names);
    else {
      const inode = this.#inodeOf(file);
      inode.synced = inode.written;
    }
  }

  close(file: number): void {
    this.#call();
    this.#open.delete(file);
  }

  rename(from: string, to: string): void {
    this.#call();
    const inode = this.#names.get(from);
    if (inode === undefined || dirname(from) !== dirname(to)) throw new Error(`rename ${from}`);
    this.#names.delete(from);
    this.#names.set(to, inode);
  }

  unlink(path: string): void {
    this.#call();
    this.#names.delete(path);
  }

  #inodeOf(file: number): Inode {
    const opened = this.#open.get(file);
    if (opened === undefined || typeof opened === "string") throw new Error(`file ${file}`);
    return opened;
  }

  #call(): void {
    const call = this.calls++;
    if (call >= this.powerCutAt) throw new PowerCut();
    if (call === this.failAt)
      throw Object.assign(new Error(`${this.failure}: simulated`), { code: this.failure });
  }
}
