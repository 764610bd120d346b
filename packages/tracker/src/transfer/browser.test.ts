/**
 * Two visitors of a web page, in two Chromium browsers on two hosts, share a file through swarmtide with the webtorrent
 * package: the page is `examples/webtorrent-page.html` as it stands, the tracker its only source of peers.
 *
 * `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing client a failure instead of a skipped test.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { BrowserStage } from "./browser-stage.ts";
import { certificateProblem } from "./certificates.ts";
import { networkProblem } from "./test-network.ts";
import { titleOf } from "./transfers.ts";
import type { Counts, Visitor } from "./visitor.ts";
import { chromiumProblem, webClientProblem } from "./web-clients.ts";
import type { TrackerSettings, WebProtocol } from "./web-stage.ts";

type Family = "ipv4" | "ipv6";

interface Sharing extends TrackerSettings {
  /** How the pages reach the tracker: the seeder's, then the leecher's. */
  readonly over: readonly [seeder: WebProtocol, leecher: WebProtocol];
  readonly families?: readonly [seeder: Family, leecher: Family];
}

const SHARINGS: readonly Sharing[] = [
  { over: ["ws", "ws"], workers: 1, engine: "epoll" },
  { over: ["ws", "ws"], workers: 2, engine: "epoll" },
  { over: ["ws", "ws"], workers: 1, engine: "net" },
  { over: ["ws", "ws"], workers: 2, engine: "net" },
  { over: ["wss", "wss"], workers: 1, engine: "epoll" },
  { over: ["wss", "wss"], workers: 2, engine: "epoll" },
  { over: ["ws", "wss"], families: ["ipv4", "ipv6"], workers: 2, engine: "epoll" },
];

const TIMEOUT = { timeout: 120_000 };
const problem =
  networkProblem() ??
  chromiumProblem() ??
  certificateProblem() ??
  webClientProblem("webtorrent", "playwright-core", "@roamhq/wrtc");
const required = process.env.SWARMTIDE_REQUIRE_CLIENTS === "1";
const options = { ...TIMEOUT, skip: problem !== undefined && !required ? problem : false };

const content = randomBytes(2 ** 20 + 4321);

/** Clients of one page that miss each other meet at their next announce, which these tests wait for. */
const SOON_AGAIN = "peer_announce_interval = 10";

async function share(t: TestContext, browsers: BrowserStage, sharing: Sharing): Promise<void> {
  assert.equal(problem, undefined);
  const { over, families = ["ipv4", "ipv4"] } = sharing;
  const tracker = await browsers.tracker(t, sharing);
  const seederUrl = tracker.url(over[0], families[0]);
  const leecherUrl = tracker.url(over[1], families[1]);
  const seeder = await browsers.arrive(t, "seeder", browsers.site("seeder", over[0]), seederUrl);
  const link = await seeder.share(content);
  await tracker.connections(1);
  const leecherSite = browsers.site("leecher", over[1]);
  let leecher: Visitor | undefined;
  await tracker.connectApart(
    async () => {
      leecher = await browsers.arrive(t, "leecher", leecherSite, leecherUrl);
      // Without the tracker's address in the link: the page names its own.
      await leecher.fetch(link.replace(/&tr=.*/, ""));
    },
    async () => leecher?.leave(),
  );
  assert.ok((await leecher?.save())?.equals(content));
  await tracker.hasConnected();
}

async function shareWithNode(t: TestContext, browsers: BrowserStage): Promise<void> {
  assert.equal(problem, undefined);
  const tracker = await browsers.tracker(t, { workers: 2, engine: "epoll" });
  const url = tracker.url("ws");
  const seeder = await browsers.arrive(t, "seeder", browsers.site("seeder", "ws"), url);
  const link = await seeder.share(content);
  await tracker.connections(1);
  const { stage } = browsers;
  const folder = join(stage.network.folder, "download");
  const leecher = stage.startPeer("leecher", url, "fetch", link, folder);
  t.after(() => leecher.stop());
  await leecher.message();
  assert.ok(readFileSync(join(folder, "film.bin")).equals(content));
  await tracker.hasConnected();
}

async function comeAndGo(t: TestContext, browsers: BrowserStage): Promise<void> {
  assert.equal(problem, undefined);
  const tracker = await browsers.tracker(t, { workers: 2, engine: "epoll" });
  const url = tracker.url("ws");
  const arrive = (role: "seeder" | "leecher") =>
    browsers.arrive(t, role, browsers.site(role, "ws"), url);
  const [seeder, leecher, onlooker] = [
    await arrive("seeder"),
    await arrive("leecher"),
    await arrive("leecher"),
  ];
  const link = await seeder.share(content);
  const infoHash = /btih:([0-9a-f]{40})/.exec(link)?.[1] ?? "";
  const counts = (what: string, complete: number, downloaded: number) =>
    browsers.stage.until(what, async () => {
      const found: Counts = await onlooker.scrape(url, infoHash);
      return isDeepStrictEqual(found, { complete, incomplete: 0, downloaded });
    });
  await counts("the one who shares is a seeder", 1, 0);
  await leecher.fetch(link);
  await leecher.save();
  await counts("both are seeders", 2, 1);
  await leecher.page.close();
  await counts("one is gone", 1, 1);
  await seeder.page.close();
  await counts("both are gone", 0, 0);
  await tracker.connections(0);
}

