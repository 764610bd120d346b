/**
 * Starts the WebSocket side of bittorrent-tracker (npm) behind node:https, as its documentation embeds it. A program of
 * its own, run by the WebTorrent benchmark:
 *
 *   node ws-bittorrent-tracker.js FOLDER PORT CERTIFICATE KEY
 *
 * FOLDER is where the package was installed; it is a rival and no dependency of this repository.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [, , folder = "", port = "", certificate = "", key = ""] = process.argv;

/** What of its interface is used here. */
interface TrackerModule {
  readonly default: new (options: {
    readonly udp: false;
    readonly http: false;
    readonly stats: false;
    readonly ws: { readonly server: unknown };
  }) => {
    on(event: "error" | "warning", listener: (error: Error) => void): void;
  };
}

const entry = join(folder, "node_modules", "bittorrent-tracker", "server.js");
const { default: Server }: TrackerModule = await import(pathToFileURL(entry).href);
const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) });
const tracker = new Server({ udp: false, http: false, stats: false, ws: { server } });
tracker.on("error", (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
// A client that goes away is not an error.
tracker.on("warning", () => {});
server.listen(Number(port), "127.0.0.1");
