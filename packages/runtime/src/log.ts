/**
 * The log: lines on stderr with time, level and part of the program. Every thread makes its own logger from the same
 * settings; a line is one `write` call, so lines of different threads do not mix.
 *
 * Written with `fs.writeSync`, not `process.stderr`: a worker's `process.stderr` goes through its event loop, and
 * workers that wait for packets inside a system call never run theirs.
 */
import { writeSync } from "node:fs";
import { choice } from "@swarmtide/toml-config";

/** From silence to everything. A level includes those before it. */
export const LOG_LEVELS = ["off", "error", "warn", "info", "debug"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFormat = "text" | "json";

/** How much of a client's address a line may tell. */
const LOG_ADDRESSES = ["full", "prefix", "none"] as const;

export type LogAddresses = (typeof LOG_ADDRESSES)[number];

/** The keys `log_level`, `log_format` and `log_addresses`, for the head of a program's configuration. */
export const logKeys = {
  log_level: choice({
    reload: true,
    default: "info",
    choices: LOG_LEVELS,
    doc: "What is written to the log (stderr): each level includes those before it.",
  }),
  log_format: choice({
    default: "text",
    choices: ["text", "json"],
    doc: "Format of log lines: text, or one JSON object a line.",
  }),
  log_addresses: choice({
    reload: true,
    default: "full",
    choices: LOG_ADDRESSES,
    doc: 'What lines about refused requests (log_level = "debug") tell of a client\'s address: all of it, its network ("prefix": /24 of IPv4, /48 of IPv6), or nothing.',
  }),
} as const;

/** What a thread needs to log as the others do; plain data. */
export interface LogSettings {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** Facts beside the message; in text they follow it as `key=value`. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Writes lines of one part of the program. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** From now on lines are written up to this level, also by those made with `for`. */
  setLevel(level: LogLevel): void;
  /** The same log, under the name of another part. */
  for(part: string): Logger;
}

/** Where lines go and what time it is; tests bring their own. */
export interface LogOutput {
  write(line: string): void;
  now(): Date;
}

/** A logger for one part, such as "main" or "udp-1". */
export function createLogger(
  settings: LogSettings,
  part: string,
  output: LogOutput = standardError,
): Logger {
  return loggerOf(part, { ...settings }, output);
}

/** `settings` are shared by all loggers of a thread that come from one. */
function loggerOf(
  part: string,
  settings: { logLevel: LogLevel; readonly logFormat: LogFormat },
  output: LogOutput,
): Logger {
  const format = settings.logFormat === "json" ? formatJson : formatText;
  const logAt =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(settings.logLevel)) return;
      output.write(format(output.now(), level, part, message, fields));
    };
  return {
    error: logAt("error"),
    warn: logAt("warn"),
    info: logAt("info"),
    debug: logAt("debug"),
    setLevel(level) {
      settings.logLevel = level;
    },
    for: (other) => loggerOf(other, settings, output),
  };
}

type Format = (
  time: Date,
  level: LogLevel,
  part: string,
  message: string,
  fields: LogFields,
) => string;

/** `2026-11-22T15:04:05.123Z INFO  udp-1: message key=value`. */
const formatText: Format = (time, level, part, message, fields) => {
  const facts = Object.entries(fields).map(([name, value]) => ` ${name}=${printableField(value)}`);
  const head = `${time.toISOString()} ${level.toUpperCase().padEnd(5)} ${part}: `;
  return `${head}${printable(message)}${facts.join("")}\n`;
};

const formatJson: Format = (time, level, part, message, fields) =>
  `${JSON.stringify({ time: time.toISOString(), level, part, message, ...fields })}\n`;

/**
 * Keeps what peers send, and may end up in a message, off the terminal's control. A further line of a message (a
 * stack) is indented, so that it cannot pass for a line of the log.
 */
const printable = (message: string): string =>
  escaped(message, /[^\P{Cc}\n]|[\u2028\u2029]/gu).replaceAll("\n", "\n    ");

const printableField = (value: string | number | boolean): string =>
  escaped(String(value), /[\p{Cc}\u2028\u2029]/gu);

const escaped = (text: string, pattern: RegExp): string =>
  text.replace(pattern, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

const RETRIES_MAX = 50;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes a whole line to a descriptor. A reader that does not keep up for 50 ms loses the line. */
export function writeLine(fd: number, line: string): void {
  const bytes = Buffer.from(line);
  let written = 0;
  for (let retries = 0; written < bytes.length && retries < RETRIES_MAX; ) {
    try {
      written += writeSync(fd, bytes, written);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code !== "EAGAIN") return; // Nobody reads any more; a log line is not worth stopping for.
      retries++;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

const STDERR = 2;
const standardError: LogOutput = {
  write: (line) => writeLine(STDERR, line),
  now: () => new Date(),
};
