import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { until } from "@swarmtide/test-kit";
import {
  BytePool,
  formatUpgradeRefusal,
  formatUpgradeReply,
  MessageReader,
  OPCODE_TEXT,
  parseUpgradeRequest,
  READ_MORE,
  UPGRADE_OK,
  UPGRADE_REFUSED_FULL,
  writeFrameHeader,
} from "@swarmtide/ws-protocol";
import { describeRates, ratesBetween } from "./load-counts.ts";
import { DEFAULT_LOAD, type LoadOptions } from "./load-options.ts";
import { LoadTest } from "./load-test.ts";

/** A client's message as it comes out of JSON. */
type Message = Record<string, unknown>;

function send(socket: Socket, message: Message): void {
  const payload = Buffer.from(JSON.stringify(message), "utf8");
  const frame = Buffer.alloc(payload.length + 10);
  const start = writeFrameHeader(frame, 0, OPCODE_TEXT, payload.length);
  frame.set(payload, start);
  socket.write(frame.subarray(0, start + payload.length));
}

/** A server that accepts WebSockets and leaves the rest to `answer`. */
async function startServer(
  context: TestContext,
  answer: (message: Message, socket: Socket) => void,
): Promise<Server> {
  const server = createServer((socket) => {
    const reader = new MessageReader(new BytePool(), true, 1 << 20, true);
    let isOpen = false;
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      if (!isOpen) {
        const request = parseUpgradeRequest(chunk, 0, chunk.length);
        assert.equal(request.status, UPGRADE_OK);
        isOpen = true;
        socket.write(formatUpgradeReply(request.key));
        return;
      }
      reader.push(chunk, 0, chunk.length);
      while (reader.next() !== READ_MORE) {
        const { bytes, offset, length } = reader;
        answer(JSON.parse(Buffer.from(bytes).toString("utf8", offset, offset + length)), socket);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  return server;
}

/** A small load on that server; stopped when the test ends. */
function startLoad(context: TestContext, server: Server, options: Partial<LoadOptions>): LoadTest {
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const small = { tls: false, connections: 3, torrents: 20, offers: 2, sdpBytes: 50 };
  const load = new LoadTest({ ...DEFAULT_LOAD, ...small, port: address.port, ...options });
  context.after(() => load.stop());
  load.start();
  return load;
}

const replyTo = ({ info_hash }: Message): Message => ({
  action: "announce",
  info_hash,
  complete: 1,
  incomplete: 1,
  interval: 120,
});

test("every reply is followed by the next announce, on every connection", async (context) => {
  const peers = new Set<unknown>();
  const server = await startServer(context, (message, socket) => {
    peers.add(message.peer_id);
    send(socket, replyTo(message));
  });
  const load = startLoad(context, server, { scrapeShare: 0 });
  await until("every peer has announced", () => load.counts.announces >= 30 && peers.size === 3);
  assert.equal(load.counts.connections, 3);
  assert.equal(load.counts.errors, 0);
  load.stop();
  await until("the connections are closed", () => load.counts.connections === 0);
  assert.equal(load.counts.lost, 0);
});

test("an offer is answered to the peer that made it", async (context) => {
  const answers: Message[] = [];
  const offerId = "o".repeat(20);
  const server = await startServer(context, (message, socket) => {
    if (message.answer !== undefined) {
      answers.push(message);
      return;
    }
    const other = "another torrent here";
    const offer = { type: "offer", sdp: "v=0" };
    const ids = { info_hash: other, peer_id: "p".repeat(20), offer_id: offerId };
    send(socket, { action: "announce", ...ids, offer });
    send(socket, replyTo(message));
  });
  const load = startLoad(context, server, { answerShare: 1, scrapeShare: 0 });
  await until("three answers have come", () => answers.length >= 3);
  assert.ok(load.counts.offers >= 3);
  const [first] = answers;
  assert.equal(first?.to_peer_id, "p".repeat(20));
  assert.equal(first?.offer_id, offerId);
});

test("scrapes and refusals are counted, and the clients go on", async (context) => {
  const server = await startServer(context, (message, socket) => {
    if (message.action === "announce") send(socket, { "failure reason": "no" });
    else send(socket, { action: "scrape", files: {} });
  });
  const load = startLoad(context, server, { scrapeShare: 0.5 });
  await until(
    "five scrapes and five refusals are counted",
    () => load.counts.scrapes >= 5 && load.counts.errors >= 5,
  );
  assert.equal(load.counts.announces, 0);
});

/** A message of a client that relays an offer or an answer to it. */
type Relay = Record<"info_hash" | "peer_id" | "offer_id", unknown>;

const relay = (type: "offer" | "answer", { info_hash, peer_id, offer_id }: Relay): Message => ({
  ...{ action: "announce", info_hash, peer_id, offer_id },
  [type]: { type, sdp: "v=0" },
});

const ANNOUNCES = 90;

/** A tracker that relays offers and answers, some of them wrongly, and counts what it did. */
class RelayingTracker {
  readonly saw = { announce: 0, scrape: 0 };
  readonly did = { replies: 0, offers: 0, answers: 0, wrong: 0, refusals: 0, nonsense: 0, lost: 0 };
  messages = 0;
  readonly #sockets = new Map<unknown, Socket>();
  /** Who is in which torrent, and the offers that were passed on rightly. */
  readonly #members = new Map<unknown, Set<unknown>>();
  readonly #passedOn = new Set<unknown>();

  take(message: Message, socket: Socket): void {
    if (message.action === "scrape") {
      this.saw.scrape++;
      this.#post(socket, { action: "scrape", files: {} });
    } else if (message.answer !== undefined) this.#answer(message, socket);
    else this.#announce(message, socket);
  }

  #post(socket: Socket | undefined, message: Message): void {
    assert.ok(socket);
    this.messages++;
    send(socket, message);
  }

  #answer({ info_hash, peer_id, to_peer_id, offer_id }: Message, socket: Socket): void {
    if (!this.#passedOn.has(offer_id)) return;
    const maker = this.#sockets.get(to_peer_id);
    this.did.answers++;
    this.#post(maker, relay("answer", { info_hash, peer_id, offer_id }));
    // The same answer from one that did not give it, and to one that it is not for.
    this.did.wrong += 2;
    this.#post(maker, relay("answer", { info_hash, peer_id: to_peer_id, offer_id }));
    this.#post(socket, relay("answer", { info_hash, peer_id, offer_id }));
  }

  #announce(message: Message, socket: Socket): void {
    const number = this.saw.announce++;
    // From then on nothing is said, so that what was said can be counted.
    if (number >= ANNOUNCES) {
      this.did.lost++;
      return;
    }
    const { info_hash, peer_id, offers } = message;
    this.#sockets.set(peer_id, socket);
    this.#members.set(info_hash, (this.#members.get(info_hash) ?? new Set()).add(peer_id));
    const [first, second] = Array.isArray(offers) ? offers : [];
    if (number % 6 === 0) this.#passOn(message, socket, first.offer_id, second.offer_id);
    if (number % 6 === 1) {
      this.did.wrong++;
      this.#post(socket, relay("answer", { info_hash, peer_id, offer_id: first.offer_id }));
    }
    this.#reply(number % 6, message, socket);
  }

  /** Passes an offer on to another peer of its torrent, and another offer wrongly in four ways. */
  #passOn({ info_hash, peer_id }: Message, socket: Socket, offer_id: unknown, second: unknown) {
    const other = [...(this.#members.get(info_hash) ?? [])].find((id) => id !== peer_id);
    const to = this.#sockets.get(other);
    if (to === undefined) return;
    this.did.offers++;
    this.#passedOn.add(offer_id);
    this.#post(to, relay("offer", { info_hash, peer_id, offer_id }));
    this.did.wrong += 4;
    this.#post(socket, relay("offer", { info_hash, peer_id, offer_id: second }));
    this.#post(to, relay("offer", { info_hash, peer_id: other, offer_id: second }));
    const elsewhere = "nobody's torrent ...";
    this.#post(to, relay("offer", { info_hash: elsewhere, peer_id, offer_id: second }));
    this.#post(to, relay("offer", { info_hash, peer_id, offer_id: "an id of nobody here" }));
  }

  #reply(deed: number, message: Message, socket: Socket): void {
    if (deed === 2) {
      this.did.refusals++;
      this.#post(socket, { "failure reason": "no" });
    } else if (deed === 3) {
      this.did.nonsense++;
      this.#post(socket, { action: "announce", info_hash: 7 });
    } else if (deed === 4) this.did.lost++;
    else {
      this.did.replies++;
      this.#post(socket, replyTo(message));
    }
  }
}

test("what a tracker sends is counted under what it is: offers, answers, strangers' messages, refusals, nonsense", async (context) => {
  const tracker = new RelayingTracker();
  const { saw, did } = tracker;
  const server = await startServer(context, (message, socket) => tracker.take(message, socket));
  const load = startLoad(context, server, {
    ...{ torrents: 2, torrentsPerConnection: 20, timeoutMilliseconds: 500 },
    ...{ answerShare: 1, scrapeShare: 0.2 },
  });
  await until("all that was asked is answered or lost", () => {
    if (saw.announce >= ANNOUNCES) load.drain();
    return (
      !load.isWaiting && saw.announce >= ANNOUNCES && load.counts.received === tracker.messages
    );
  });
  const { sent, answered, ...counts } = load.tally.counts();
  const { lost, errors, malformed, unknown, offers, answers } = counts;
  assert.deepEqual(sent, saw);
  assert.deepEqual(
    { ...answered, offers, answers, unknown, errors, malformed, lost },
    {
      ...{ announce: did.replies, scrape: saw.scrape, offers: did.offers, answers: did.answers },
      ...{ unknown: did.wrong, errors: did.refusals, malformed: did.nonsense, lost: did.lost },
    },
  );
  assert.ok(did.offers > 5 && did.answers > 0 && load.tally.latencyMicroseconds().max > 0);
});

test("a refused connection is lost, and why is kept", async (context) => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(formatUpgradeRefusal(UPGRADE_REFUSED_FULL)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const load = startLoad(context, server, {});
  await until("three connections are lost", () => load.counts.lost === 3);
  assert.equal(load.counts.connections, 0);
  assert.match([...load.reasons].join(), /HTTP status 503/);
});

test("a report shows what happened since the last, per second", () => {
  const before = new LoadTest(DEFAULT_LOAD).counts;
  const now = { ...before, sent: 100, received: 400, offers: 300, connections: 7, lost: 2 };
  const rates = ratesBetween(before, now, 2);
  assert.deepEqual([rates.sent, rates.received, rates.connections, rates.lost], [50, 200, 7, 2]);
  assert.match(describeRates(rates), /^7 connections, 50 sent\/s, 200 received\/s .* 2 lost$/);
});
