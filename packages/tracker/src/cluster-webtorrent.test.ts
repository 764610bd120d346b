/**
 * WebTorrent peers at two real trackers meet over a real NATS server. `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing nats-server a
 * failure instead of a skipped test.
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import {
  idOf,
  LOOPBACK_CONFIG,
  NatsServer,
  natsMissing,
  type ServingProgram,
  startProgram,
  until,
  WebTorrentClient,
} from "@swarmtide/test-kit";

const OPTIONS = { concurrency: true, timeout: 120_000, skip: natsMissing };
/** Torrents enough that each worker of both nodes owns some. */
const TORRENTS = Array.from({ length: 6 }, (_, index) => `film-${index}`);

interface Node {
  readonly program: ServingProgram;
  readonly url: string;
  readonly pageUrl: string;
}

/** The permissions of docs/cluster.md: each may publish as itself only. */
const user = (name: string) => `{ user: "${name}", password: "secret-${name}", permissions: {
  publish: ["swarmtide.v1.records.${name}", "swarmtide.v1.to.*.${name}", "swarmtide.v1.ws.all.${name}", "swarmtide.v1.ws.to.*.${name}"]
  subscribe: ["swarmtide.v1.records.*", "swarmtide.v1.to.${name}.*", "swarmtide.v1.ws.all.*", "swarmtide.v1.ws.to.${name}.*"] } }`;
const USERS = `authorization { users: [ ${["a", "b", "c"].map(user).join(", ")} ] }`;

/** Starts a node with two workers for WebTorrent, or another number. */
async function startNode(t: TestContext, name: string, nats: NatsServer, workers = 2) {
  const config = LOOPBACK_CONFIG.replace('page_address = ""', 'page_address = "127.0.0.1:0"')
    .replace("[web]\n", `[web]\nworkers = ${workers}\n`)
    .replace("[udp]\n", "[udp]\nenabled = false\n");
  const program = startProgram(
    t,
    `${config}
[swarm]
max_memory = 64
[ws]
max_memory = 64
[cluster]
servers = ["${nats.url}"]
name = "${name}"
user = "${name}"
password = "secret-${name}"
`,
  );
  const [httpUrl = ""] = await program.httpUrls();
  await program.output(/cluster: (joined through|found no other node)/);
  const [, pageUrl = ""] = await program.output(/statistics on (\S+)/);
  return { program, url: httpUrl.replace("http", "ws"), pageUrl } satisfies Node;
}

async function connect(t: TestContext, { url }: Node, name: string): Promise<WebTorrentClient> {
  const client = await WebTorrentClient.connect(url, name);
  t.after(() => client.socket.terminate());
  return client;
}

/** Complete and incomplete as a client's tracker counts them. */
async function countsOf(client: WebTorrentClient, torrent: string): Promise<string> {
  client.send({ action: "scrape", info_hash: idOf(torrent) });
  const { files, ...rest } = await client.take(
    (message) => message.files !== undefined || message["failure reason"] !== undefined,
  );
  if (files === undefined) throw new Error(JSON.stringify(rest));
  const file = files?.[idOf(torrent)];
  return `${file?.complete}/${file?.incomplete}`;
}

const untilCounts = (client: WebTorrentClient, torrent: string, counts: string) =>
  until(`${torrent} has ${counts}`, async () => (await countsOf(client, torrent)) === counts);

async function metricOf({ pageUrl }: Node, name: string): Promise<number> {
  const metrics = await (await fetch(`${pageUrl}metrics`)).text();
  const line = metrics.split("\n").find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length));
}

/** The leecher offers to the seeder, and its answer comes back. */
async function meet(leecher: WebTorrentClient, seeder: WebTorrentClient, torrent: string) {
  leecher.announce(torrent, { offers: 2 });
  const fits = ({ info_hash }: { readonly info_hash?: string }) => info_hash === idOf(torrent);
  const offer = await seeder.take((message) => message.offer !== undefined && fits(message));
  seeder.answer(torrent, offer);
  const answer = await leecher.take((message) => message.answer !== undefined && fits(message));
  assert.equal(answer.offer_id, offer.offer_id);
}

describe("WebTorrent on a real NATS server", OPTIONS, () => {
  test("peers at two nodes meet in torrents of any worker, stop and go as at one; who starts later meets them, too", async (t) => {
    const nats = await NatsServer.start(t, USERS);
    const [a, b] = await Promise.all([startNode(t, "a", nats), startNode(t, "b", nats, 3)]);
    const [ann, bob] = [await connect(t, a, "ann"), await connect(t, b, "bob")];
    for (const torrent of TORRENTS) bob.announce(torrent, { left: 0 });
    for (const torrent of TORRENTS) {
      await untilCounts(ann, torrent, "1/0");
      await meet(ann, bob, torrent);
      await untilCounts(bob, torrent, "1/1");
    }
    const [film = "", song = ""] = TORRENTS;
    bob.announce(film, { left: 0, event: "stopped" });
    await untilCounts(ann, film, "0/1");
    // The page's numbers are those of the last second.
    const passed = async (node: Node, kind: string, direction: string) =>
      (await metricOf(
        node,
        `swarmtide_ws_remote_records_total{direction="${direction}",kind="${kind}"}`,
      )) === TORRENTS.length;
    await until("both have counted offers and answers", async () =>
      (
        await Promise.all([
          ...[passed(a, "offer", "out"), passed(b, "offer", "in")],
          ...[passed(b, "answer", "out"), passed(a, "answer", "in")],
        ])
      ).every((isSo) => isSo),
    );
    const c = await startNode(t, "c", nats, 1);
    const carl = await connect(t, c, "carl");
    await untilCounts(carl, song, "1/1");
    bob.socket.terminate();
    await untilCounts(carl, song, "0/1");
    await meet(carl, ann, song);
  });

  test("peers of a node that was killed leave, and after NATS was away those that come meet again", async (t) => {
    const nats = await NatsServer.start(t, USERS);
    const [a, b] = await Promise.all([startNode(t, "a", nats, 1), startNode(t, "b", nats, 1)]);
    const [ann, bob] = [await connect(t, a, "ann"), await connect(t, b, "bob")];
    bob.announce("film", { left: 0 });
    await untilCounts(ann, "film", "1/0");
    await nats.kill();
    await a.program.output(/lost the connection to NATS server/);
    ann.announce("film");
    await untilCounts(ann, "film", "1/1");
    await nats.run();
    await until("a renewal reaches the other node", async () => {
      ann.announce("film", { event: "update" });
      return (await countsOf(bob, "film")) === "1/1";
    });
    await meet(ann, bob, "film");
    await b.program.end("SIGKILL");
    const again = await startNode(t, "b", nats, 1);
    await untilCounts(ann, "film", "0/1");
    const carl = await connect(t, again, "carl");
    await untilCounts(carl, "film", "0/1");
    carl.announce("film", { left: 0 });
    await untilCounts(ann, "film", "1/1");
    await meet(ann, carl, "film");
  });
});
