/** The commands and options of the program `swarmtide`, for the parser and the help. */
import { type Command, type CommandLine, type CommandOption, SHELLS } from "@swarmtide/runtime";
import { CHECK_CONFIG } from "./check-config/check-config.ts";
import { CLIENT_COMMANDS } from "./client-command-line.ts";
import { CONFIG_OPTIONS } from "./config-source.ts";
import { DOCTOR } from "./doctor/doctor-command.ts";
import { SNAPSHOT_COMMANDS } from "./snapshot-commands.ts";

/** Of commands that serve. */
const SERVE_OPTIONS: readonly CommandOption[] = [
  ...CONFIG_OPTIONS,
  {
    long: "take-over",
    summary: "take over from the tracker at handover.control_socket, if one is running",
  },
];

/** Serves every protocol that the configuration enables. */
const SERVE_ALL: Command = {
  words: [],
  summary: "run the tracker with all enabled protocols",
  options: SERVE_OPTIONS,
};

/** Serves UDP alone, whatever the configuration enables. */
const SERVE_UDP: Command = {
  words: ["udp"],
  summary: "run only the UDP tracker",
  options: SERVE_OPTIONS,
};

/** Serves HTTP and HTTPS alone, whatever the configuration enables. */
const SERVE_HTTP: Command = {
  words: ["http"],
  summary: "run only the HTTP tracker",
  options: SERVE_OPTIONS,
};

/** Serves WebTorrent alone, whatever the configuration enables. */
const SERVE_WS: Command = {
  words: ["ws"],
  summary: "run only the WebTorrent tracker",
  options: SERVE_OPTIONS,
};

const REPORT_OPTIONS = [{ long: "json", summary: "print the report as JSON" }];

/** Prints a script for a shell. */
export const COMPLETION: Command = {
  words: ["completion"],
  summary: `print a script that completes this command line in ${SHELLS.join(", ")}`,
  operands: ["SHELL"],
  takesConfig: false,
};

/** Puts a load of UDP clients on a tracker; has a configuration of its own. */
const LOAD_TEST_UDP: Command = {
  words: ["load-test", "udp"],
  summary: "put a load of UDP clients on a tracker and report",
  options: REPORT_OPTIONS,
};

/** The same with HTTP or HTTPS clients. */
export const LOAD_TEST_HTTP: Command = {
  words: ["load-test", "http"],
  summary: "put a load of HTTP or HTTPS clients on a tracker and report",
  options: REPORT_OPTIONS,
};

/** The same with WebTorrent clients. */
export const LOAD_TEST_WS: Command = {
  words: ["load-test", "ws"],
  summary: "put a load of WebTorrent clients on a tracker and report",
  options: REPORT_OPTIONS,
};

/** They have configurations of their own, and no service. */
export const LOAD_TESTS: readonly Command[] = [LOAD_TEST_UDP, LOAD_TEST_HTTP, LOAD_TEST_WS];

/**
 * The right form of what people write who come from other trackers: `-p 3000` (opentracker, bittorrent-tracker), where `-p`
 * prints the configuration as in aquatic.
 */
function advice(args: readonly string[]): string | undefined {
  for (const [index, arg] of args.entries()) {
    const [, glued] = /^-[pP](\d+)$/.exec(arg) ?? [];
    const port = /^-[pP]$/.test(arg) ? /^\d+$/.exec(args[index + 1] ?? "")?.[0] : glued;
    if (port !== undefined)
      return `a port is given with --port ${port}; -p prints the configuration`;
    if (/^\d{1,5}$/.test(arg)) return `a port is given with --port ${arg}`;
    if (/\.toml$/.test(arg) && args[index - 1]?.startsWith("-") !== true)
      return `a configuration is given with --config ${arg}`;
    const [, key] = /^-{0,2}([a-z]+\.[a-z0-9_]+)=/.exec(arg) ?? [];
    if (key !== undefined)
      return `a key of the configuration is given with --set ${arg.replace(/^-+/, "")}`;
    if (/^--?(trust-proxy|https|wss|tls|ssl)$/.test(arg))
      return arg.includes("proxy")
        ? `proxies are named with --set 'web.trusted_proxies=["127.0.0.1"]'`
        : "HTTPS and wss are served with --tls-cert FILE --tls-key FILE";
  }
  return undefined;
}

export const commandLine: CommandLine = {
  advice,
  program: "swarmtide",
  title: "swarmtide: an open BitTorrent tracker",
  commands: [
    SERVE_ALL,
    SERVE_UDP,
    SERVE_HTTP,
    SERVE_WS,
    CHECK_CONFIG,
    DOCTOR,
    ...CLIENT_COMMANDS,
    ...SNAPSHOT_COMMANDS,
    ...LOAD_TESTS,
    COMPLETION,
  ],
  options: [
    { long: "config", short: "c", value: "FILE", summary: "read the configuration from FILE" },
    {
      long: "print-config",
      short: "p",
      summary: "print the default configuration, with comments, and end",
    },
  ],
};
