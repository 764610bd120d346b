/**
 * Counts client software from the peer ids that workers keep a sample of: names and versions (BEP 20) and the prefixes as
 * they are. Called by the collector's source once a second on the main thread; naming an id takes 2 µs and there are at most
 * 64 a second for each worker.
 *
 * Anybody can write anything into a peer id. What comes out is printable ASCII or a name from a fixed list, and of bounded
 * number: at most 2,000 versions and 5,000 prefixes are kept, further new ones are counted together as "others".
 */
import { detectClient } from "@swarmtide/bittorrent";
import { PEER_ID_SAMPLE_ONE_IN, PeerIdSampleReader } from "@swarmtide/swarm";
import type { ClientStats } from "../api-shape.ts";

const VERSIONS_MAX = 2000;
const PREFIXES_MAX = 5000;
const PREFIX_BYTES = 8;
const CLIENTS_SHOWN = 50;
const VERSIONS_SHOWN = 10;
const PREFIXES_SHOWN = 100;
const OTHERS = "others";
const UNKNOWN = "unknown";
/** After so long every count is halved, so that what was long ago fades. */
const HALVING_MILLISECONDS = 600_000;

export class ClientTally {
  readonly #readers: readonly PeerIdSampleReader[];
  /** By name and version, with a line feed between them. */
  #versions = new Map<string, number>();
  #prefixes = new Map<string, number>();
  #sampled = 0;
  #halvedMilliseconds: number;

  constructor(samples: readonly SharedArrayBuffer[], nowMilliseconds: number) {
    this.#readers = samples.map((memory) => new PeerIdSampleReader(memory));
    this.#halvedMilliseconds = nowMilliseconds;
  }

  /** Counts what is new and returns the tally as it stands. */
  read(nowMilliseconds: number): ClientStats {
    if (nowMilliseconds - this.#halvedMilliseconds >= HALVING_MILLISECONDS) {
      this.#halvedMilliseconds = nowMilliseconds;
      this.#versions = halved(this.#versions);
      this.#prefixes = halved(this.#prefixes);
    }
    for (const reader of this.#readers) reader.read((bytes, at) => this.#count(bytes, at));
    return {
      sampledAnnounces: this.#sampled,
      sampledOneIn: PEER_ID_SAMPLE_ONE_IN,
      clients: clientsOf(this.#versions),
      prefixes: sharesOf(this.#prefixes)
        .slice(0, PREFIXES_SHOWN)
        .map(([prefix, share]) => ({ prefix, share })),
    };
  }

  #count(bytes: Uint8Array, at: number): void {
    this.#sampled++;
    const { name, version } = detectClient(bytes, at);
    // "Other (XY)": letters that a client made up, or a peer.
    const known = name.startsWith("Other") ? UNKNOWN : name;
    add(this.#versions, `${known}\n${known === UNKNOWN ? "" : version}`, VERSIONS_MAX);
    add(this.#prefixes, prefixOf(bytes, at), PREFIXES_MAX);
  }
}

/** `-qB4650-`; a dot for every byte that is not printable ASCII. */
function prefixOf(bytes: Uint8Array, at: number): string {
  let prefix = "";
  for (const byte of bytes.subarray(at, at + PREFIX_BYTES))
    prefix += byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
  return prefix;
}

function add(counts: Map<string, number>, key: string, keysMax: number): void {
  const count = counts.get(key);
  if (count !== undefined || counts.size < keysMax) counts.set(key, (count ?? 0) + 1);
  else counts.set(OTHERS, (counts.get(OTHERS) ?? 0) + 1);
}

function halved(counts: ReadonlyMap<string, number>): Map<string, number> {
  const kept = new Map<string, number>();
  for (const [key, count] of counts) if (count >= 2) kept.set(key, Math.floor(count / 2));
  return kept;
}

/** Most frequent first; shares of all. */
function sharesOf(counts: ReadonlyMap<string, number>): [key: string, share: number][] {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([key, count]) => [key, Math.round((count / sum) * 1e5) / 1e5]);
}

function clientsOf(versions: ReadonlyMap<string, number>): ClientStats["clients"] {
  const clients = new Map<
    string,
    { share: number; versions: { version: string; share: number }[] }
  >();
  for (const [key, share] of sharesOf(versions)) {
    const [name = "", version = ""] = key.split("\n");
    const client = clients.get(name) ?? { share: 0, versions: [] };
    clients.set(name, client);
    client.share += share;
    if (version !== "" && client.versions.length < VERSIONS_SHOWN)
      client.versions.push({ version, share });
  }
  return [...clients]
    .map(([name, client]) => ({ name, ...client, share: Math.round(client.share * 1e5) / 1e5 }))
    .sort((a, b) => b.share - a.share)
    .slice(0, CLIENTS_SHOWN);
}
