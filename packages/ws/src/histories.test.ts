import assert from "node:assert/strict";
import { test } from "node:test";
import type { TrackerMessage } from "@swarmtide/ws-protocol";
import fc from "fast-check";
import * as columns from "./counters.ts";
import { elementAt } from "./testing/element-at.ts";
import { TestTrackers } from "./testing/harness.ts";
import { nameOf, offerOf, type TestClient } from "./testing/test-client.ts";

const TORRENTS = ["film", "song", "book"];
/** Few ids, so that connections take each other's. */
const PEER_IDS = ["ann", "bob", "eve"];
const CONNECTIONS = 6;

/** What somebody does. Numbers pick from what there is. */
const deed = fc.record({
  who: fc.nat(CONNECTIONS - 1),
  what: fc.constantFrom(
    "announce",
    "announce",
    "announce",
    "offer",
    "offer",
    "answer",
    "steal",
    "stop",
    "hang up",
    "close",
    "garbage",
  ),
  torrent: fc.constantFrom(...TORRENTS),
  peer: fc.constantFrom(...PEER_IDS),
  left: fc.constantFrom(undefined, 0, 1),
  event: fc.constantFrom(undefined, "started" as const, "completed" as const, "update" as const),
  number: fc.nat(1000),
});
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

interface ModelPeer {
  readonly torrent: string;
  peer: string;
  isSeeder: boolean;
}

interface ModelOffer {
  readonly torrent: string;
  readonly from: Party;
  /** What the offerer called itself; its peer must still be there for an answer to come back. */
  readonly peer: string;
  /** The connection that it reached: any of its peers in the torrent may answer. */
  readonly to: Party;
  readonly message: TrackerMessage;
  isAnswered: boolean;
}

/** A connection with what it ought to be in. */
class Party {
  readonly client: TestClient;
  /** By torrent and peer id. */
  readonly peers = new Map<string, ModelPeer>();

  constructor(client: TestClient) {
    this.client = client;
  }

  /** Its peers in a torrent. */
  in(torrent: string): ModelPeer[] {
    return [...this.peers.values()].filter((peer) => peer.torrent === torrent);
  }
}

/** Plays deeds and checks after each that every peer stands as its own connection left it. */
class History {
  readonly #trackers: TestTrackers;
  readonly #parties: Party[] = [];
  readonly #observer: TestClient;
  #offers: ModelOffer[] = [];
  #made = 0;

  constructor(workers: number, seed: number) {
    this.#trackers = new TestTrackers(workers, { maxMessagesPerSecond: 0 }, seed);
    this.#observer = this.#trackers.connect(0);
    for (let index = 0; index < CONNECTIONS; index++) this.#parties.push(this.#connect(index));
  }

  #connect(index: number): Party {
    return new Party(this.#trackers.connect(index % this.#trackers.trackers.length));
  }

  play(deed: Deed): undefined {
    const party = elementAt(this.#parties, deed.who);
    switch (deed.what) {
      case "announce":
        return this.#announce(party, deed, 0);
      case "offer":
        return this.#announce(party, deed, 1 + (deed.number % 4));
      case "answer":
        return this.#answer(
          party,
          this.#offers.filter(({ to }) => to === party),
          deed,
        );
      case "steal":
        return this.#answer(party, this.#offers, deed);
      case "stop":
        return this.#stop(party, deed);
      case "garbage":
        party.client.sendJson({ action: "announce", info_hash: deed.torrent, offers: [null] });
        this.#settle();
        return this.#expectWords(party, [/^failure: /]);
      default:
        return this.#leave(deed, party);
    }
  }

