/** One round of a table: each server once, under full load and then at half of the rate that it reached. */
import { availableParallelism } from "node:os";
import { withServer } from "../harness/server-run.ts";
import type { Competitor, Found } from "./competitor.ts";
import type { Run } from "./raw.ts";
import type { SuiteTable } from "./tables.ts";
import { runLoad } from "./tester.ts";

export interface Durations {
  readonly warmupSeconds: number;
  readonly saturatedSeconds: number;
  readonly halfSeconds: number;
  readonly settleSeconds: number;
}

/** The CPUs of a server with that many workers, and the one of the load tester: one that is left, else the last of them. */
export function cpusFor(cores: number): { server: string; load: number; sharesCpu: boolean } {
  const all = availableParallelism();
  const server = Array.from({ length: cores }, (_, cpu) => cpu).join(",");
  return { server, load: Math.min(cores, all - 1), sharesCpu: cores >= all };
}

/** A server that is there, beside who it is. */
export interface Entrant {
  readonly competitor: Competitor;
  readonly found: Found;
}

export async function runEntrant(
  table: SuiteTable,
  { competitor, found }: Entrant,
  round: string,
  cores: number,
  durations: Durations,
): Promise<Run> {
  const { server: serverCpus, load: cpu, sharesCpu } = cpusFor(cores);
  const { load, protocol } = table;
  const { name, role } = competitor;
  const server = {
    ...{ name, version: found.version },
    command: ({ port, folder }: { port: number; folder: string }) =>
      found.command({ port, folder, workers: cores, load }),
  };
  return await withServer(
    server,
    serverCpus,
    table.probe,
    async (running) => {
      const { warmupSeconds, saturatedSeconds, halfSeconds } = durations;
      const plan = { protocol, cpu, warmupSeconds };
      const saturated = await runLoad(running, {
        ...plan,
        config: table.config(running.port, warmupSeconds + saturatedSeconds, 0),
      });
      const rate = Math.max(1, Math.floor(saturated.requestsPerSecond / 2));
      const half = await runLoad(running, {
        ...{ ...plan, warmupSeconds: 0 },
        config: table.config(running.port, halfSeconds, rate),
      });
      const coverage = load.peers > 0 ? Math.min(1, saturated.announces / load.peers) : 1;
      return {
        ...{ round, table: table.key, server: name, role, version: found.version },
        ...{ cores, sharesCpu, emptyBytes: running.residentBytes, saturated, half, coverage },
      };
    },
    durations.settleSeconds,
  );
}
