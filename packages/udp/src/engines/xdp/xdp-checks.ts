/**
 * What this host lacks for the engine `xdp`, for `swarmtide doctor`: looked at without attaching anything. capabilities(7),
 * getrlimit(2).
 */
import { readFileSync } from "node:fs";
import { findInterface, lockableBytesMax, type NetworkInterface } from "@swarmtide/linux";
import type { EngineBindOptions, EngineObstacle } from "../engine.ts";
import { interfaceProblem, SOCKET_BYTES } from "./xdp-interface.ts";

/** Bits of the effective capabilities, linux/capability.h. */
const CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_BPF: 39 } as const;
const CAP_IPC_LOCK = 14;
const CAP_SYS_ADMIN = 21;

export function xdpObstacles(options: EngineBindOptions): EngineObstacle[] {
  const found = findInterface(options.interfaceName);
  const problem = interfaceProblem(options, found);
  return [
    ...(problem === undefined ? [] : [problem]),
    ...capabilityObstacles(effectiveCapabilities()),
    ...(found === undefined ? [] : memlockObstacles(found, effectiveCapabilities())),
  ];
}

export function capabilityObstacles(effective: bigint): EngineObstacle[] {
  const has = (bit: number) => (effective & (1n << BigInt(bit))) !== 0n;
  // Before Linux 5.8 CAP_SYS_ADMIN was what CAP_BPF is now, and it still stands for it.
  const missing = Object.entries(CAPABILITIES).filter(
    ([name, bit]) => !has(bit) && !(name === "CAP_BPF" && has(CAP_SYS_ADMIN)),
  );
  if (missing.length === 0) return [];
  const names = missing.map(([name]) => name).join(" ");
  return [
    {
      reason: `this process lacks ${names}`,
      remedy: `start as root, or with AmbientCapabilities=${names} in the systemd unit`,
    },
  ];
}

function memlockObstacles({ queues }: NetworkInterface, effective: bigint): EngineObstacle[] {
  const wanted = queues * SOCKET_BYTES;
  const lockable = lockableBytesMax();
  if ((effective & (1n << BigInt(CAP_IPC_LOCK))) !== 0n || lockable >= wanted) return [];
  return [
    {
      reason: `RLIMIT_MEMLOCK is ${lockable} bytes, the frames of ${queues} queues take ${wanted}`,
      remedy: `ulimit -l ${Math.ceil(wanted / 1024)}, or LimitMEMLOCK= in the systemd unit`,
    },
  ];
}

function effectiveCapabilities(): bigint {
  const status = readFileSync("/proc/self/status", "latin1");
  return BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
}
