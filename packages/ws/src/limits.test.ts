import assert from "node:assert/strict";
import { test } from "node:test";
import { OPCODE_PING, OPCODE_PONG, OPCODE_TEXT } from "@swarmtide/ws-protocol";
import * as columns from "./counters.ts";
import { CONNECTION_CLOSED } from "./hot/connection.ts";
import { elementAt } from "./testing/element-at.ts";
import { TestTrackers } from "./testing/harness.ts";
import { clientFrame, idOf, offerOf } from "./testing/test-client.ts";

const NOTHING = new Uint8Array(0);

test("one write per connection and tick, however many messages", () => {
  const trackers = new TestTrackers();
  const [ann, bob] = [trackers.connect(), trackers.connect()];
  ann.announce({ torrent: "film", peer: "ann", left: 1 });
  for (let round = 0; round < 5; round++)
    bob.announce({ torrent: "film", peer: "bob", left: 1, offers: [offerOf("o")] });
  assert.equal(ann.writes + bob.writes, 0);
  trackers.settle();
  assert.deepEqual([ann.writes, bob.writes], [1, 1]);
  assert.deepEqual([ann.take().length, bob.take().length], [6, 5]);
  trackers.settle();
  assert.deepEqual([ann.writes, bob.writes], [1, 1], "and none where there is nothing to say");
});

test("a browser's batch of ten offers, 40 KiB and more, passes whole, in fragments and byte by byte", () => {
  const trackers = new TestTrackers();
  const ann = trackers.connect();
  const others = Array.from({ length: 10 }, () => trackers.connect());
  others.forEach((other, index) => {
    other.announce({ torrent: "film", peer: `p${index}`, left: 1 });
  });
  trackers.settle();
  const sdp = "a=candidate:1 1 udp 2122260223 192.0.2.1 46243 typ host\r\n".repeat(85);
  const text = JSON.stringify({
    action: "announce",
    info_hash: Buffer.from(idOf("film")).toString("latin1"),
    peer_id: Buffer.from(idOf("ann")).toString("latin1"),
    offers: Array.from({ length: 10 }, (_, index) => ({
      offer: { type: "offer", sdp },
      offer_id: Buffer.from(idOf(`o${index}`)).toString("latin1"),
    })),
  });
  assert.ok(text.length > 48_000);
  const payload = new TextEncoder().encode(text);
  const expectOffers = () => {
    trackers.settle();
    assert.equal(ann.take().length, 1);
    for (const other of others) {
      const [offer, ...rest] = other.take("offer");
      assert.equal(rest.length, 0);
      assert.ok(offer?.kind === "offer" && offer.description.sdp === sdp);
    }
  };
  ann.sendBytes(clientFrame(OPCODE_TEXT, payload));
  expectOffers();
  for (let at = 0; at < payload.length; at += 1000) {
    const opcode = at === 0 ? OPCODE_TEXT : 0;
    const frame = clientFrame(opcode, payload.subarray(at, at + 1000));
    if (at + 1000 < payload.length) frame[0] = opcode;
    ann.sendBytes(frame);
    if (at % 5000 === 0) ann.sendBytes(clientFrame(OPCODE_PING, NOTHING));
  }
  expectOffers();
  assert.equal(ann.pongs, Math.ceil(payload.length / 5000));
  for (const byte of clientFrame(OPCODE_TEXT, payload)) ann.sendBytes(Uint8Array.of(byte));
  expectOffers();
});

test("every split point of a stream of messages gives the same answers", () => {
  const announce = (torrent: string) =>
    clientFrame(
      OPCODE_TEXT,
      new TextEncoder().encode(
        `{"action":"announce","info_hash":"${torrent.padEnd(20, ".")}","peer_id":"${"p".repeat(20)}","left":0}`,
      ),
    );
  const stream = Buffer.concat([
    announce("a"),
    clientFrame(OPCODE_PING, Uint8Array.of(1)),
    announce("b"),
  ]);
  for (let split = 0; split <= stream.length; split++) {
    const trackers = new TestTrackers();
    const ann = trackers.connect();
    ann.sendBytes(stream.subarray(0, split));
    ann.sendBytes(stream.subarray(split));
    trackers.settle();
    assert.deepEqual(ann.takeWords(), [
      "a: 1 complete, 0 incomplete",
      "b: 1 complete, 0 incomplete",
    ]);
    assert.equal(ann.pongs, 1);
  }
});

