/**
 * Pages in a real Chromium through a hand-over of the real program: those on the old process are closed with 1012, come back by
 * themselves to the new one, and meet pages there that came meanwhile. One kind of page has webtorrent, the other a client of a
 * few lines that comes back at once.
 *
 * `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing client a failure instead of a skipped test.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { BrowserStage, type Role } from "./browser-stage.ts";
import { certificateProblem } from "./certificates.ts";
import type { Actor } from "./stage.ts";
import { networkProblem, TRACKER_NAMES } from "./test-network.ts";
import type { Counts, Visitor } from "./visitor.ts";
import { chromiumProblem, webClientProblem } from "./web-clients.ts";

const problem =
  networkProblem() ??
  chromiumProblem() ??
  certificateProblem() ??
  webClientProblem("webtorrent", "playwright-core");
const required = process.env.SWARMTIDE_REQUIRE_CLIENTS === "1";
const options = { timeout: 120_000, skip: problem !== undefined && !required ? problem : false };

const PROGRAM = fileURLToPath(new URL("../bin.js", import.meta.url));
const PORT = 8000;
const TRACKER = `ws://${TRACKER_NAMES.ipv4}:${PORT}`;
const DRAIN_SECONDS = 8;
const MEETING_POINT = "6d656574696e6720706f696e742068617368212e";

const content = randomBytes(2 ** 18 + 77);

/**
 * Runs before a page's own scripts: notes how sockets are closed. After a close bittorrent-tracker waits for 10 seconds and for
 * up to 300 more, as chance has it; here chance is small.
 */
const NOTE_CLOSES = `window.closes = [];
window.WebSocket = class extends WebSocket {
  constructor(...args) {
    super(...args);
    this.addEventListener("close", ({ code }) => window.closes.push(code));
  }
};
const random = Math.random;
Math.random = () => random() / 1000;`;

/**
 * A client of a few lines: announces with two offers, and every five seconds with two more, since a connection of WebRTC can
 * fail on a busy machine; greets by name whoever answers or offers, comes back after 1012.
 */
const meetAs = (name: string) => `(() => {
  const info_hash = ${JSON.stringify(Buffer.from(MEETING_POINT, "hex").toString("latin1"))};
  const peer_id = ${JSON.stringify(name)}.padEnd(20, "-");
  window.met = [];
  const connections = new Map();
  const greet = (channel) => {
    const send = () => channel.send(${JSON.stringify(name)});
    if (channel.readyState === "open") send();
    else channel.onopen = send;
    channel.onmessage = ({ data }) => window.met.push(data);
  };
  const description = async (connection) => {
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== "complete")
      await new Promise((resolve) => setTimeout(resolve, 10));
    return connection.localDescription;
  };
  const offer = async () => {
    const connection = new RTCPeerConnection();
    greet(connection.createDataChannel("greeting"));
    const offer_id = crypto.randomUUID().slice(0, 20);
    connections.set(offer_id, connection);
    return { offer: await description(connection), offer_id };
  };
  const open = () => {
    const socket = new WebSocket(${JSON.stringify(TRACKER)});
    const say = (more) =>
      socket.send(JSON.stringify({ action: "announce", info_hash, peer_id, ...more }));
    const announce = async (event) => {
      const offers = [await offer(), await offer()];
      if (socket.readyState === WebSocket.OPEN)
        say({ event, left: 1, uploaded: 0, downloaded: 0, numwant: 2, offers });
    };
    let again;
    socket.onopen = () => {
      announce("started");
      again = setInterval(() => announce("update"), 5000);
    };
    socket.onmessage = async ({ data }) => {
      const message = JSON.parse(data);
      if (message.offer) {
        const connection = new RTCPeerConnection();
        connections.set(message.offer_id, connection);
        connection.ondatachannel = ({ channel }) => greet(channel);
        await connection.setRemoteDescription(message.offer);
        const { peer_id: to_peer_id, offer_id } = message;
        say({ to_peer_id, offer_id, answer: await description(connection) });
      } else if (message.answer)
        await connections.get(message.offer_id)?.setRemoteDescription(message.answer);
    };
    socket.onclose = ({ code }) => {
      clearInterval(again);
      if (code === 1012) open();
    };
  };
  open();
})()`;

