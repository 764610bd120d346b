/**
 * The load testers of the HTTP benchmark. aquatic's own where connections are kept; where they are not, it opens them one
 * after the other and so measures its own waiting: there it is wrk and, over TLS, our own clients.
 */
import { fileURLToPath } from "node:url";
import { aquaticProgram, debianProgram, installAquatic } from "../../harness/rivals.ts";
import type { ServerSettings } from "../../harness/server-run.ts";
import { configFile } from "../../harness/servers.ts";
import type { HttpMode } from "./servers.ts";

const CONNECTIONS = 128;

const AQUATIC_NOTE = `aquatic_http_load_test 0.9.0 with its defaults: ${CONNECTIONS} connections, each waiting for its answer before it asks again; announces for 10,000 torrents, a few of them very popular.`;
const WRK_NOTE = `wrk, ${CONNECTIONS} connections at a time, with announces drawn in the same way`;
const TLS_NOTE = `tls-clients.ts, ${CONNECTIONS} connections at a time, each for one request; TLS 1.3, a P-256 certificate`;

/** Who asks for what, for the report. */
export function testerNote(mode: HttpMode): string {
  if (mode.tester === "aquatic") return AQUATIC_NOTE;
  if (mode.tester === "wrk")
    return `${WRK_NOTE}, ${mode.keepsAlive ? "kept" : "each for one request"}.`;
  return `${TLS_NOTE}, ${mode.resumes ? "sessions resumed where the server offers it" : "a whole handshake each"}.`;
}

/** Runs for `durationSeconds` and reports every five seconds. */
function aquaticTester(
  { port, folder }: ServerSettings,
  mode: HttpMode,
  durationSeconds: number,
): readonly string[] {
  installAquatic("aquatic_http_load_test");
  const config = `server_address = "127.0.0.1:${port}"
num_connections = ${CONNECTIONS}
duration = ${durationSeconds}
keep_alive = ${mode.keepsAlive}
enable_tls = ${mode.isTls}
`;
  return [aquaticProgram("aquatic_http_load_test"), "-c", configFile(folder, config, "load.toml")];
}

const script = fileURLToPath(new URL("../../../src/protocols/http/announces.lua", import.meta.url));

const tlsClients = fileURLToPath(new URL("./tls-clients.js", import.meta.url));

const WRK_PACKAGES = ["wrk", "libluajit-5.1-2", "libluajit-5.1-common"];

/** The command of a mode's tester. wrk and tls-clients.ts report at their start and at their end. */
export function testerOf(
  settings: ServerSettings,
  mode: HttpMode,
  durationSeconds: number,
): readonly string[] {
  if (mode.tester === "aquatic") return aquaticTester(settings, mode, durationSeconds);
  const { port } = settings;
  if (mode.tester === "tls-clients")
    return [
      ...[process.execPath, tlsClients, `${port}`, `${CONNECTIONS}`, `${durationSeconds}`],
      mode.resumes ? "resumed" : "full",
    ];
  const { command } = debianProgram("wrk", WRK_PACKAGES);
  return [
    ...[...command, "-t", "1", "-c", `${CONNECTIONS}`, "-d", `${durationSeconds}s`, "-s", script],
    ...[`http://127.0.0.1:${port}/`, "--", mode.keepsAlive ? "keep-alive" : "close"],
  ];
}
