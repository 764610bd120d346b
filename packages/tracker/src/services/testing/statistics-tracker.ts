/** A tracker with a statistics page inside the test's process. */
import type { TestContext } from "node:test";
import { createLogger } from "@swarmtide/runtime";
import type { ApiStats } from "@swarmtide/statistics";
import { LOOPBACK_CONFIG } from "@swarmtide/test-kit";
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "../../config.ts";
import { startConfigured } from "../../start-configured.ts";

/** A tracker with keys in [statistics]; what it logs is kept. */
export async function start(t: TestContext, keys: string) {
  const lines: string[] = [];
  const log = createLogger({ logLevel: "info", logFormat: "text" }, "main", {
    write: (line) => lines.push(line),
    now: () => new Date(0),
  });
  const text = LOOPBACK_CONFIG.replace('page_address = ""', keys);
  const tracker = await startConfigured(readConfig(trackerSchema, text, "test"), { log });
  t.after(() => tracker.stop());
  const [, page = ""] = /statistics on (\S+)/.exec(lines.join("")) ?? [];
  return { tracker, page, lines };
}

export const statsOf = async (page: string) =>
  (await (await fetch(`${page}api/stats`)).json()) as ApiStats;
