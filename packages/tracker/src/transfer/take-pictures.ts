/**
 * `npm run pictures [-- SCENE…]`: takes the pictures of the statistics page that the docs show, in Debian's Chromium: `load`, the
 * program under an even load of all protocols and both families, `idle`, and `many`, which has restored ten million peers. The
 * clients are those that one meets, by their peer ids. Takes some four minutes and 2 GiB; a picture shows what the machine
 * did meanwhile, so it should do nothing else. Before: `npm run clients:install`.
 */
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { EVENT_COMPLETED, EVENT_NONE } from "@swarmtide/bittorrent";
import { type AnnounceRequest, announce, scrape } from "@swarmtide/client";
import { writeSnapshotFile } from "@swarmtide/snapshot";
import { ANNOUNCE_SEEDER, Announce, createSwarmStore } from "@swarmtide/swarm";
import {
  LOOPBACK_CONFIG,
  startProgram,
  temporaryFolder,
  WebTorrentClient,
} from "@swarmtide/test-kit";
import { type Browser, launchLocalChromium } from "./chromium.ts";

const FOLDER = "docs/pictures";
/** All, where none is named. */
const SCENES: ReadonlySet<string> = new Set(process.argv.slice(2));
const isWanted = (scene: string): boolean => SCENES.size === 0 || SCENES.has(scene);
/** Swarms are counted for the histogram when they are cleaned. */
const CLEANING = "[swarm]\ntorrent_cleaning_interval = 10\n";
const COMPLETED_SHARE = 0.04;
const LOAD_SECONDS = 90;
const IDLE_SECONDS = 15;
const MANY_LOAD_SECONDS = 45;
const TURNS_PER_SECOND = 20;
const UDP_PER_TURN = 5;
const TORRENTS = 400;
const PAGES = 24;
const MANY_TORRENTS: readonly (readonly [torrents: number, peers: number])[] = [
  [3_000_000, 1],
  [990_000, 4],
  [20_000, 100],
  [104, 10_000],
];
const MANY_MEMORY_BYTES = 2 ** 31;
/** Of a hundred announces, and the first characters of their peer ids (BEP 20). */
const CLIENTS: readonly (readonly [share: number, prefix: string])[] = [
  [34, "-qB5050-"],
  [18, "-TR4060-"],
  [12, "-UT360S-"],
  [10, "-qB4650-"],
  [8, "-DE211s-"],
  [7, "-lt20B0-"],
  [6, "-BI2000-"],
  [5, "-TR3000-"],
];
const OTHERS_PREFIX = "-BT7a5S-";

// Whoever ends it early ends the browser and the program with it.
process.once("SIGTERM", () => process.exit(1));

let serial = 0;

/** One of the clients, by lot. */
function peerIdOf(): Uint8Array {
  let left = Math.random() * 100;
  const found = CLIENTS.find(([share]) => {
    left -= share;
    return left < 0;
  });
  const [, prefix] = found ?? [0, OTHERS_PREFIX];
  return Buffer.from(`${prefix}${String(serial++).padStart(12, "0")}`);
}

/** Popular torrents have more peers than others. */
const torrentOf = (): Uint8Array =>
  Buffer.from(String(Math.floor(Math.random() ** 3 * TORRENTS)).padStart(20, "t"));

/** The program with its page. */
async function start(t: TestContext, more = "") {
  const config = LOOPBACK_CONFIG.replace('page_address = ""', 'page_address = "127.0.0.1:0"');
  const program = startProgram(t, `${config}${more}`);
  const [, url = ""] = await program.output(/statistics on (http:\S+)/);
  const [udp4 = "", udp6 = ""] = await program.addresses();
  const [http4 = "", http6 = ""] = await program.httpUrls();
  return { program, url, udp: [udp4, udp6] as const, http: [http4, http6] as const };
}

type Serving = Awaited<ReturnType<typeof start>>;

/** Pages that announce in turn, and answer each other's offers. */
async function openPages(http4: string): Promise<() => void> {
  const pages: WebTorrentClient[] = [];
  const torrentOfPage = (page: number) => `movie-${page % 6}`;
  for (let i = 0; i < PAGES; i++) {
    const name = `-WW0208-${String(i).padStart(12, "0")}`;
    const page = await WebTorrentClient.connect(http4.replace("http", "ws"), name);
    page.socket.on("message", (data) => {
      const message = JSON.parse(String(data));
      if (message.offer !== undefined) page.answer(torrentOfPage(i), message);
    });
    pages.push(page);
  }
  let next = 0;
  return () => {
    const page = next++ % PAGES;
    pages[page]?.announce(torrentOfPage(page), {
      left: page % 3,
      offers: 3,
      event: next > PAGES ? "" : "started",
    });
  };
}

