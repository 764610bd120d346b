/**
 * Who listens on a TCP port, from /proc/net/tcp and tcp6 (proc(5)). Asked by the main thread when a port cannot be taken:
 * a program that listens is named, and connections that only linger from a program that has stopped are told apart from it.
 *
 *      sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
 *       0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 20573
 *
 * An address is printed in words of 32 bits of this machine (0100007F is 127.0.0.1), the port as a number; state 0A listens.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { IpFamily } from "./socket-address.ts";

const STATE_LISTEN = "0A";

export interface TcpListenerOwner {
  /** Undefined where /proc hides the processes of other users. */
  readonly pid: number | undefined;
  /** Its name in /proc/PID/comm. */
  readonly name: string | undefined;
}

/** Whoever listens at `port` of this address, or of all addresses; undefined where nobody does. */
export function findTcpListener(
  family: IpFamily,
  address: Uint8Array,
  port: number,
): TcpListenerOwner | undefined {
  const inode = inodeIn(family, hexOf(address), port);
  // A listener of all IPv6 addresses may take IPv4 connections too.
  const found = inode ?? (family === 4 ? inodeIn(6, "", port) : undefined);
  return found === undefined ? undefined : ownerOf(found);
}

/** The socket's inode; `address` is its hex, empty for the wildcard alone. */
function inodeIn(family: IpFamily, address: string, port: number): string | undefined {
  const isWildcard = /^0+$/.test(address);
  const lines = readText(family === 4 ? "/proc/net/tcp" : "/proc/net/tcp6")
    .split("\n")
    .slice(1);
  for (const line of lines) {
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
    const [host = "", hexPort = ""] = local.split(":");
    if (state !== STATE_LISTEN || Number.parseInt(hexPort, 16) !== port) continue;
    if (isWildcard || host === address || /^0+$/.test(host)) return inode;
  }
  return undefined;
}

/** As the kernel prints it: words of 32 bits, the last byte of each first. */
function hexOf(address: Uint8Array): string {
  let text = "";
  for (let at = 0; at < address.length; at += 4)
    text += Buffer.from(address.slice(at, at + 4).reverse()).toString("hex");
  return text.toUpperCase();
}

function ownerOf(inode: string): TcpListenerOwner {
  const link = `socket:[${inode}]`;
  for (const pid of readFolder("/proc").filter((name) => /^[0-9]+$/.test(name)))
    for (const fd of readFolder(`/proc/${pid}/fd`))
      if (readLink(`/proc/${pid}/fd/${fd}`) === link)
        return { pid: Number(pid), name: readText(`/proc/${pid}/comm`).trim() || undefined };
  return { pid: undefined, name: undefined };
}

/** Empty where it cannot be read: processes end, and those of others are not shown. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
