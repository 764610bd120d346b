/**
 * Opens what the engine `xdp` needs privileges for, on the main thread before they are dropped: the shared memory, the
 * program, one AF_XDP socket for each receive queue, and the attachment to the interface, which ends with the process.
 * Called by bindUdp.
 */
import {
  attachXdp,
  closeFd,
  closeXdpSocket,
  createSharedMap,
  createXdpSocketMap,
  EINVAL,
  EOPNOTSUPP,
  findInterface,
  loadXdpProgram,
  type MappedMemory,
  mapMemory,
  type NetworkInterface,
  openXdpSocket,
  SyscallError,
  setXdpSocket,
  unmapMemory,
  type XdpMode,
  type XdpSocket,
} from "@swarmtide/linux";
import { OperatorError } from "@swarmtide/runtime";
import type { EngineBinding, EngineBindOptions } from "../engine.ts";
import { xdpProgram } from "./program.ts";
import { COUNTER_SLOT_BYTES, counterSlots, SETTINGS_BYTES } from "./shared-memory.ts";
import { interfaceProblem } from "./xdp-interface.ts";

/** Without a program on the other end it does not deliver what is sent; see docs/xdp.md. */
const DRIVERS_LEFT_GENERIC = ["veth"];

/** What one worker gets: plain data. */
export interface XdpOfWorker {
  readonly interfaceName: string;
  readonly settings: MappedMemory;
  readonly counters: MappedMemory;
  /** The first worker keeps the settings and reads the counters. */
  readonly isFirst: boolean;
  /** Of its receive queues. */
  readonly sockets: readonly XdpSocket[];
}

export function bindXdp(options: EngineBindOptions): EngineBinding {
  const found = interfaceOf(options);
  const opened = new Opened();
  try {
    return bindOpened(options, found, opened);
  } catch (error) {
    opened.close();
    if (!(error instanceof SyscallError)) throw error;
    throw new OperatorError(`udp.xdp_interface = "${found.name}": ${error.message}`, {
      code: "SWARMTIDE_XDP_FAILED",
      cause: error,
    });
  }
}

/** Closes what was opened, the last first. */
class Opened {
  readonly #undo: (() => void)[] = [];

  fd(fd: number): number {
    this.#undo.push(() => closeFd(fd));
    return fd;
  }

  memory(memory: MappedMemory): MappedMemory {
    this.#undo.push(() => unmapMemory(memory));
    return memory;
  }

  socket(socket: XdpSocket): XdpSocket {
    this.#undo.push(() => closeXdpSocket(socket));
    return socket;
  }

  close(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}

function bindOpened(
  { workers, interfaceMode, isBusyPolled }: EngineBindOptions,
  found: NetworkInterface,
  opened: Opened,
): EngineBinding {
  const slots = counterSlots();
  const settingsFd = opened.fd(createSharedMap(SETTINGS_BYTES));
  const countersFd = opened.fd(createSharedMap(slots * COUNTER_SLOT_BYTES));
  const socketsFd = opened.fd(createXdpSocketMap(found.queues));
  const programFd = opened.fd(
    loadXdpProgram(xdpProgram({ settingsFd, countersFd, counterSlots: slots, socketsFd })),
  );
  const settings = opened.memory(mapMemory(settingsFd, SETTINGS_BYTES));
  const counters = opened.memory(mapMemory(countersFd, slots * COUNTER_SLOT_BYTES));
  // In native mode a driver may rebuild its queues as it takes the program: that comes before the sockets.
  const { fd, mode } = attach(programFd, found, interfaceMode);
  opened.fd(fd);
  const sockets = Array.from({ length: found.queues }, (_, queue) => {
    const place = { interfaceIndex: found.index, interfaceName: found.name, queue, isBusyPolled };
    const socket = opened.socket(openXdpSocket(place));
    setXdpSocket(socketsFd, queue, socket.fd);
    return socket;
  });
  const ofWorkers = Array.from(
    { length: workers },
    (_, worker): XdpOfWorker => ({
      ...{ interfaceName: found.name, settings, counters, isFirst: worker === 0 },
      sockets: sockets.filter(({ queue }) => queue % workers === worker),
    }),
  );
  return {
    ofWorkers,
    description: describe(found, mode, sockets),
    close: () => opened.close(),
  };
}

function describe(
  { name, driver, queues }: NetworkInterface,
  mode: XdpMode,
  sockets: readonly XdpSocket[],
): string {
  const copies = sockets.every(({ isZeroCopy }) => isZeroCopy) ? "zero copy" : "copying";
  const count = queues === 1 ? "1 receive queue" : `${queues} receive queues`;
  return `engine xdp on ${name} (${driver ?? "unknown driver"}): ${mode} mode, ${copies}, ${count}`;
}

/** Throws OperatorError when the interface does not exist or its packets are too short for the replies. */
function interfaceOf(options: EngineBindOptions): NetworkInterface {
  const found = findInterface(options.interfaceName);
  const problem = interfaceProblem(options, found);
  if (found === undefined || problem !== undefined)
    throw new OperatorError(`${problem?.reason}: ${problem?.remedy}`, {
      code: "SWARMTIDE_XDP_FAILED",
    });
  return found;
}

function attach(programFd: number, found: NetworkInterface, wanted: "auto" | XdpMode) {
  const attachIn = (mode: XdpMode) => ({
    mode,
    fd: attachXdp(programFd, found.index, mode, `${found.name}, ${mode} mode`),
  });
  if (wanted !== "auto") return attachIn(wanted);
  if (found.driver === undefined || DRIVERS_LEFT_GENERIC.includes(found.driver))
    return attachIn("generic");
  try {
    return attachIn("native");
  } catch (error) {
    // The driver cannot, or not with this MTU or this number of queues.
    if (!(error instanceof SyscallError)) throw error;
    if (error.errno !== EOPNOTSUPP && error.errno !== EINVAL) throw error;
    return attachIn("generic");
  }
}