test("protocol violations get their close code, and the connection's peers leave at once", () => {
  const bad: [Uint8Array, number][] = [
    [Uint8Array.of(0x81, 0x02, 0x7b, 0x7d), 1002], // no mask
    [Uint8Array.of(0xc1, 0x80, 0, 0, 0, 0), 1002], // reserved bit
    [Uint8Array.of(0x83, 0x80, 0, 0, 0, 0), 1002], // opcode 3
    [Uint8Array.of(0x80, 0x80, 0, 0, 0, 0), 1002], // nothing to continue
    [Uint8Array.of(0x09, 0x80, 0, 0, 0, 0), 1002], // a ping in fragments
    [Uint8Array.of(0x89, 0xfe, 0, 126, 0, 0, 0, 0), 1002], // a long ping
    [clientFrame(8, Uint8Array.of(3, 237)), 1002], // close code 1005
    [clientFrame(OPCODE_TEXT, Uint8Array.of(0x22, 0xff, 0x22)), 1007], // not UTF-8
    [clientFrame(OPCODE_TEXT, new Uint8Array(131_073)), 1009], // too long
  ];
  for (const [bytes, code] of bad) {
    const trackers = new TestTrackers();
    const ann = trackers.connect();
    ann.announce({ torrent: "film", peer: "ann", left: 1 });
    ann.sendBytes(bytes);
    assert.equal(trackers.count(columns.TORRENTS), 0);
    ann.announce({ torrent: "film", peer: "ann", left: 1 });
    trackers.settle();
    assert.deepEqual([ann.closeCode, ann.socket], [code, "ended"]);
    assert.deepEqual(
      ann.takeWords(),
      ["film: 0 complete, 1 incomplete"],
      "what was due still comes",
    );
    assert.equal(trackers.count(columns.ENDED_PROTOCOL, columns.ENDED_TOO_LONG), 1);
    assert.equal(ann.connection.state, CONNECTION_CLOSED);
    ann.hangUp();
    assert.equal(trackers.count(columns.CONNECTIONS_CLOSED), 1, "closed once");
  }
});

test("a close frame is answered in kind, with or without a code", () => {
  for (const [payload, code] of [
    [Uint8Array.of(3, 233), 1001],
    [NOTHING, 1005],
  ] as const) {
    const trackers = new TestTrackers();
    const ann = trackers.connect();
    ann.sendBytes(clientFrame(8, payload));
    trackers.settle();
    assert.deepEqual([ann.closeCode, ann.socket], [code, "ended"]);
  }
});

test("more messages than allowed close the connection, counted over ten seconds; pings count too", () => {
  const trackers = new TestTrackers(1, { maxMessagesPerSecond: 2 });
  const [ann, bob] = [trackers.connect(), trackers.connect()];
  const ping = clientFrame(OPCODE_PING, NOTHING);
  for (let round = 0; round < 20; round++) ann.sendBytes(ping);
  for (let second = 0; second < 60; second++) {
    trackers.nowMilliseconds += 1000;
    bob.sendBytes(ping);
    bob.announce({ torrent: "film", peer: "bob" });
  }
  trackers.settle();
  assert.deepEqual([ann.socket, bob.socket], ["open", "open"]);
  for (let round = 0; round < 21; round++) ann.sendBytes(ping);
  trackers.settle();
  assert.deepEqual([ann.closeCode, ann.socket, ann.pongs], [1008, "ended", 40]);
  assert.equal(trackers.count(columns.ENDED_RATE), 1);
});