/**
 * What the page does: one client shares, a second fetches by the link alone, then one that is made anew in its place. All
 * clients of a page hear each offer on its one socket. With three of them two answer it, and Chromium then builds on the
 * one whose packets come first, whichever answer it was told to use: so the second leaves before the third comes.
 */
const withinOnePage = (url: string) => `(async () => {
  const { default: WebTorrent } = await import("./webtorrent.min.js");
  const announce = [${JSON.stringify(url)}];
  const client = () => new WebTorrent({ tracker: { rtcConfig: { iceServers: [] } } });
  const file = new File([new Uint8Array(70_000).fill(7)], "film.bin");
  const link = await new Promise((resolve) => {
    client().seed([file], { announce }, (torrent) => resolve(torrent.magnetURI));
  });
  const fetchWith = (fetching) => new Promise((resolve, reject) => {
    fetching.on("error", reject);
    fetching.add(link, { announce }, (torrent) => {
      const hasPeers = torrent.numPeers > 0;
      if (torrent.done) resolve(hasPeers);
      else torrent.on("done", () => resolve(hasPeers));
    });
  });
  const seen = [];
  for (let round = 0; round < 2; round++) {
    const fetching = client();
    seen.push(await fetchWith(fetching));
    await new Promise((resolve) => fetching.destroy(resolve));
  }
  return seen;
})()`;

async function shareWithin(t: TestContext, browsers: BrowserStage): Promise<void> {
  assert.equal(problem, undefined);
  const tracker = await browsers.tracker(t, { workers: 2, engine: "epoll" });
  const url = tracker.url("ws");
  const visitor = await browsers.arrive(t, "seeder", browsers.site("seeder", "ws"), url);
  // A link holds no description of the torrent: it comes from a peer, and the tracker alone names peers.
  assert.deepEqual(await visitor.page.evaluate(withinOnePage(url)), [true, true]);
}

/** What the page does: two clients that have all of a file announce it; the first is told of a peer. */
const twoSeeders = (url: string) => `(async () => {
  const { default: WebTorrent } = await import("./webtorrent.min.js");
  const announce = [${JSON.stringify(url)}];
  const seed = () => new Promise((resolve) => {
    const client = new WebTorrent({ tracker: { rtcConfig: { iceServers: [] } } });
    const file = new File([new Uint8Array(70_000).fill(8)], "song.bin");
    client.seed([file], { announce }, resolve);
  });
  const first = await seed();
  const heard = new Promise((resolve) => {
    first.discovery.tracker.once("peer", () => resolve(true));
    setTimeout(() => resolve(false), 20_000);
  });
  await seed();
  return heard;
})()`;

async function meetAsSeeders(t: TestContext, browsers: BrowserStage): Promise<void> {
  assert.equal(problem, undefined);
  const tracker = await browsers.tracker(t, { workers: 2, engine: "epoll", ws: SOON_AGAIN });
  const url = tracker.url("ws");
  const visitor = await browsers.arrive(t, "seeder", browsers.site("seeder", "ws"), url);
  assert.equal(await visitor.page.evaluate(twoSeeders(url)), true);
}

async function holdBack(
  t: TestContext,
  browsers: BrowserStage,
  protocol: WebProtocol,
): Promise<void> {
  assert.equal(problem, undefined);
  const tracker = await browsers.tracker(t, {
    workers: 1,
    engine: "epoll",
    ws: `allowed_origins = ["${browsers.site("seeder", protocol)}"]`,
  });
  const url = tracker.url(protocol);
  const elsewhere = browsers.site("leecher", protocol);
  const stranger = await browsers.arrive(t, "leecher", elsewhere, url);
  await stranger.choose(content);
  assert.match(await stranger.trouble(), /connect/i);
  assert.match(stranger.output, /403/);
  assert.equal((await tracker.statistics()).announce, 0);
  const own = await browsers.arrive(t, "seeder", browsers.site("seeder", protocol), url);
  await own.share(content);
  await tracker.connections(1);
}

describe("visitors of a page", () => {
  let browsers: BrowserStage;
  before(async () => {
    if (problem === undefined) browsers = await BrowserStage.open();
  });
  after(() => browsers?.close());

  for (const sharing of SHARINGS) {
    const { over, workers, engine } = sharing;
    const title = titleOf("Chromium", "Chromium", over);
    const settings = `${workers === 1 ? "1 worker" : "2 workers"}, engine ${engine}`;
    test(`${title}, ${settings}`, options, (t) => share(t, browsers, sharing));
  }

  test(titleOf("Chromium", "Node", ["ws", "ws"]), options, (t) => shareWithNode(t, browsers));

  test(
    "meet within one page, whose clients share a socket, and so does one made anew",
    options,
    (t) => shareWithin(t, browsers),
  );

  test("meet as seeders, since a torrent may be a meeting point", options, (t) =>
    meetAsSeeders(t, browsers),
  );

  test("are counted as long as their tabs are open", options, (t) => comeAndGo(t, browsers));

  for (const protocol of ["ws", "wss"] as const)
    test(`from a site that is not on the list are held back, over ${protocol}`, options, (t) =>
      holdBack(t, browsers, protocol),
    );
});
