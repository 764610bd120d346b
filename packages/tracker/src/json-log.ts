/**
 * Under `log_format = "json"` every line on stderr is one JSON object, also those that Node itself would write: its warnings,
 * and the exception that ends the program. Called by `serve` once the configuration is read. Main thread.
 */
import { codeField, describeFatal, type Logger } from "@swarmtide/runtime";

const EXIT_FAILED = 1;

/** Takes over from Node. */
export function logNodesOwnLines(log: Logger): void {
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => log.warn(`${name}: ${message}`));
  process.on("uncaughtException", (error) => exitWith(error, log));
}

/** The last lines of a program that cannot go on: one for each problem. */
export function exitWith(error: unknown, log: Logger): never {
  const fields = codeField(error);
  const isListed = "code" in fields;
  const text = isListed && error instanceof Error ? error.message : describeFatal(error);
  for (const line of isListed ? text.split("\n") : [text]) log.error(line, fields);
  process.exit(EXIT_FAILED);
}
