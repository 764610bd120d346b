/**
 * A WebTorrent peer as a Node process: the webtorrent package of npm with the WebRTC of @roamhq/wrtc (tools/web-clients
 * puts it in). The tracker is its only source of peers; it names no STUN server.
 *
 *   node webtorrent-peer.js MODULE_PATH TRACKER_URL seed FILE       sends its parent the link, then seeds
 *   node webtorrent-peer.js MODULE_PATH TRACKER_URL fetch LINK FOLDER      sends its parent the kinds of its connections
 *                                                                          once the file is there, then seeds
 */
import type { EventEmitter } from "node:events";
import { pathToFileURL } from "node:url";

/** What is used of the package. */
interface Torrent extends EventEmitter {
  readonly magnetURI: string;
}
interface WebTorrent extends EventEmitter {
  seed(path: string, options: object): Torrent;
  add(link: string, options: object): Torrent;
}

const [modulePath = "", tracker = "", task = "", what = "", folder = ""] = process.argv.slice(2);
const { default: Client }: { default: new (options: object) => WebTorrent } = await import(
  pathToFileURL(modulePath).href
);
const client = new Client({
  dht: false,
  lsd: false,
  utPex: false,
  utp: false,
  natUpnp: false,
  natPmp: false,
  tracker: { rtcConfig: { iceServers: [] } },
});
client.on("error", (error) => {
  throw error;
});
const torrent =
  task === "seed"
    ? client.seed(what, { announce: [tracker] })
    : client.add(what, { announce: [tracker], path: folder });

const wires: string[] = [];
torrent.on("wire", ({ type }: { readonly type: string }) => wires.push(type));
torrent.on("warning", (warning) => console.error(String(warning)));
if (task === "seed") torrent.on("seed", () => process.send?.(torrent.magnetURI));
else torrent.on("done", () => process.send?.(wires));
process.on("disconnect", () => process.exit());
