/** The load testers of the WebTorrent benchmark: aquatic's own, and ours for what that one cannot do. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { aquaticProgram, installAquatic } from "../rivals.ts";

/** Both testers report this often. */
export const REPORT_SECONDS = 5;

export interface WsTester {
  /** Who asks for what: the heading of the table. */
  readonly title: string;
  /** What the load is, in one sentence. */
  readonly description: string;
  /** Writes the config and returns the command that runs it to its end. */
  command(settings: {
    readonly port: number;
    readonly folder: string;
    readonly durationSeconds: number;
  }): readonly string[];
}

const ownTester = fileURLToPath(new URL("../../../ws-load-test/dist/bin.js", import.meta.url));

/** Our generator with these options. */
export const ownTesterCommand = (
  port: number,
  options: Readonly<Record<string, number>>,
): readonly string[] => [
  ...[process.execPath, ownTester, "--json", "--port", `${port}`, "--report", `${REPORT_SECONDS}`],
  ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]),
];

export const aquaticMix: WsTester = {
  title: "aquatic's mix",
  description:
    "aquatic_ws_load_test 0.9.0 with its defaults: 16 connections, 10,000 torrents, 10 offers an announce, each of 47 characters; it reads one message for each it sends, so messages wait for it.",
  command: ({ port, folder, durationSeconds }) => {
    installAquatic("aquatic_ws_load_test");
    const config = join(folder, "load.toml");
    // A fast server keeps it so busy with its first connections that it never opens the last, and would run for ever.
    writeFileSync(
      config,
      `server_address = "127.0.0.1:${port}"
duration = ${durationSeconds}
measure_after_max_connections_reached = false
`,
    );
    return [aquaticProgram("aquatic_ws_load_test"), "-c", config];
  },
};

/** What the clients of our own generator do; they read all they are sent. */
const READING_CLIENTS = {
  connections: 100,
  torrents: 1000,
  "torrents-per-connection": 5,
  offers: 10,
  "answer-share": 0.15,
  "scrape-share": 0.01,
} as const;

const readingClients = (title: string, sdpBytes: number): WsTester => {
  const options = { ...READING_CLIENTS, "sdp-bytes": sdpBytes };
  return {
    title,
    description: `ws-load-test, which reads all it is sent: ${Object.entries(options)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ")}.`,
    command: ({ port, durationSeconds }) =>
      ownTesterCommand(port, { ...options, duration: durationSeconds }),
  };
};

/** As aquatic's tester sends them, for what that one does not do: read them all. */
export const shortOffers = readingClients("Short offers, all read", 47);
export const largeOffers = readingClients("Offers as large as browsers'", 1500);
