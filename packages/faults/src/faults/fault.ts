/** What a fault is: something done to the running program, what has to hold, and what was measured. */
import type { Scope } from "../scope.ts";
import type { TrackerProcess } from "../tracker-process.ts";

export interface Outcome {
  readonly holds: boolean;
  /** What was seen, in a few words with its numbers. */
  readonly seen: string;
  readonly rssMib?: string;
  readonly descriptors?: string;
  /** Requests of a well-behaved client during the fault that were never answered, of all it sent. */
  readonly lost?: string;
}

export interface Fault {
  /** Groups faults of one kind: memory, signals, files, host, time, abuse. */
  readonly kind: string;
  /** What is done. */
  readonly name: string;
  /** Whether `--short` runs it too. */
  readonly isShort: boolean;
  /** Why it cannot be done here; undefined where it can. */
  readonly missing?: () => string | undefined;
  run(context: FaultContext): Promise<Outcome>;
}

export interface FaultContext {
  readonly scope: Scope;
  /** `full`, or `short` where it should take a few seconds. */
  readonly size: "full" | "short";
}

/** A configuration on free ports of 127.0.0.1, with more sections or keys behind it. */
export const CONFIG = `
[statistics]
page_address = "127.0.0.1:0"
[udp]
address_ipv4 = "127.0.0.1:0"
use_ipv6 = false
[web]
address_ipv4 = "127.0.0.1:0"
use_ipv6 = false
`;

/** Follows memory and descriptors of a program while something is done to it. */
export class Watch {
  readonly #tracker: TrackerProcess;
  readonly #before: { rssMib: number; descriptors: number };
  readonly #timer: NodeJS.Timeout;
  #peakMib: number;
  #peakDescriptors: number;

  constructor(tracker: TrackerProcess) {
    this.#tracker = tracker;
    this.#before = tracker.vitals();
    this.#peakMib = this.#before.rssMib;
    this.#peakDescriptors = this.#before.descriptors;
    this.#timer = setInterval(() => this.#look(), 100);
  }

  /** `before → most → now` of both, for the table. */
  end(): {
    rssMib: string;
    descriptors: string;
    rssBefore: number;
    rssPeak: number;
    rssAfter: number;
  } {
    this.#look();
    clearInterval(this.#timer);
    const after = this.#tracker.vitals();
    return {
      rssMib: `${this.#before.rssMib} → ${this.#peakMib} → ${after.rssMib}`,
      descriptors: `${this.#before.descriptors} → ${this.#peakDescriptors} → ${after.descriptors}`,
      rssBefore: this.#before.rssMib,
      rssPeak: this.#peakMib,
      rssAfter: after.rssMib,
    };
  }

  #look(): void {
    if (this.#tracker.hasEnded) return;
    const { rssMib, descriptors } = this.#tracker.vitals();
    this.#peakMib = Math.max(this.#peakMib, rssMib);
    this.#peakDescriptors = Math.max(this.#peakDescriptors, descriptors);
  }
}
