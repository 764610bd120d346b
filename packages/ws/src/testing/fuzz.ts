/**
 * Throws proper and broken frames at trackers of several workers: nothing may throw, and when all have gone nothing
 * may be left.
 *
 * `node packages/ws/dist/testing/fuzz.js 1000000 [seed]`; the tests run a few thousand.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { formatAnnounce, formatScrape, OPCODE_TEXT } from "@swarmtide/ws-protocol";
import * as counters from "../counters.ts";
import { RandomWords } from "../hot/random-words.ts";
import { clientFrame, idOf, offerOf, type TestClient, TestTrackers } from "./harness.ts";

const CONNECTIONS = 12;

/** What came of a run. */
export interface FuzzReport {
  frames: number;
  announces: number;
  scrapes: number;
  refused: number;
  offersOut: number;
  answersOut: number;
  broken: number;
}

/** The text of a message that is mostly proper. */
function randomText(random: RandomWords, own: string): string {
  const infoHash = idOf(`t${random.below(6)}`);
  const peerId = idOf(random.below(8) === 0 ? `p${random.below(5)}` : own);
  if (random.below(8) === 0)
    return formatScrape(Array.from({ length: random.below(4) }, () => idOf(`t${random.below(6)}`)));
  const event = (["started", "completed", "stopped", "update", "paused"] as const)[random.below(5)];
  const offers = Array.from({ length: random.below(5) }, () => offerOf(`o${random.below(20)}`));
  const answer = {
    answer: { type: "answer" as const, sdp: "x".repeat(random.below(300)) },
    toPeerId: idOf(`p${random.below(5)}`),
    offerId: idOf(`o${random.below(20)}`),
  };
  return formatAnnounce({
    infoHash,
    peerId,
    ...(random.below(2) === 0 ? { left: random.below(2) } : {}),
    ...(random.below(3) === 0 ? { event } : {}),
    ...(random.below(2) === 0 ? { offers } : {}),
    ...(random.below(3) === 0 ? { answer } : {}),
  });
}

function changed(random: RandomWords, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  for (let changes = 1 + random.below(3); changes > 0; changes--)
    out[random.below(out.length)] = random.word();
  return random.below(4) === 0 ? out.slice(0, random.below(out.length)) : out;
}

function randomFrame(random: RandomWords, own: string): Uint8Array {
  let payload: Uint8Array = new TextEncoder().encode(randomText(random, own));
  if (random.below(10) === 0) payload = changed(random, payload);
  const frame = clientFrame(OPCODE_TEXT, payload);
  return random.below(60) === 0 ? changed(random, frame) : frame;
}

/** Sends `count` frames over connections that come and go. */
export function fuzzTrackers(count: number, seed: number): FuzzReport {
  const random = new RandomWords(Int32Array.of(seed, 2, 3, 4));
  const trackers = new TestTrackers(3, { maxTorrentsPerConnection: 4, maxOffers: 3 }, seed);
  const connect = (index: number) => trackers.connect(index % 3);
  const clients: TestClient[] = Array.from({ length: CONNECTIONS }, (_, index) => connect(index));
  for (let round = 0; round < count; round++) {
    const index = random.below(CONNECTIONS);
    const client = clients[index];
    const frame = randomFrame(random, `p${index % 5}`);
    const split = random.below(frame.length + 1);
    client.sendBytes(frame.subarray(0, split));
    client.sendBytes(frame.subarray(split));
    if (random.below(4) === 0) trackers.settle();
    if (random.below(50) === 0) trackers.pass(1);
    if (random.below(200) === 0) client.isStalled = !client.isStalled;
    // Now and then a peer does what it should: it answers the last offer it got, or another one's.
    const offer = client.take("offer").pop();
    if (offer !== undefined && random.below(2) === 0)
      clients[random.below(4) === 0 ? random.below(CONNECTIONS) : index].answer(
        `p${index % 5}`,
        offer,
      );
    client.messages.length = 0;
    if (client.socket === "open" && random.below(100) > 0) continue;
    client.hangUp();
    clients[index] = connect(index);
  }
  for (const client of clients) client.hangUp();
  trackers.settle();
  for (const tracker of trackers.trackers) assert.equal(tracker.tableEntries, 0);
  assert.equal(trackers.count(counters.GAUGE_CONNECTIONS), 0);
  return {
    frames: count,
    announces: trackers.count(counters.COUNT_ANNOUNCES),
    scrapes: trackers.count(counters.COUNT_SCRAPES),
    refused: trackers.count(counters.COUNT_REFUSED),
    offersOut: trackers.count(counters.COUNT_OFFERS_OUT),
    answersOut: trackers.count(counters.COUNT_ANSWERS_OUT),
    broken: trackers.count(counters.COUNT_CLOSED_PROTOCOL),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const count = Number(process.argv[2] ?? 100_000);
  const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}: ${JSON.stringify(fuzzTrackers(count, seed))}`);
}
