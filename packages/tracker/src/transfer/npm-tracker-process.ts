/**
 * The WebTorrent tracker of npm, bittorrent-tracker, as a process on the tracker's host: what an application does with it
 * is what it does with another tracker, so that a test can tell whose fault it is.
 *
 *   node npm-tracker-process.js MODULE_PATH INTERVAL_SECONDS
 *
 * Sends the parent its port. Ends with its parent.
 */
import { pathToFileURL } from "node:url";

/** What is used of the package. */
interface Server {
  listen(port: number, host: string, ready: () => void): void;
  readonly http: { address(): { readonly port: number } };
  on(event: "warning" | "error", listener: (error: Error) => void): void;
}

const [modulePath = "", intervalSeconds = ""] = process.argv.slice(2);
const { Server: TrackerServer }: { Server: new (options: object) => Server } = await import(
  pathToFileURL(modulePath).href
);
const server = new TrackerServer({
  udp: false,
  http: true,
  ws: true,
  stats: false,
  interval: Number(intervalSeconds) * 1000,
});
server.on("warning", (warning) => console.error(String(warning)));
server.on("error", (error) => console.error(String(error)));
server.listen(0, "0.0.0.0", () => process.send?.(server.http.address().port));
process.on("disconnect", () => process.exit());
