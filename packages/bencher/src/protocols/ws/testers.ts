/** The load testers of the WebTorrent benchmark: aquatic's own, and ours for what that one cannot do. */
import { fileURLToPath } from "node:url";
import { REPORT_SECONDS } from "../../harness/cost.ts";
import { aquaticProgram, installAquatic } from "../../harness/rivals.ts";
import type { ServerSettings } from "../../harness/server-run.ts";
import { configFile } from "../../harness/servers.ts";

/** A load, and the command that puts it on a server. */
export interface WsTester {
  /** What `--tables` calls it. */
  readonly key: string;
  /** Who asks for what: the heading of the table. */
  readonly title: string;
  /** What the load is, in one sentence. */
  readonly description: string;
  command(settings: ServerSettings, durationSeconds: number): readonly string[];
}

const ownTester = fileURLToPath(new URL("../../../../load-test/dist/ws/bin.js", import.meta.url));

/** Our generator with these options. */
export const ownTesterCommand = (
  port: number,
  options: Readonly<Record<string, number>>,
): readonly string[] => [
  ...[process.execPath, ownTester, "--json", "--port", `${port}`, "--report", `${REPORT_SECONDS}`],
  ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]),
];

const aquaticMix: WsTester = {
  key: "mix",
  title: "aquatic's mix",
  description:
    "aquatic_ws_load_test 0.9.0 with its defaults: 16 connections, 10,000 torrents, 10 offers an announce, each of 47 characters; it reads one message for each it sends, so messages wait for it.",
  command: ({ port, folder }, durationSeconds) => {
    installAquatic("aquatic_ws_load_test");
    // A fast server keeps it so busy with its first connections that it never opens the last, and would run for ever.
    const config = `server_address = "127.0.0.1:${port}"
duration = ${durationSeconds}
measure_after_max_connections_reached = false
`;
    return [aquaticProgram("aquatic_ws_load_test"), "-c", configFile(folder, config, "load.toml")];
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

const readingClients = (key: string, title: string, sdpBytes: number): WsTester => {
  const options = { ...READING_CLIENTS, "sdp-bytes": sdpBytes };
  return {
    key,
    title,
    description: `our own load test, which reads all it is sent: ${Object.entries(options)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ")}.`,
    command: ({ port }, duration) => ownTesterCommand(port, { ...options, duration }),
  };
};

export const WS_TESTERS: readonly WsTester[] = [
  aquaticMix,
  // As aquatic's tester sends them, for what that one does not do: read them all.
  readingClients("short", "Short offers, all read", 47),
  readingClients("large", "Offers as large as browsers'", 1500),
];
