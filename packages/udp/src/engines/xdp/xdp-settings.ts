/**
 * A thread's side of the shared memory: writes the program's settings and reads its counters. Owned by the first
 * worker of the engine `xdp`; shared-memory.ts draws the layout.
 */
import { networkInterfaces } from "node:os";
import { parseIpAddress } from "@swarmtide/bittorrent";
import { type MappedMemory, viewMapped } from "@swarmtide/linux";
import { add, type Column, type FamilyRows } from "@swarmtide/metrics";
import { isWildcard, type Listener } from "@swarmtide/runtime";
import { UDP_CONNECT, UDP_DROP_CONNECT_MAGIC, UDP_DROP_SHORT } from "@swarmtide/udp-protocol";
import {
  CONNECTS,
  DROPPED_CONNECTION_ID,
  RECEIVED_BYTES,
  REQUESTS_BY_STATUS,
  SENT_BYTES,
} from "../../counters.ts";
import { doubleKey } from "../../hot/chaskey.ts";
import type { ConnectionIds } from "../../hot/connection-id.ts";
import {
  ADDRESSES_AT,
  ADDRESSES_MAX,
  CONNECTION_AGE_AT,
  ENABLED_AT,
  IPV4_STATE_AT,
  KEY_AT,
  NO_PORT,
  PORT_AT,
  STARTED_NANOSECONDS_AT,
  SUBKEY_AT,
  sumCounter,
  XDP_COUNTERS,
  type XdpCounter,
} from "./shared-memory.ts";

/** Tells the addresses of an interface; as os.networkInterfaces() does. */
type Interfaces = () => Readonly<
  Record<string, readonly { readonly address: string }[] | undefined>
>;

/** What each number of the program is in the tracker's counters. */
const COLUMNS: Readonly<Record<XdpCounter, readonly (Column<"udp"> | undefined)[]>> = {
  connects: [CONNECTS, REQUESTS_BY_STATUS[UDP_CONNECT]],
  badConnectionIds: [DROPPED_CONNECTION_ID],
  short: [REQUESTS_BY_STATUS[UDP_DROP_SHORT]],
  badConnects: [REQUESTS_BY_STATUS[UDP_DROP_CONNECT_MAGIC]],
  receivedBytes: [RECEIVED_BYTES],
  sentBytes: [SENT_BYTES],
};

export class XdpSettings {
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #interfaceName: string;
  readonly #listeners: readonly Listener[];
  readonly #interfaces: Interfaces;

  constructor(
    memory: MappedMemory,
    interfaceName: string,
    listeners: readonly Listener[],
    interfaces: Interfaces = networkInterfaces,
  ) {
    const buffer = viewMapped(memory);
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.#interfaceName = interfaceName;
    this.#listeners = listeners;
    this.#interfaces = interfaces;
  }

  /** Lets the program work: with the key of the connection ids, and the clock whose seconds they count. */
  enable({ key, ageSecondsMax }: ConnectionIds, nowSeconds: number): void {
    const words = this.#words;
    const subkey = new Int32Array(4);
    doubleKey(key, subkey);
    const started = process.hrtime.bigint() - BigInt(Math.round(nowSeconds * 1e9));
    new DataView(words.buffer).setBigUint64(STARTED_NANOSECONDS_AT, started, true);
    words.set(key, KEY_AT / 4);
    words.set(subkey, SUBKEY_AT / 4);
    for (const [i, word] of key.entries())
      words[IPV4_STATE_AT / 4 + i] = word ^ (subkey[i] ?? 0) ^ (i === 2 ? 4 : 0);
    for (const family of [4, 6] as const) {
      const port = this.#listenersOf(family)[0]?.port;
      words[PORT_AT[family] / 4] =
        port === undefined ? NO_PORT : ((port & 0xff) << 8) | (port >> 8);
    }
    this.setConnectionAge(ageSecondsMax);
    this.learnAddresses();
    Atomics.store(words, ENABLED_AT / 4, 1);
  }

  /** From now on every frame passes to the sockets. */
  disable(): void {
    Atomics.store(this.#words, ENABLED_AT / 4, 0);
  }

  /** A reload changes it. */
  setConnectionAge(seconds: number): void {
    this.#words[CONNECTION_AGE_AT / 4] = seconds;
  }

  /** Serves the listeners' addresses; of one that listens on all, those that the interface has now. */
  learnAddresses(): void {
    for (const family of [4, 6] as const) {
      const width = family;
      const lengthBytes = width === 4 ? 4 : 16;
      const at = ADDRESSES_AT[family];
      const addresses = this.#addressesOf(family).slice(0, ADDRESSES_MAX);
      for (let i = 0; i < ADDRESSES_MAX; i++) {
        const address = addresses[i] ?? new Uint8Array(lengthBytes);
        const place = this.#bytes.subarray(at + i * lengthBytes, at + (i + 1) * lengthBytes);
        // Written only where it differs: the program may be reading it.
        if (!address.every((byte, index) => byte === place[index])) place.set(address);
      }
    }
  }

  /** Those at the port of the family's first one; others are served by their sockets alone. */
  #listenersOf(family: 4 | 6): Listener[] {
    const own = this.#listeners.filter((listener) => listener.family === family);
    return own.filter(({ port }) => port === own[0]?.port);
  }

  #addressesOf(family: 4 | 6): Uint8Array[] {
    return this.#listenersOf(family).flatMap((listener) =>
      isWildcard(listener) ? this.#interfaceAddresses(family) : [listener.address],
    );
  }

  #interfaceAddresses(family: 4 | 6): Uint8Array[] {
    return (this.#interfaces()[this.#interfaceName] ?? [])
      .map(({ address }) => parseIpAddress(address))
      .filter((address): address is Uint8Array => address?.length === (family === 4 ? 4 : 16));
  }
}

/** Adds to the tracker's counters what the program has counted since. */
export class XdpCounts {
  readonly #counts: BigUint64Array;
  readonly #rows: FamilyRows<"udp">;
  readonly #known = new Map<string, number>();

  constructor(memory: MappedMemory, rows: FamilyRows<"udp">) {
    this.#counts = new BigUint64Array(viewMapped(memory));
    this.#rows = rows;
  }

  collect(): void {
    for (const counter of Object.keys(XDP_COUNTERS) as XdpCounter[])
      for (const family of [4, 6] as const) {
        const now = sumCounter(this.#counts, counter, family);
        const name = `${counter} ${family}`;
        const news = now - (this.#known.get(name) ?? 0);
        this.#known.set(name, now);
        const row = family === 4 ? this.#rows.ipv4 : this.#rows.ipv6;
        for (const column of COLUMNS[counter]) if (column !== undefined) add(row, column, news);
      }
  }
}
