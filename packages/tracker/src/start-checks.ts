/** What `startTracker` looks at beside the parts themselves: descriptors, and settings that are hardly meant. Main thread. */
import { linuxObstacle } from "@swarmtide/linux";
import { type Logger, OperatorError } from "@swarmtide/runtime";
import type { TrackerConfig } from "./config.ts";
import { openFilesLimit, tooFewForConnections, tooFewForThreads } from "./open-files.ts";
import { riskySettings } from "./risky-settings.ts";

/** Throws OperatorError where every protocol is off. */
export function checkThatSomethingRuns({ udp, http, ws }: TrackerConfig): void {
  if (!udp.enabled && !http.enabled && !ws.enabled)
    throw new OperatorError(
      "nothing to run: udp.enabled, http.enabled and ws.enabled are all false",
      { code: "SWARMTIDE_NOTHING_TO_RUN" },
    );
}

/** Throws OperatorError where so many threads cannot be started. */
export function checkOpenFiles(threads: number): void {
  const error = tooFewForThreads(openFilesLimit(), threads);
  if (error !== undefined) throw new OperatorError(error, { code: "SWARMTIDE_OPEN_FILES" });
}

/** Warns of what works, but hardly as it was meant. Called when the start has succeeded. */
export function warnOfServing(config: TrackerConfig, threads: number, log: Logger): void {
  const obstacle = linuxObstacle();
  if (process.platform === "linux" && obstacle !== undefined)
    log.warn(
      `the fast engines are off and several times slower ones serve instead; the fast ones need ${obstacle}`,
    );
  for (const line of riskySettings(config)) log.warn(line);
  if (!config.http.enabled && !config.ws.enabled) return;
  const { maxConnections } = config.web;
  const warning = tooFewForConnections(openFilesLimit(), threads, maxConnections);
  if (warning !== undefined) log.warn(warning);
}
