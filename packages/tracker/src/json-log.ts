/**
 * Under `log_format = "json"` every line on stderr is one JSON object, also those that Node itself would write: its warnings,
 * and the exception that ends the program. Called by `serve` once the configuration is read. Main thread.
 */
import {
  codeField,
  createLogger,
  describeFatal,
  type ErrorCode,
  type LogFormat,
  type Logger,
} from "@swarmtide/runtime";

const EXIT_FAILED = 1;

/** Takes over from Node. */
export function logNodesOwnLines(log: Logger): void {
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => log.warn(`${name}: ${message}`));
  process.on("uncaughtException", (error) => exitWith(error));
}

/** Why the program ends is told whatever `log_level` is: with "off" nobody would know. */
const lastWords = (logFormat: LogFormat): Logger =>
  createLogger({ logLevel: "error", logFormat }, "main");

/** The last lines of a program that cannot go on, as JSON: one for each problem. */
export function exitWith(error: unknown): never {
  const log = lastWords("json");
  const fields = codeField(error);
  const isListed = "code" in fields;
  const text = isListed && error instanceof Error ? error.message : describeFatal(error);
  for (const line of isListed ? text.split("\n") : [text]) log.error(line, fields);
  process.exit(EXIT_FAILED);
}

/** The end of a program one of whose workers has died. */
export function dieOf(reason: string, logFormat: LogFormat): never {
  lastWords(logFormat).error(reason, { code: "SWARMTIDE_WORKER_DIED" satisfies ErrorCode });
  process.exit(EXIT_FAILED);
}