/** Whom a page has met, once each. */
const metBy = async ({ page }: Visitor): Promise<readonly string[]> =>
  [...new Set((await page.evaluate("window.met")) as string[])].sort();

const closesOf = ({ page }: Visitor): Promise<unknown> => page.evaluate("window.closes");

const meet = ({ page }: Visitor, name: string): Promise<unknown> => page.evaluate(meetAs(name));

let browsers: BrowserStage;
before(async () => {
  if (problem === undefined) browsers = await BrowserStage.open();
});
after(() => browsers?.close());

function startTracker(t: TestContext, name: string): Actor {
  const { stage } = browsers;
  const { folder } = stage.network;
  const path = join(folder, "hand-over.toml");
  writeFileSync(
    path,
    `[udp]
enabled = false
[swarm]
max_memory = 64
[web]
address_ipv4 = "0.0.0.0:${PORT}"
use_ipv6 = false
[ws]
peer_announce_interval = 10
[statistics]
page_address = ""
[handover]
control_socket = "${join(folder, "control")}"
drain = ${DRAIN_SECONDS}
`,
  );
  const command = [process.execPath, PROGRAM, "-c", path, "--take-over"];
  const actor = stage.start(name, "tracker", command);
  t.after(() => actor.stop());
  return actor;
}

const serves = (tracker: Actor): Promise<void> =>
  browsers.stage.until(`${tracker.name} serves`, () => /Point clients at/.test(tracker.output));

/** A page that has been loaded and has nothing to do with the tracker yet. */
const arrive = (t: TestContext, role: Role): Promise<Visitor> =>
  browsers.arrive(t, role, browsers.site(role, "ws"), TRACKER, NOTE_CLOSES);

test(
  "pages of the old process come back by themselves after their 1012 and meet those that came to the new one",
  options,
  async (t) => {
    assert.equal(problem, undefined);
    const { stage } = browsers;
    const former = startTracker(t, "former");
    await serves(former);
    const [first, second, third] = [
      await arrive(t, "seeder"),
      await arrive(t, "seeder"),
      await arrive(t, "leecher"),
    ];
    const [seeder, leecher, onlooker] = [
      await arrive(t, "seeder"),
      await arrive(t, "leecher"),
      await arrive(t, "leecher"),
    ];
    const counted = (infoHash: string, counts: Counts) =>
      stage.until(`${infoHash} has ${JSON.stringify(counts)}`, async () =>
        isDeepStrictEqual(await onlooker.scrape(TRACKER, infoHash), counts),
      );
    await meet(first, "first");
    await meet(second, "second");
    const link = await seeder.share(content);
    const infoHash = /btih:([0-9a-f]{40})/.exec(link)?.[1] ?? "";
    await counted(MEETING_POINT, { complete: 0, incomplete: 2, downloaded: 0 });
    await counted(infoHash, { complete: 1, incomplete: 0, downloaded: 0 });
    await stage.until("the first two have met", async () => (await metBy(first)).length === 1);

    former.isDone = true;
    await serves(startTracker(t, "new"));
    await meet(third, "third");
    await leecher.fetch(link);

    await stage.until("who came meanwhile meets both", async () =>
      isDeepStrictEqual(await metBy(third), ["first", "second"]),
    );
    assert.ok((await leecher.save()).equals(content));
    await counted(MEETING_POINT, { complete: 0, incomplete: 3, downloaded: 0 });
    await counted(infoHash, { complete: 2, incomplete: 0, downloaded: 1 });
    for (const visitor of [first, second, seeder])
      assert.deepEqual(await closesOf(visitor), [1012]);
    for (const visitor of [third, leecher]) assert.deepEqual(await closesOf(visitor), []);
    await stage.until("the former process has ended", () => former.ended);
    assert.equal(former.child.exitCode, 0, former.output);
  },
);
