/**
 * What the clients of the overload benches ask for, by lot, and what became of it. Four fifths of the requests come over IPv4;
 * half of all on connections that are kept, each with one request at a time, half on connections of their own. A fifth are
 * announces that repeat earlier ones.
 */

import { type LimitsConfig, limitsSection } from "@swarmtide/swarm";
import { randomBelow } from "@swarmtide/test-kit";
import { defaultConfig } from "@swarmtide/toml-config";
import type { Ask } from "./overload-clients.ts";

const KINDS = ["announce", "repeat", "scrape", "probe of an unknown torrent"] as const;
const WAYS = ["kept", "new"] as const;
const FAMILIES = [4, 6] as const;
const SPEAKERS = 300;

/** As by default, without the limits on one address and for loopback too: all clients have the same address. */
export const OVERLOAD_LIMITS: LimitsConfig = {
  ...defaultConfig(limitsSection),
  ...{ exempt: [], maxPeersPerAddress: 0, maxTorrentsPerAddress: 0, maxScrapesPerAddress: 0 },
};

export interface HttpOverloadRow {
  readonly way: string;
  readonly family: 4 | 6;
  readonly kind: string;
  readonly asked: number;
  readonly answered: number;
  readonly refused: number;
  readonly p99Milliseconds: number;
}

interface Tally {
  asked: number;
  refused: number;
  readonly latencies: number[];
}

export class OverloadRequests {
  isCounting = false;
  readonly #tallies: Tally[] = Array.from(
    { length: WAYS.length * FAMILIES.length * KINDS.length },
    () => ({ asked: 0, refused: 0, latencies: [] }),
  );
  readonly #random = randomBelow(1);

  /** Draws the next request and has it asked. */
  ask(
    nowMilliseconds: number,
    send: (family: 4 | 6, isKept: boolean, target: string, ask: Ask) => void,
  ): void {
    const family = this.#random(5) === 0 ? 6 : 4;
    const isKept = this.#random(2) === 0;
    const kind = [0, 0, 0, 0, 1, 1, 2, 2, 2, 3][this.#random(10)] ?? 0;
    const place = (isKept ? 0 : FAMILIES.length) + (family === 4 ? 0 : 1);
    const row = place * KINDS.length + kind;
    const tally = this.#tallies[row];
    if (this.isCounting && tally !== undefined) tally.asked++;
    const ask = { row: this.isCounting ? row : -1, atMilliseconds: nowMilliseconds };
    send(family, isKept, this.#target(kind), ask);
  }

  take({ row, atMilliseconds }: Ask, isRefused: boolean, nowMilliseconds: number): void {
    const tally = this.#tallies[row];
    if (tally === undefined) return;
    if (isRefused) tally.refused++;
    else tally.latencies.push(nowMilliseconds - atMilliseconds);
  }

  rows(): HttpOverloadRow[] {
    return this.#tallies.map(({ asked, refused, latencies }, row) => {
      latencies.sort((a, b) => a - b);
      const place = Math.floor(row / KINDS.length);
      return {
        way: WAYS[place >> 1] ?? "",
        family: place % 2 === 0 ? 4 : 6,
        kind: KINDS[row % KINDS.length] ?? "",
        ...{ asked, refused, answered: latencies.length },
        p99Milliseconds: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
      };
    });
  }

  #target(kind: number): string {
    const scrape = (hash: string) => `/scrape?info_hash=${hash}`;
    if (kind === 2) return scrape(hashOf(this.#random(2000)));
    if (kind === 3) return scrape(`u${String(this.#random(2 ** 31)).padStart(19, "0")}`);
    const speaker = this.#random(SPEAKERS);
    const [torrent, port] =
      kind === 1 ? [speaker % 50, 1 + speaker] : [this.#random(2000), 1000 + this.#random(60_000)];
    const peerId = `-ST0001-${String(port).padStart(12, "0")}`;
    return `/announce?info_hash=${hashOf(torrent)}&peer_id=${peerId}&port=${port}&uploaded=0&downloaded=0&left=${kind}&compact=1`;
  }
}

/** They differ in their first bytes, as real ones do. */
const hashOf = (torrent: number): string => String(torrent).padStart(8, "0").padEnd(20, "t");

export function printOverload(rows: readonly HttpOverloadRow[], repeatsRefused: number): void {
  console.log(
    "| connection | family | kind | asked | answered | p99 |\n|---|---|---|---:|---:|---:|",
  );
  for (const { way, family, kind, asked, answered, p99Milliseconds } of rows)
    console.log(
      `| ${way} | IPv${family} | ${kind} | ${asked} | ${((answered / asked) * 100).toFixed(1)} % | ${p99Milliseconds.toFixed(0)} ms |`,
    );
  console.log(`\n${repeatsRefused} repeats were refused before the store was asked.`);
}
