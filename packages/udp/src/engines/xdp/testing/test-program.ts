/**
 * The XDP program loaded into the kernel and run on single frames, without an interface that it is attached to: for tests
 * and the fuzzer, in a process of its own with a network of its own.
 */
import {
  createSharedMap,
  createXdpSocketMap,
  findInterface,
  loadXdpProgram,
  type MappedMemory,
  mapMemory,
  openXdpSocket,
  setXdpSocket,
  viewMapped,
  XdpTestRun,
} from "@swarmtide/linux";
import { type Listener, listenerAt } from "@swarmtide/runtime";
import { ConnectionIds } from "../../../hot/connection-id.ts";
import { xdpProgram } from "../program.ts";
import {
  COUNTER_SLOT_BYTES,
  counterSlots,
  SETTINGS_BYTES,
  sumCounter,
  type XdpCounter,
} from "../shared-memory.ts";
import { XdpSettings } from "../xdp-settings.ts";
import { type Expected, expectedOf, type Served } from "./oracle.ts";

export const IPV4_SERVED = Uint8Array.of(10, 9, 0, 1);
export const IPV6_SERVED = Buffer.from("fd000009000000000000000000000001", "hex");
export const PORTS = { 4: 3000, 6: 3001 } as const;
const AGE_SECONDS_MAX = 120;
/** How far the two readings of the clock may lie apart. */
const CLOCK_SECONDS = 0.01;

export class TestProgram implements Served {
  readonly ports = PORTS;
  readonly addresses = [IPV4_SERVED, IPV6_SERVED];
  readonly connectionIds = new ConnectionIds(Int32Array.of(3, -7, 0x12345678, 99), AGE_SECONDS_MAX);
  readonly settings: XdpSettings;
  readonly #counts: BigUint64Array;
  readonly #programFd: number;
  readonly #testRun = new XdpTestRun();
  readonly #started: number;

  /** `secondsBefore`: for how long the tracker has been running, as the connection ids see it. */
  constructor(secondsBefore = 70_000.25) {
    const settingsFd = createSharedMap(SETTINGS_BYTES);
    const slots = counterSlots();
    const countersFd = createSharedMap(slots * COUNTER_SLOT_BYTES);
    const socketsFd = createXdpSocketMap(1);
    this.#programFd = loadXdpProgram(
      xdpProgram({ settingsFd, countersFd, counterSlots: slots, socketsFd }),
    );
    const counters: MappedMemory = mapMemory(countersFd, slots * COUNTER_SLOT_BYTES);
    this.#counts = new BigUint64Array(viewMapped(counters));
    const index = findInterface("lo")?.index ?? 1;
    const socket = openXdpSocket({
      ...{ interfaceIndex: index, interfaceName: "lo", queue: 0, isBusyPolled: false },
    });
    setXdpSocket(socketsFd, 0, socket.fd);
    const listener = (family: 4 | 6, address: Uint8Array): Listener =>
      listenerAt({ key: "test", family, isTls: false, address, port: PORTS[family] });
    this.settings = new XdpSettings(mapMemory(settingsFd, SETTINGS_BYTES), "lo", [
      listener(4, IPV4_SERVED),
      listener(6, IPV6_SERVED),
    ]);
    this.#started = monotonicSeconds() - secondsBefore;
    this.settings.enable(this.connectionIds, secondsBefore);
  }

  /** Seconds since the tracker started. */
  now(): number {
    return monotonicSeconds() - this.#started;
  }

  /** What the program does with a frame, and what it is to do; both in the same second. */
  compare(frame: Uint8Array): { readonly found: Expected; readonly expected: Expected } {
    for (;;) {
      const second = Math.floor(this.now() - CLOCK_SECONDS);
      const { action, frame: left } = this.#testRun.run(this.#programFd, frame);
      if (Math.floor(this.now() + CLOCK_SECONDS) !== second) continue;
      this.connectionIds.setNow(second);
      const expected = expectedOf(frame, this);
      const found =
        expected.reply === undefined ? { action } : { action, reply: Buffer.from(left) };
      return { found, expected };
    }
  }

  /** Nanoseconds that the program takes for a frame, the mean of that many runs (see XdpTestRun). */
  nanoseconds(frame: Uint8Array, repeats: number): number {
    return this.#testRun.nanoseconds(this.#programFd, frame, repeats);
  }

  count(counter: XdpCounter, family: 4 | 6): number {
    return sumCounter(this.#counts, counter, family);
  }
}

const monotonicSeconds = (): number => Number(process.hrtime.bigint()) / 1e9;
