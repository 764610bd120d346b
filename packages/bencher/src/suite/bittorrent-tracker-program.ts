/**
 * Starts one protocol of bittorrent-tracker (npm) on a port of 127.0.0.1, as its documentation embeds it. A program of its
 * own, run by the benchmarks:
 *
 *   node bittorrent-tracker-program.js FOLDER udp|http|ws PORT OPTIONS.json [CERTIFICATE KEY]
 *
 * FOLDER is where the package was installed; it is a rival and no dependency of this repository. With a certificate its
 * WebSocket or HTTP side is behind node:https.
 */
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const HOST = "127.0.0.1";
const [, , folder = "", protocol = "", port = "", options = "", certificate, key] = process.argv;

type Listener = (...args: unknown[]) => void;

/** What of its interface is used here. */
interface Tracker {
  on(event: "error" | "warning", listener: (error: Error) => void): void;
  onHttpRequest: Listener;
  listen(port: number, hosts: { readonly udp: string; readonly udp6: string }): void;
}

interface TrackerModule {
  readonly default: new (options: Readonly<Record<string, unknown>>) => Tracker;
}

const entry = join(folder, "node_modules", "bittorrent-tracker", "server.js");
const { default: Server }: TrackerModule = await import(pathToFileURL(entry).href);
const given: Record<string, unknown> = JSON.parse(readFileSync(options, "utf8"));
const server =
  certificate === undefined || key === undefined
    ? createHttpServer()
    : createHttpsServer({ cert: readFileSync(certificate), key: readFileSync(key) });
const sides = { udp: protocol === "udp", http: false, ws: protocol === "ws" ? { server } : false };
const tracker = new Server({ ...given, ...sides });
tracker.on("error", (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
// A client that goes away is not an error.
tracker.on("warning", () => {});
if (protocol === "udp") tracker.listen(Number(port), { udp: HOST, udp6: "::1" });
else {
  if (protocol === "http")
    server.on("request", (request, response) => tracker.onHttpRequest(request, response));
  server.listen(Number(port), HOST);
}
