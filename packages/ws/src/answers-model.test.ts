/**
 * Whatever clients with several peer ids, slow ones and frozen ones do, on one worker or several: every answer to an offer
 * that lives arrives where the offer came from, or is counted as dropped because its reader is slow.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as columns from "./counters.ts";
import { elementAt } from "./testing/element-at.ts";
import { TestTrackers } from "./testing/harness.ts";
import { idOf, nameOf, offerOf, type TestClient } from "./testing/test-client.ts";

const CLIENTS = 5;
const TORRENTS = ["film", "song"];
const PEER_IDS = ["one", "two", "three"];
const ANSWER_SDP = "x".repeat(6000);

const deed = fc.record({
  who: fc.nat(CLIENTS - 1),
  what: fc.constantFrom(
    ...(["offer", "offer", "offer", "answer", "answer", "answer", "answer"] as const),
    ...(["freeze", "freeze", "thaw", "sip", "stop", "hang up"] as const),
  ),
  torrent: fc.constantFrom(...TORRENTS),
  peer: fc.constantFrom(...PEER_IDS),
  number: fc.nat(1000),
});
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

interface Offer {
  readonly name: string;
  readonly torrent: string;
  readonly from: Party;
  readonly peer: string;
  isOver: boolean;
}

class Party {
  readonly client: TestClient;
  readonly name: string;
  /** Names of the offers that it has read. */
  readonly read: string[] = [];
  readonly answersRead = new Set<string>();

  constructor(client: TestClient, name: string) {
    this.client = client;
    this.name = name;
  }
}

class Play {
  readonly trackers: TestTrackers;
  readonly #parties: Party[] = [];
  readonly #offers = new Map<string, Offer>();
  /** Answers to offers that lived, with whom they are for. */
  readonly #due: { readonly name: string; readonly to: Party }[] = [];
  #made = 0;

  constructor(workers: number, seed: number) {
    const limits = { maxMessagesPerSecond: 0, maxUnsent: 32_768, maxUnsentBeforeDrop: 8192 };
    this.trackers = new TestTrackers(workers, limits, seed);
    for (let who = 0; who < CLIENTS; who++) this.#parties.push(this.#arrive(who));
  }

  #arrive(who: number): Party {
    const worker = who % this.trackers.trackers.length;
    return new Party(this.trackers.connect(worker), `c${who}-${++this.#made}`);
  }

  act({ who, what, torrent, peer, number }: Deed): void {
    const party = elementAt(this.#parties, who);
    const { client } = party;
    // Each client has ids of its own: who shares one is not offered to.
    const own = `${party.name}${peer}`;
    if (what === "offer") {
      const names = Array.from({ length: 1 + (number % 5) }, () => `o${++this.#made}`);
      for (const name of names)
        this.#offers.set(name, { name, torrent, from: party, peer: own, isOver: false });
      client.announce({ torrent, peer: own, offers: names.map((name) => offerOf(name)) });
    } else if (what === "answer") this.#answer(party, own, number);
    else if (what === "stop") {
      client.announce({ torrent, peer: own, event: "stopped" });
      this.#end((offer) => offer.peer === own && offer.torrent === torrent);
    } else if (what === "sip") client.drainOne();
    else if (what === "hang up") this.#leave(who);
    else {
      client.isStalled = what === "freeze";
      if (!client.isStalled) client.drain();
    }
    this.trackers.settle();
    this.#read();
  }

  #end(isMeant: (offer: Offer) => boolean): void {
    for (const offer of this.#offers.values()) if (isMeant(offer)) offer.isOver = true;
  }

  /** Only who has read everything leaves, so that nothing is lost on the way to it. */
  #leave(who: number): void {
    const party = elementAt(this.#parties, who);
    if (party.client.isStalled) return;
    this.trackers.settle();
    this.#read();
    party.client.hangUp();
    this.#end(({ from }) => from === party);
    this.#parties[who] = this.#arrive(who);
  }

  /** Answers up to ten of the offers that a client has read, some of them again. */
  #answer(party: Party, own: string, number: number): void {
    for (let count = 1 + (number % 10); count > 0 && party.read.length > 0; count--) {
      const offer = this.#offers.get(elementAt(party.read, (number + count) % party.read.length));
      assert.ok(offer !== undefined);
      const name = `a${++this.#made}`;
      if (!offer.isOver) this.#due.push({ name, to: offer.from });
      offer.isOver = true;
      party.client.announce({
        torrent: offer.torrent,
        peer: own,
        answer: {
          answer: { type: "answer", sdp: `${name} ${ANSWER_SDP}` },
          toPeerId: idOf(offer.peer),
          offerId: idOf(offer.name),
        },
      });
      this.trackers.settle();
    }
  }

  #read(): void {
    for (const party of this.#parties)
      for (const message of party.client.take()) {
        if (message.kind === "offer") party.read.push(nameOf(message.offerId));
        if (message.kind === "answer") {
          const [name = ""] = message.description.sdp.split(" ");
          assert.ok(!party.answersRead.has(name), "an answer came twice");
          party.answersRead.add(name);
        }
      }
  }

  /** Everybody reads what is left; returns how many answers were due and how many have not come. */
  end(): { readonly due: number; readonly missing: number } {
    for (const { client } of this.#parties) {
      client.isStalled = false;
      client.drain();
    }
    this.trackers.settle();
    this.#read();
    for (const party of this.#parties)
      for (const name of party.answersRead)
        assert.ok(
          this.#due.some((due) => due.name === name && due.to === party),
          "an answer that was not due",
        );
    const missing = this.#due.filter(({ name, to }) => !to.answersRead.has(name)).length;
    return { due: this.#due.length, missing };
  }
}

for (const workers of [1, 2, 3])
  test(`every answer to an offer that lives arrives or is counted as dropped, workers: ${workers}`, () => {
    let due = 0;
    let dropped = 0;
    fc.assert(
      fc.property(
        fc.array(deed, { minLength: 100, maxLength: 300, size: "max" }),
        fc.integer(),
        (deeds, seed) => {
          const play = new Play(workers, seed);
          for (const one of deeds) play.act(one);
          const end = play.end();
          const counted = play.trackers.count(columns.ANSWERS_DROPPED_SLOW);
          assert.equal(end.missing, counted);
          due += end.due;
          dropped += counted;
        },
      ),
      { numRuns: 40 },
    );
    assert.ok(due > 1000, `only ${due} answers were due`);
    assert.ok(dropped > 0, "nobody was so slow that an answer was dropped");
  });