  #settle(): void {
    this.#trackers.settle();
  }

  #announce(party: Party, { torrent, peer, left, event }: Deed, offers: number): undefined {
    const key = `${torrent}/${peer}`;
    const known = party.peers.get(key);
    const names = Array.from({ length: offers }, () => `o${++this.#made}`);
    party.client.announce({
      torrent,
      peer,
      ...(left === undefined ? {} : { left }),
      ...(event === undefined ? {} : { event }),
      ...(offers > 0 ? { offers: names.map((name) => offerOf(name)) } : {}),
    });
    this.#settle();
    const isSeeder =
      left === 0 || (left === undefined && (event === "completed" || known?.isSeeder === true));
    party.peers.set(key, { torrent, peer, isSeeder });
    this.#checkOffers(party, torrent, peer, names);
    this.#expectWords(party, [this.#countsOf(torrent)]);
  }

  /** Offers that came: each to another peer in the torrent, be it of the same connection, each once. */
  #checkOffers(from: Party, torrent: string, peer: string, names: string[]): void {
    const eligibleOf = (party: Party) =>
      party.in(torrent).filter((there) => there.peer !== peer).length;
    const eligible = this.#parties.reduce((sum, party) => sum + eligibleOf(party), 0);
    const seen = new Set<string>();
    for (const party of this.#parties) {
      let received = 0;
      for (const message of party.client.take("offer")) {
        assert.ok(message.kind === "offer");
        assert.equal(nameOf(message.infoHash), torrent);
        assert.equal(nameOf(message.peerId), peer);
        assert.ok(names.includes(nameOf(message.offerId)), "an offer that was not made now");
        assert.ok(!seen.has(nameOf(message.offerId)), "an offer came twice");
        seen.add(nameOf(message.offerId));
        received++;
        this.#offers.push({ torrent, from, peer, to: party, message, isAnswered: false });
      }
      assert.ok(received <= eligibleOf(party), "more offers of one announce than peers for them");
    }
    assert.equal(
      seen.size,
      Math.min(names.length, eligible),
      "as many offers as there are peers for",
    );
  }

  /** Somebody answers an offer: the one it was made to, or another that has heard of it. */
  #answer(party: Party, offers: readonly ModelOffer[], { number }: Deed): undefined {
    if (offers.length === 0) return;
    const offer = elementAt(offers, number % offers.length);
    const own = party.in(offer.torrent);
    if (own.length === 0) return;
    const { peer } = elementAt(own, number % own.length);
    party.client.answer(peer, offer.message);
    this.#settle();
    if (offer.to !== party) return this.#expectWords(party, [/No such offer was made to you/]);
    if (offer.isAnswered) return this.#expectWords(party, []);
    offer.isAnswered = true;
    const [answer, ...rest] = offer.from.client.take();
    this.#expectWords(party, []);
    assert.ok(answer?.kind === "answer" && rest.length === 0, "the offerer gets the answer");
    assert.equal(nameOf(answer.peerId), peer);
  }

  #stop(party: Party, { torrent, peer }: Deed): undefined {
    party.client.announce({ torrent, peer, event: "stopped", left: 1 });
    this.#settle();
    this.#forget(party, torrent, peer);
    this.#expectWords(party, [this.#countsOf(torrent)]);
  }

  #leave({ who, what }: Deed, party: Party): undefined {
    if (what === "hang up") party.client.hangUp();
    else party.client.sendBytes(Uint8Array.of(0x81, 0x00));
    for (const { torrent, peer } of [...party.peers.values()]) this.#forget(party, torrent, peer);
    this.#offers = this.#offers.filter(({ to }) => to !== party);
    this.#settle();
    this.#parties[who] = this.#connect(who);
  }

  /** A peer is gone, and with it the offers that it made. */
  #forget(party: Party, torrent: string, peer: string): void {
    party.peers.delete(`${torrent}/${peer}`);
    this.#offers = this.#offers.filter(
      (offer) => offer.torrent !== torrent || offer.from !== party || offer.peer !== peer,
    );
  }

  #countsOf(torrent: string): string {
    const peers = this.#parties.flatMap((party) => party.in(torrent));
    const seeders = peers.filter(({ isSeeder }) => isSeeder).length;
    return `${torrent}: ${seeders} complete, ${peers.length - seeders} incomplete`;
  }

  #expectWords(party: Party, expected: readonly (string | RegExp)[]): undefined {
    const words = party.client.takeWords();
    assert.equal(words.length, expected.length, JSON.stringify(words));
    expected.forEach((one, index) => {
      if (typeof one === "string") assert.equal(words[index], one);
      else assert.match(elementAt(words, index), one);
    });
  }

  /** Everybody stands where they put themselves, and nobody has heard anything that was not checked. */
  check(): void {
    this.#observer.scrape(...TORRENTS);
    this.#settle();
    const [scrape] = this.#observer.take();
    assert.ok(scrape?.kind === "scrape");
    for (const { infoHash, complete, incomplete } of scrape.files)
      assert.equal(
        `${nameOf(infoHash)}: ${complete} complete, ${incomplete} incomplete`,
        this.#countsOf(nameOf(infoHash)),
      );
    for (const { client } of this.#parties) assert.deepEqual(client.takeWords(), []);
  }

  /** All leave: nothing is left behind. */
  end(): void {
    for (const { client } of this.#parties) client.hangUp();
    this.#observer.hangUp();
    this.#settle();
    for (const gauge of [columns.CONNECTIONS, columns.TORRENTS, columns.SEEDERS, columns.LEECHERS])
      assert.equal(this.#trackers.count(gauge), 0);
    for (const tracker of this.#trackers.trackers) assert.equal(tracker.tableEntries, 0);
  }
}

for (const workers of [1, 2, 3])
  test(`in any history nobody is offered what they are not in, and nobody's peer vanishes by another's act: workers: ${workers}`, () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), fc.integer(), (deeds, seed) => {
        const history = new History(workers, seed);
        for (const one of deeds) {
          history.play(one);
          history.check();
        }
        history.end();
      }),
      { numRuns: 200 },
    );
  });

test("random bytes and frames never throw, and what a connection held is let go", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 20 }),
      fc.boolean(),
      (chunks, isMasked) => {
        const trackers = new TestTrackers();
        const client = trackers.connect();
        client.announce({ torrent: "film", peer: "ann" });
        for (const chunk of chunks) {
          if (isMasked && chunk.length > 1) {
            chunk[0] = 0x80 | (elementAt(chunk, 0) % 3);
            chunk[1] = 0x80 | Math.min(chunk.length, 125);
          }
          client.sendBytes(chunk);
        }
        trackers.settle();
        client.hangUp();
        trackers.settle();
        assert.equal(client.connection.reader.heldBytes, 0);
        assert.equal(trackers.count(columns.TORRENTS), 0);
        assert.equal(trackers.count(columns.CONNECTIONS), 0);
      },
    ),
  );
});
