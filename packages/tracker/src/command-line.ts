/** The commands and options of the program `swarmtide`, for the parser and the help. */
import type { Command, CommandLine } from "@swarmtide/runtime";
import { CLIENT_COMMANDS } from "./client-command-line.ts";
import { DOCTOR } from "./doctor/doctor-command.ts";
import { SNAPSHOT_COMMANDS } from "./snapshot-commands.ts";

/** Serves every protocol that the configuration enables. */
export const SERVE_ALL: Command = {
  words: [],
  summary: "run the tracker with all enabled protocols",
};

/** Serves UDP alone, whatever the configuration enables. */
export const SERVE_UDP: Command = { words: ["udp"], summary: "run only the UDP tracker" };

/** Serves HTTP and HTTPS alone, whatever the configuration enables. */
export const SERVE_HTTP: Command = { words: ["http"], summary: "run only the HTTP tracker" };

/** Serves WebTorrent alone, whatever the configuration enables. */
export const SERVE_WS: Command = { words: ["ws"], summary: "run only the WebTorrent tracker" };

const REPORT_OPTIONS = [{ long: "json", summary: "print the report as JSON" }];

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

export const commandLine: CommandLine = {
  program: "swarmtide",
  title: "swarmtide: an open BitTorrent tracker",
  commands: [
    SERVE_ALL,
    SERVE_UDP,
    SERVE_HTTP,
    SERVE_WS,
    DOCTOR,
    ...CLIENT_COMMANDS,
    ...SNAPSHOT_COMMANDS,
    ...LOAD_TESTS,
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
