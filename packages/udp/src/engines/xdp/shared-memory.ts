/**
 * The two pieces of memory that the XDP program in the kernel shares with the tracker's threads: values of array maps,
 * mapped into the process, so that neither side needs a system call or a privilege to read or write them.
 *
 * Settings, written by the threads, read by the program; 32-bit words, numbers little endian, addresses and ports as they
 * lie in a packet:
 *
 * | byte    | meaning                                                                                       |
 * |---------|-----------------------------------------------------------------------------------------------|
 * | 0–7     | CLOCK_MONOTONIC in nanoseconds when the tracker started: the origin of connection ids         |
 * | 8       | 1 while workers run; 0 lets every frame pass to the sockets                                   |
 * | 12      | seconds for which a connection id is valid                                                    |
 * | 16, 20  | port of IPv4 and of IPv6, or -1 where the family is not served                                |
 * | 24–39   | the first state of Chaskey for IPv4: key xor subkey, the third word also xor 4                |
 * | 40–55   | its key                                                                                       |
 * | 56–71   | its subkey                                                                                    |
 * | 72–103  | eight IPv4 addresses that are served; 0 for none                                              |
 * | 104–231 | eight IPv6 addresses; 0 for none                                                              |
 *
 * Example: port 3000 of IPv4 is b8 0b… as in a packet 0b b8: word 16 is 0xb80b.
 *
 * Counters, a slot of 128 bytes for each processor, written by the program on that processor only: sixteen 64-bit numbers,
 * of which the even ones are IPv4's and the odd ones IPv6's (`XDP_COUNTERS`).
 */
import { readFileSync } from "node:fs";

export const STARTED_NANOSECONDS_AT = 0;
export const ENABLED_AT = 8;
export const CONNECTION_AGE_AT = 12;
export const PORT_AT = { 4: 16, 6: 20 } as const;
export const IPV4_STATE_AT = 24;
export const KEY_AT = 40;
export const SUBKEY_AT = 56;
export const ADDRESSES_AT = { 4: 72, 6: 104 } as const;
/** Addresses of each family; requests to any others go to the sockets, which serve them as well. */
export const ADDRESSES_MAX = 8;
export const SETTINGS_BYTES = 256;
/** No port of a packet equals it. */
export const NO_PORT = -1;

if (ADDRESSES_AT[4] + 4 * ADDRESSES_MAX > ADDRESSES_AT[6]) throw new Error("addresses overlap");
if (ADDRESSES_AT[6] + 16 * ADDRESSES_MAX > SETTINGS_BYTES) throw new Error("addresses overlap");

/** What the program counts: number of the pair of 64-bit numbers in a slot, IPv4's first. */
export const XDP_COUNTERS = {
  /** Connect requests answered. */
  connects: 0,
  /** Dropped: no valid connection id. */
  badConnectionIds: 1,
  /** Dropped: shorter than any request. */
  short: 2,
  /** Dropped: a connect request without the protocol's number. */
  badConnects: 3,
  /** Bytes of payload of what was answered or dropped. */
  receivedBytes: 4,
  sentBytes: 5,
} as const;
export type XdpCounter = keyof typeof XDP_COUNTERS;

export const COUNTER_SLOT_BYTES = 128;
const SLOT_NUMBERS = COUNTER_SLOT_BYTES / 8;

/** Bytes from the start of a slot to a counter. */
export const counterAt = (counter: XdpCounter, family: 4 | 6): number =>
  XDP_COUNTERS[counter] * 16 + (family === 4 ? 0 : 8);

if (Object.keys(XDP_COUNTERS).length * 16 > COUNTER_SLOT_BYTES)
  throw new Error("a slot has room for every counter");

/** Slots for all processors that this machine may ever have, a power of two; `possible` is what the kernel says of them. */
export function counterSlots(
  possible: string = readFileSync("/sys/devices/system/cpu/possible", "latin1"),
): number {
  const last = Number(/(\d+)\s*$/.exec(possible)?.[1] ?? 0);
  return 2 ** Math.ceil(Math.log2(last + 1));
}

/** Sums a counter over all processors. Not per packet. */
export function sumCounter(counts: BigUint64Array, counter: XdpCounter, family: 4 | 6): number {
  let sum = 0n;
  for (let i = counterAt(counter, family) / 8; i < counts.length; i += SLOT_NUMBERS)
    sum += counts[i] ?? 0n;
  return Number(sum);
}
