import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig } from "@swarmtide/toml-config";
import { Population } from "../population.ts";
import { Random } from "../random.ts";
import { Tally } from "../tally.ts";
import { type Deed, FakeTracker } from "../testing/fake-tracker.ts";
import { type UdpLoadConfig, udpLoadSchema } from "./config.ts";
import { CONNECT, UDP_KINDS, UdpClients } from "./hot/udp-clients.ts";

const DEEDS: readonly Deed[] = [
  ...(["answer", "lose", "answer", "cut", "wrong id", "twice", "refuse"] as const),
  ...(["foreign peer", "other kind", "peer of another torrent", "answer"] as const),
];
const TIMEOUT_MICROS = 5_000_000;
const SOCKETS = 3;

const defaults = defaultConfig(udpLoadSchema);
const config: UdpLoadConfig = {
  ...defaults,
  requests: { ...defaults.requests, weightConnect: 0, weightAnnounce: 5, weightScrape: 5 },
};

/** A network that delivers at a time of its own choice, over a clock that the test moves. */
class FakeNetwork {
  readonly tally = new Tally(UDP_KINDS);
  readonly clients = new UdpClients(
    config,
    SOCKETS,
    { family: 4, loopbackAddresses: 1 },
    new Population(100, 200),
    this.tally,
  );
  nowMicros = 0;
  readonly #tracker: FakeTracker;
  readonly #underWay: { readonly atMicros: number; readonly socket: number; reply: Buffer }[] = [];

  constructor(tracker: FakeTracker) {
    this.#tracker = tracker;
  }

  ask(kind: number, socket: number, delayMicros: number): void {
    const bytes = Buffer.alloc(2000);
    const length = this.clients.write(bytes, 0, kind, socket, this.nowMicros, this.nowMicros);
    for (const reply of this.#tracker.take(bytes.subarray(0, length)))
      this.#underWay.push({ atMicros: this.nowMicros + delayMicros, socket, reply });
  }

  /** Moves the clock, and delivers what arrives by then, in the order of arrival. */
  wait(micros: number): void {
    this.nowMicros += micros;
    this.#underWay.sort((a, b) => a.atMicros - b.atMicros);
    for (let next = this.#underWay[0]; next; next = this.#underWay[0]) {
      if (next.atMicros > this.nowMicros) break;
      this.#underWay.shift();
      this.clients.inFlight.expire(next.atMicros);
      this.clients.read(next.reply, 0, next.reply.length, next.socket, next.atMicros);
    }
    this.clients.inFlight.expire(this.nowMicros);
  }
}

test("what a tracker lost, cut, doubled, refused and mixed up is what the tally says", () => {
  const tracker = new FakeTracker((index) => DEEDS[index % DEEDS.length] ?? "answer");
  const network = new FakeNetwork(tracker);
  const random = new Random(7);
  for (let index = 0; index < 5000; index++) {
    const socket = random.below(SOCKETS);
    if (network.clients.connected[socket] === 0) {
      network.ask(CONNECT, socket, 10);
      network.wait(10);
    }
    network.ask(network.clients.drawKind(), socket, random.below(1_000_000));
    network.wait(random.below(2000));
  }
  network.wait(2 * TIMEOUT_MICROS);
  const { sent, answered, ...counts } = network.tally.counts();
  const of = (deed: Deed) => tracker.count(deed);
  assert.deepEqual(sent, tracker.requests);
  assert.equal(answered.connect, tracker.requests.connect);
  assert.equal(
    (answered.announce ?? 0) + (answered.scrape ?? 0),
    of("answer") + of("twice") + of("foreign peer") + of("peer of another torrent"),
  );
  const bad = of("cut") + of("wrong id") + of("other kind");
  assert.equal(counts.errors, of("refuse"));
  assert.equal(counts.unknown, of("wrong id"));
  assert.equal(counts.malformed, of("cut") + of("other kind"));
  assert.equal(counts.duplicates, of("twice"));
  assert.equal(counts.lost, of("lose") + bad);
  assert.equal(counts.late, 0);
  assert.equal(counts.wrongPeers, tracker.wrongPeers);
  assert.ok(tracker.wrongPeers > 100);
  assert.equal(network.clients.inFlight.waiting, 0);
});

test("an answer after the timeout is late, and its request lost", () => {
  const network = new FakeNetwork(new FakeTracker(() => "answer"));
  network.ask(CONNECT, 0, 10);
  network.wait(10);
  network.ask(1, 0, TIMEOUT_MICROS + 1);
  network.ask(1, 0, TIMEOUT_MICROS - 1);
  network.wait(TIMEOUT_MICROS * 2);
  const { answered, lost, late } = network.tally.counts();
  assert.deepEqual([answered.announce, lost, late], [1, 1, 1]);
});

test("an answer that comes to another socket was not asked for there", () => {
  const { clients, tally } = new FakeNetwork(new FakeTracker(() => "answer"));
  const request = Buffer.alloc(100);
  const length = clients.write(request, 0, CONNECT, 0, 0, 0);
  const [reply = Buffer.alloc(0)] = new FakeTracker(() => "answer").take(
    request.subarray(0, length),
  );
  clients.read(reply, 0, reply.length, 1, 5);
  assert.deepEqual([tally.unknown, clients.inFlight.waiting], [1, 1]);
  clients.read(reply, 0, reply.length, 0, 5);
  assert.deepEqual([tally.unknown, clients.inFlight.waiting], [1, 0]);
});

test("more peers than asked for are wrong, and so is a peer with port 0", () => {
  const { clients, tally } = new FakeNetwork(new FakeTracker(() => "answer"));
  const bytes = Buffer.alloc(2000);
  let port = Buffer.alloc(2);
  const announceWith = (peersFor: () => Buffer): void => {
    clients.connected[0] = 1;
    clients.write(bytes, 0, 1, 0, 0, 0);
    port = bytes.subarray(96, 98);
    const peers = peersFor();
    const header = Buffer.alloc(20);
    header.writeInt32BE(1, 0);
    header.writeInt32BE(clients.sentId, 4);
    const reply = Buffer.concat([header, peers]);
    clients.read(reply, 0, reply.length, 0, 1);
  };
  const peer = () => Buffer.from([127, 0, 0, 1, ...port]);
  announceWith(() => Buffer.concat(Array.from({ length: 30 }, peer)));
  assert.equal(tally.wrongPeers, 0);
  announceWith(() => Buffer.concat(Array.from({ length: 31 }, peer)));
  assert.equal(tally.wrongPeers, 1);
  announceWith(() => Buffer.from([127, 0, 0, 1, 0, 0]));
  assert.equal(tally.wrongPeers, 2);
});
