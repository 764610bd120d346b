/** Reloads: access lists that grow, shrink and are broken, certificates that are renewed, and what a reload must change. */

import { createHash, randomBytes } from "node:crypto";
import { copyFileSync, writeFileSync } from "node:fs";
import { type CertificateFiles, until } from "@swarmtide/test-kit";
import { UdpPeers } from "../clients/udp-peers.ts";
import type { TrackerProcess } from "../tracker-process.ts";
import type { Findings } from "./findings.ts";
import { below } from "./random.ts";

const RELOAD_MILLISECONDS = 30_000;
const ENTRIES_MAX = 20_000;
/** Every so many lists are broken. */
const BROKEN_EVERY = 5;
const PORT = 1999;
/** Generous: the verdict of a soak must not depend on how busy the machine is. */
const RELOADED_MILLISECONDS = 60_000;
const TRIES = 15;

export interface ReloadedFiles {
  readonly accessList: string;
  readonly tls: CertificateFiles;
  /** What the TLS files are replaced with, in turn. */
  readonly certificates: readonly CertificateFiles[];
}

export class ReloadActor {
  readonly #tracker: TrackerProcess;
  readonly #files: ReloadedFiles;
  readonly #findings: Findings;
  readonly #timer: NodeJS.Timeout;
  #isBusy = false;
  #reload: Promise<void> = Promise.resolve();

  constructor(tracker: TrackerProcess, files: ReloadedFiles, findings: Findings) {
    this.#tracker = tracker;
    this.#files = files;
    this.#findings = findings;
    this.#timer = setInterval(() => this.#next(), RELOAD_MILLISECONDS);
  }

  /** Resolves when the reload under way is over. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reload;
  }

  #next(): void {
    if (!this.#isBusy) this.#reload = this.#run();
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    const number = ++this.#findings.reloads;
    try {
      await (number % BROKEN_EVERY === 0 ? this.#broken() : this.#good(number));
    } catch (error) {
      this.#findings.complain(`reload ${number}: ${error}`);
    }
    this.#isBusy = false;
  }

  async #good(number: number): Promise<void> {
    const denied = createHash("sha1").update(`denied ${number}`).digest();
    const others = Array.from({ length: below(ENTRIES_MAX) }, () =>
      randomBytes(20).toString("hex"),
    );
    writeFileSync(this.#files.accessList, `${[denied.toString("hex"), ...others].join("\n")}\n`);
    const files = this.#files.certificates[number % this.#files.certificates.length];
    if (files !== undefined) {
      copyFileSync(files.privateKey, this.#files.tls.privateKey);
      copyFileSync(files.certificate, this.#files.tls.certificate);
    }
    await this.#signal(number, /access list reloaded/);
    const peers = await UdpPeers.open(this.#tracker.ports().udp, "127.0.0.1", TRIES);
    // A worker looks for reloads every 50 ms.
    const isRefused = async () =>
      typeof (await peers.announce({ infoHash: denied, port: PORT })) === "string";
    try {
      await until("an announce of the denied torrent is refused", isRefused, RELOADED_MILLISECONDS);
    } finally {
      peers.close();
    }
  }

  async #broken(): Promise<void> {
    writeFileSync(this.#files.accessList, "no info hash\n");
    await this.#signal(0, /the old list stays/);
  }

  async #signal(number: number, line: RegExp): Promise<void> {
    const start = this.#tracker.output.length;
    this.#tracker.signal(number % 2 === 0 ? "SIGHUP" : "SIGUSR1");
    await this.#tracker.says(line, start, RELOADED_MILLISECONDS);
  }
}
