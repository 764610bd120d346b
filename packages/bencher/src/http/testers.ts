/**
 * The load testers of the HTTP benchmark: aquatic's own for connections that are kept; for connections that are not, wrk
 * and, over TLS, our own clients: aquatic's opens those one after the other and so measures its own waiting.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { aquaticProgram, debianProgram, installAquatic } from "../rivals.ts";
import type { ServerSettings } from "../running-server.ts";
import type { HttpMode } from "./servers.ts";

const CONNECTIONS = 128;

const AQUATIC_TESTER_NOTE = `aquatic_http_load_test 0.9.0 with its defaults: ${CONNECTIONS} connections, each waiting for its answer before it asks again; announces for 10,000 torrents, a few of them very popular.`;
const WRK_NOTE = `wrk, ${CONNECTIONS} at a time, each request on a connection of its own; the same announces.`;
const TLS_NOTE = `Our own clients (tls-clients.ts), ${CONNECTIONS} at a time, each request on a connection of its own; TLS 1.3, a P-256 certificate`;

/** Who asks for what, for the report. */
export function testerNote(mode: HttpMode): string {
  if (mode.keepsAlive) return AQUATIC_TESTER_NOTE;
  if (!mode.isTls) return WRK_NOTE;
  return mode.resumes
    ? `${TLS_NOTE}, sessions resumed where the server offers it.`
    : `${TLS_NOTE}, a whole handshake each.`;
}

/** Runs for `durationSeconds` and reports every five seconds. */
export function aquaticTester(
  { port, folder }: ServerSettings,
  mode: HttpMode,
  durationSeconds: number,
): readonly string[] {
  installAquatic("aquatic_http_load_test");
  const config = join(folder, "load.toml");
  writeFileSync(
    config,
    `server_address = "127.0.0.1:${port}"
num_connections = ${CONNECTIONS}
duration = ${durationSeconds}
keep_alive = ${mode.keepsAlive}
enable_tls = ${mode.isTls}
`,
  );
  return [aquaticProgram("aquatic_http_load_test"), "-c", config];
}

const script = fileURLToPath(new URL("../../src/http/announces.lua", import.meta.url));

const tlsClients = fileURLToPath(new URL("./tls-clients.js", import.meta.url));

const WRK_PACKAGES = ["wrk", "libluajit-5.1-2", "libluajit-5.1-common"];

/** Runs for `durationSeconds` and reports at its end. */
export function connectingTester(
  { port }: ServerSettings,
  mode: HttpMode,
  durationSeconds: number,
): readonly string[] {
  if (mode.isTls)
    return [
      ...[process.execPath, tlsClients, `${port}`, `${CONNECTIONS}`, `${durationSeconds}`],
      mode.resumes ? "resumed" : "full",
    ];
  const { command } = debianProgram("wrk", WRK_PACKAGES);
  return [
    ...[...command, "-t", "1", "-c", `${CONNECTIONS}`, "-d", `${durationSeconds}s`, "-s", script],
    `http://127.0.0.1:${port}/`,
  ];
}
