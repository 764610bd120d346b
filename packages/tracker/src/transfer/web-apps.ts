/**
 * What pages do with the libraries of npm that meet over a WebTorrent tracker, each as a script for Chromium: web-apps.test.ts
 * opens two pages and runs a part of it in each. The libraries are bundled, since browsers read no node_modules.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { writeFilm } from "./film.ts";
import { FILM_APPS } from "./film-apps.ts";
import { type App, inTab } from "./web-app.ts";
import { webClientFile } from "./web-clients.ts";

/** What the libraries come from: webClientProblem() asks for all of them. */
export const WEB_APP_PACKAGES = [
  "@trystero-p2p/torrent",
  "bittorrent-tracker",
  "bugout",
  "esbuild",
  "hls.js",
  "p2p-media-loader-hlsjs",
  "p2pt",
  "playwright-core",
  "webtorrent",
] as const;

/** Puts the libraries, bundled, and a film into a folder that a site serves. */
export function bundleApps(folder: string): void {
  const modules = webClientFile("");
  const entries = {
    trystero: 'export { joinRoom } from "@trystero-p2p/torrent";',
    "p2p-media-loader":
      'export { default as Hls } from "hls.js"; export { HlsJsP2PEngine } from "p2p-media-loader-hlsjs";',
    p2pt: 'export { default } from "p2pt";',
  };
  for (const [name, entry] of Object.entries(entries))
    execFileSync(
      join(modules, ".bin/esbuild"),
      [
        "--bundle",
        "--format=esm",
        "--define:global=globalThis",
        "--define:process.browser=true",
        `--outfile=${join(folder, name)}.js`,
      ],
      { cwd: join(modules, ".."), input: entry, stdio: ["pipe", "pipe", "pipe"] },
    );
  copyFileSync(webClientFile("bugout/docs/bugout.min.js"), join(folder, "bugout.js"));
  copyFileSync(webClientFile("webtorrent/dist/webtorrent.min.js"), join(folder, "webtorrent.js"));
  writeFilm(folder);
}

/** The room of a tab; `room` keeps it, `met` says whom it met, once each. */
const TRYSTERO = `const { joinRoom } = await import("./trystero.js");
  const join = () => {
    window.met = new Promise((resolve) => {
      const config = { appId: "test", relayConfig: { urls: [tracker] }, rtcConfig: { iceServers: [] } };
      window.room = joinRoom(config, name);
      window.heard = new Promise((hear) => {
        window.words = window.room.makeAction("words");
        window.words.onMessage = (text) => hear(text);
      });
      window.room.onPeerJoin = (id) => resolve(id);
    });
  };`;
const joinRoom = `${TRYSTERO} join();`;
const talk = `return within(40, async (done) => {
    const id = await window.met;
    await window.words.send("hello", { target: id });
    done(await window.heard);
  });`;

const trystero: App = {
  library: "trystero",
  what: "two tabs talk in a room, and again after one left it and came back",
  async run([first, second], tracker, name) {
    const both = (statements: string) =>
      Promise.all([first, second].map((tab) => inTab(tab, tracker, name, statements)));
    await both(joinRoom);
    const before = await both(talk);
    await inTab(second, tracker, name, "await window.room.leave();");
    // The one who stays expects a newcomer.
    await inTab(
      first,
      tracker,
      name,
      `window.met = new Promise((resolve) => { window.room.onPeerJoin = resolve; });
      window.heard = new Promise((hear) => { window.words.onMessage = hear; });`,
    );
    await inTab(second, tracker, name, joinRoom);
    return [...before, ...(await both(talk))];
  },
  expected: ["hello", "hello", "hello", "hello"],
};

/** Two instances in a tab greet each other; then one is destroyed and another made. */
const P2PT = `const { default: P2PT } = await import("./p2pt.js");
  const instance = () => {
    const own = new P2PT([tracker], name);
    own.greeted = new Promise((resolve) => own.on("msg", (_, text) => resolve(text)));
    own.on("peerconnect", (peer) => own.send(peer, "hello"));
    own.start();
    return own;
  };`;

const p2pt: App = {
  library: "p2pt",
  what: "two instances in a tab greet each other, and so does one that is made anew",
  run: ([tab], tracker, name) =>
    inTab(
      tab,
      tracker,
      name,
      `${P2PT}
      const seen = [];
      const stays = instance();
      for (let round = 0; round < 2; round++) {
        const other = instance();
        seen.push(await within(40, async (done) => done(await other.greeted)));
        other.destroy();
      }
      return seen;`,
    ),
  expected: ["hello", "hello"],
  failsWithControl: true,
};

/** Bugout is of a time when libraries were scripts; its torrent is one that everybody has. */
const BUGOUT = `await new Promise((resolve, reject) => {
    if (window.Bugout) return resolve();
    const script = document.createElement("script");
    Object.assign(script, { src: "./bugout.js", onload: resolve, onerror: reject });
    document.head.append(script);
  });
  const own = new Bugout(name, { announce: [tracker], iceServers: [] });
  window.seen = new Promise((resolve) => own.on("seen", () => resolve("seen")));`;

const bugout: App = {
  library: "bugout",
  what: "two tabs, both of them seeders of the meeting point, see each other",
  async run(tabs, tracker, name) {
    for (const tab of tabs) await inTab(tab, tracker, name, BUGOUT);
    const seen = "return within(40, async (done) => done(await window.seen));";
    return await Promise.all(tabs.map((tab) => inTab(tab, tracker, name, seen)));
  },
  expected: ["seen", "seen"],
};

/** All of one page's clients share a socket. */
const WEBTORRENT = `const { default: WebTorrent } = await import("./webtorrent.js");
  const client = () => new WebTorrent({ tracker: { rtcConfig: { iceServers: [] } } });
  const options = { announce: [tracker] };
  const seed = () => new Promise((resolve) => {
    client().seed([new File([name], "film.bin")], options, resolve);
  });`;

const webtorrent: App = {
  library: "webtorrent",
  what: "a client has a file from another of its tab, and so has one that is made anew in its place",
  run: ([tab], tracker, name) =>
    inTab(
      tab,
      tracker,
      name,
      `${WEBTORRENT}
      const link = (await seed()).magnetURI;
      const seen = [];
      for (let round = 0; round < 2; round++) {
        const fetching = client();
        seen.push(await within(40, (done) => {
          fetching.add(link, options, (torrent) => {
            if (torrent.done) done("had");
            else torrent.on("done", () => done("had"));
          });
        }));
        await new Promise((resolve) => fetching.destroy(resolve));
      }
      return seen;`,
    ),
  expected: ["had", "had"],
  failsWithControl: true,
};

const seeders: App = {
  library: "webtorrent",
  what: "two seeders in a tab hear of each other",
  run: ([tab], tracker, name) =>
    inTab(
      tab,
      tracker,
      name,
      `${WEBTORRENT}
      const first = await seed();
      const heard = within(40, (done) => first.discovery.tracker.once("peer", () => done("heard")));
      await seed();
      return heard;`,
    ),
  expected: "heard",
};

export const APPS: readonly App[] = [webtorrent, seeders, trystero, ...FILM_APPS, p2pt, bugout];
