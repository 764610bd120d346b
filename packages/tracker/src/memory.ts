/**
 * Memory at the start: how much there is, who gets what (`planMemory`), and the store's part reserved. Called by
 * `startTracker`, on the main thread.
 */
import { availableMemory, type Logger, OperatorError } from "@swarmtide/runtime";
import { createSwarmStore, SHARD_COUNT, type SwarmStore } from "@swarmtide/swarm";
import type { TrackerConfig } from "./config.ts";
import { type MemoryPlan, planMemory } from "./memory-plan.ts";
import { reservableMemory } from "./reservable-memory.ts";

const MIB = 2 ** 20;

/** The configuration with an amount wherever it left one open. Throws OperatorError where that cannot be. */
export function divideMemory(config: TrackerConfig, threads: number, log: Logger): MemoryPlan {
  const plan = planMemory(config, {
    threads,
    available: availableMemory(),
    reservable: reservableMemory(threads),
  });
  for (const warning of plan.warnings) log.warn(warning);
  return plan;
}

/**
 * Reserves the store: `config` comes from `divideMemory`. That takes addresses, which a host may refuse without having said
 * so in /proc. Throws OperatorError where less is reserved than `configuredMib`, which is 0 where nothing is configured.
 */
export function openStore(
  { swarm: { maxMemory }, limits }: TrackerConfig,
  configuredMib: number,
  log: Logger,
): SwarmStore {
  const store = createSwarmStore({ memoryBytesMax: maxMemory * MIB, limits });
  const granted = Math.floor((store.arenaBytes * SHARD_COUNT) / MIB);
  if (granted >= maxMemory) return store;
  if (configuredMib > 0)
    throw new OperatorError(
      `swarm.max_memory = ${configuredMib}: the system reserves no more than ${granted} MiB of addresses (RangeError of SharedArrayBuffer); set at most ${granted}, or 0 for a share of the memory`,
      { code: "SWARMTIDE_MEMORY_TOO_SMALL" },
    );
  log.warn(`only ${granted} of ${maxMemory} MiB for swarms could be reserved; that is the limit`);
  return store;
}
