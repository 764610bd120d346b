/**
 * A tracker inside another program: from options to a tracker that serves. Called by programs that embed one; the program
 * `swarmtide` reads its own configuration and goes on with tracker.ts.
 *
 *     const tracker = await startTracker({ udp: { port: 0 }, http: { enabled: false }, ws: { enabled: false } });
 *     …
 *     await tracker.stop();
 */
import { OperatorError } from "@swarmtide/runtime";
import { inWordsOfOptions, readOptions } from "@swarmtide/toml-config";
import { type TrackerOptions, trackerSchema } from "./config.ts";
import { type StartOptions, startConfigured } from "./start-configured.ts";
import type { RunningTracker } from "./tracker.ts";

/**
 * Starts a tracker. Without options it serves UDP, HTTP and WebTorrent on port 3000 of every address. Rejects with ConfigError
 * for options that are not in order, with OperatorError or SyscallError where it cannot start; then nothing is left running.
 */
export async function startTracker(
  options: TrackerOptions = {},
  startOptions: StartOptions = {},
): Promise<RunningTracker> {
  const config = readOptions(trackerSchema, options);
  try {
    return await startConfigured(config, startOptions);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    // In the program's words: `udp.addressIpv4`, not `udp.address_ipv4`.
    const message = inWordsOfOptions(error.message, trackerSchema);
    throw new OperatorError(message, { code: error.code, cause: error });
  }
}