/** An even load, until it is told to end. */
async function load({ udp, http }: Serving, isOver: () => boolean): Promise<void> {
  const announceOnPage = await openPages(http[0]);
  const asked: Promise<unknown>[] = [];
  const oneOf = (urls: readonly [string, string]) => urls[Math.random() < 0.25 ? 1 : 0];
  const request = (): AnnounceRequest => ({
    ...{ infoHash: torrentOf(), peerId: peerIdOf(), port: 1024 + (serial % 60_000) },
    left: Math.random() < 0.6 ? 0 : 1,
    event: Math.random() < COMPLETED_SHARE ? EVENT_COMPLETED : EVENT_NONE,
  });
  while (!isOver()) {
    for (let i = 0; i < UDP_PER_TURN; i++) asked.push(announce(`udp://${oneOf(udp)}`, request()));
    asked.push(scrape(`udp://${oneOf(udp)}`, [torrentOf(), torrentOf()]));
    for (let i = 0; i < 2; i++) asked.push(announce(`${oneOf(http)}/announce`, request()));
    if (Math.random() < 0.3) asked.push(scrape(`${oneOf(http)}/announce`, [torrentOf()]));
    announceOnPage();
    await wait(1000 / TURNS_PER_SECOND);
  }
  await Promise.all(asked);
}

interface Picture {
  readonly name: string;
  readonly colorScheme: "light" | "dark";
  readonly width: number;
}

async function take(browser: Browser, url: string, pictures: readonly Picture[]): Promise<void> {
  for (const { name, colorScheme, width } of pictures) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
    const page = await context.newPage();
    await page.goto(url);
    await page.locator("#main:not([hidden])").waitFor();
    await wait(2500);
    await page.screenshot({ path: join(FOLDER, `statistics-${name}.png`), fullPage: true });
    await context.close();
  }
}

/** A snapshot of ten million peers, in torrents as public trackers have them. */
function writeManyPeers(path: string): void {
  const store = createSwarmStore({ memoryBytesMax: MANY_MEMORY_BYTES, limits: undefined });
  const infoHash = new Int32Array(5);
  const address = new Int32Array(4);
  const record = new Announce(infoHash, address, new Uint16Array(0));
  record.hasEvent = true;
  let torrent = 0;
  let peer = 0;
  for (const [torrents, peers] of MANY_TORRENTS)
    for (let i = 0; i < torrents; i++) {
      torrent++;
      for (let word = 0; word < 5; word++)
        infoHash[word] = Math.imul(torrent, 0x9e3779b1 + 2 * word);
      for (let j = 0; j < peers; j++) {
        peer++;
        record.family = peer % 5 === 0 ? 6 : 4;
        if (record.family === 6) address.set([0xb80d0120 | 0, 0, 0, peer]);
        else address[0] = Math.imul(peer, 0x85ebca6b);
        record.port = peer & 0xffff;
        record.flags = peer % 3 === 0 ? 0 : ANNOUNCE_SEEDER;
        store.announce(record);
      }
    }
  const unixSeconds = Date.now() / 1000;
  writeSnapshotFile(path, { store, compression: "none", nowSeconds: () => 0, unixSeconds });
}

/** Takes pictures of a tracker under load, after so long. */
async function takeUnderLoad(
  browser: Browser,
  serving: Serving,
  seconds: number,
  pictures: readonly Picture[],
): Promise<void> {
  let isOver = false;
  const loaded = load(serving, () => isOver);
  await wait(seconds * 1000);
  await take(browser, serving.url, pictures);
  isOver = true;
  await loaded;
}

test("an idle tracker", { skip: !isWanted("idle") }, async (t) => {
  const idle = await start(t);
  await wait(IDLE_SECONDS * 1000);
  const browser = await launchLocalChromium();
  t.after(() => browser.close());
  await take(browser, idle.url, [{ name: "idle", colorScheme: "light", width: 1280 }]);
});

test("a tracker with ten million peers", { skip: !isWanted("many") }, async (t) => {
  const snapshot = join(temporaryFolder(t), "many.snapshot");
  writeManyPeers(snapshot);
  const many = await start(t, `${CLEANING}[snapshot]\npath = ${JSON.stringify(snapshot)}\n`);
  await many.program.output(/: restored/);
  await wait(IDLE_SECONDS * 1000);
  const browser = await launchLocalChromium();
  t.after(() => browser.close());
  const picture = { name: "many", colorScheme: "light", width: 1280 } as const;
  await takeUnderLoad(browser, many, MANY_LOAD_SECONDS, [picture]);
});

test("a tracker under an even load", { skip: !isWanted("load") }, async (t) => {
  const busy = await start(t, CLEANING);
  const browser = await launchLocalChromium();
  t.after(() => browser.close());
  await takeUnderLoad(browser, busy, LOAD_SECONDS, [
    { name: "light", colorScheme: "light", width: 1280 },
    { name: "dark", colorScheme: "dark", width: 1280 },
    { name: "phone", colorScheme: "light", width: 375 },
  ]);
});