test("a silent client is pinged, kept while it answers, and closed when it does not", () => {
  const trackers = new TestTrackers(1, {
    pingInterval: 20,
    maxConnectionIdle: 60,
    maxPeerAge: 10_000,
  });
  const [alive, dead] = [trackers.connect(), trackers.connect()];
  alive.announce({ torrent: "film", peer: "alive" });
  dead.announce({ torrent: "film", peer: "dead" });
  for (let second = 0; second < 100; second++) {
    trackers.pass(1);
    if (alive.pings > 0) {
      alive.pings = 0;
      alive.sendBytes(clientFrame(OPCODE_PONG, NOTHING));
    }
  }
  assert.equal(alive.socket, "open");
  assert.deepEqual([dead.pings, dead.closeCode, dead.socket], [1, 1001, "ended"]);
  assert.equal(trackers.count(columns.ENDED_IDLE), 1);
  alive.announce({ torrent: "film", peer: "alive" });
  trackers.settle();
  assert.equal(alive.takeWords().pop(), "film: 0 complete, 1 incomplete");
});

test("half a message is not a sign of life, and a connection without a torrent is not kept", () => {
  const trackers = new TestTrackers(1, { pingInterval: 20, maxConnectionIdle: 60 });
  const [half, unused] = [trackers.connect(), trackers.connect()];
  half.sendBytes(Uint8Array.of(0x81));
  for (let second = 0; second < 70; second++) {
    half.sendBytes(Uint8Array.of(0xff).subarray(0, second === 5 ? 1 : 0));
    unused.sendBytes(clientFrame(OPCODE_PONG, NOTHING));
    trackers.pass(1);
  }
  assert.deepEqual([half.closeCode, unused.closeCode], [1001, 1001]);
});

test("a peer that no longer announces is forgotten though its connection lives", () => {
  const trackers = new TestTrackers(2, { maxPeerAge: 200, maxConnectionIdle: 100_000 });
  const [ann, bob] = [trackers.connect(0), trackers.connect(1)];
  for (const torrent of ["a", "b", "c", "d", "e"]) ann.announce({ torrent, peer: "ann" });
  trackers.pass(150);
  ann.announce({ torrent: "c", peer: "ann" });
  bob.announce({ torrent: "c", peer: "bob" });
  trackers.pass(55);
  assert.equal(trackers.count(columns.TORRENTS), 1);
  assert.equal(trackers.count(columns.PEERS_EXPIRED), 4);
  assert.equal(ann.connection.peers, 1);
  ann.announce({ torrent: "a", peer: "other" });
  trackers.settle();
  assert.equal(ann.takeWords().pop(), "a: 0 complete, 1 incomplete", "under another id, too");
});

test("an idle connection holds no buffers, and what is lent comes back", () => {
  const trackers = new TestTrackers();
  const ann = trackers.connect();
  for (let round = 0; round < 20; round++) {
    ann.announce({ torrent: "film", peer: "ann" });
    trackers.settle();
    assert.equal(ann.connection.reader.heldBytes, 0);
    assert.equal(ann.connection.pendingBytes.length, 0);
    assert.equal(ann.connection.unsentBytes, 0);
  }
});

test("stopping says goodbye to everyone", () => {
  const trackers = new TestTrackers();
  const clients = [trackers.connect(), trackers.connect(), trackers.connect()];
  elementAt(clients, 0).announce({ torrent: "film", peer: "p" });
  elementAt(trackers.trackers, 0).stop();
  for (const client of clients)
    assert.deepEqual([client.closeCode, client.socket], [1001, "ended"]);
  assert.equal(trackers.count(columns.CONNECTIONS), 0);
  assert.equal(trackers.count(columns.TORRENTS), 0);
});

test("a write reported that was not made is our bug and said so", () => {
  const trackers = new TestTrackers();
  const ann = trackers.connect();
  assert.throws(
    () => elementAt(trackers.trackers, 0).written(ann.connection),
    /a write that was not made/,
  );
});
