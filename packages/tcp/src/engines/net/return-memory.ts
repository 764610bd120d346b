/**
 * Gives memory back that connections have left behind. Called by `NetServer` and `WsEndpoint` when `MemoryReturn` says so, on
 * their thread.
 *
 * What is left after a storm lies mostly in the thread's JavaScript heap: the objects of sockets that have gone, which V8 keeps
 * until it runs short of room, and the C library's memory that they held. So V8 collects first, then the C library gives
 * back its free pages.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { trimFreeMemory } from "@swarmtide/linux";

let collect: (() => void) | undefined;

/** Takes some 50 ms where the heap is large, and stops the thread meanwhile. */
export function returnMemory(): void {
  collect ??= collector();
  collect();
  trimFreeMemory();
}

/** V8's own collection, which a program that is started without a flag reaches in a new context only. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const found: unknown = runInNewContext("globalThis.gc");
  return typeof found === "function" ? () => found() : () => undefined;
}
