/**
 * Throws random frames and messages at the codec for as long as it is told: nothing may throw, and the request
 * parser must agree with JSON.parse on every one.
 *
 * `node packages/ws-protocol/dist/testing/fuzz.js 10000000 [seed]`; the tests run a few thousand.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { RandomSource } from "@swarmtide/test-kit";
import { BytePool } from "../hot/byte-pool.ts";
import { writeMaskedFrameHeader } from "../hot/frame.ts";
import { MessageReader, READ_FAILED, READ_MORE, READ_TEXT } from "../hot/message-reader.ts";
import { TrackerRequest } from "../hot/request.ts";
import {
  REQUEST_ANNOUNCE,
  REQUEST_BAD_DEPTH,
  REQUEST_BAD_JSON,
  REQUEST_SCRAPE,
} from "../hot/request-status.ts";
import { unmask } from "../hot/unmask.ts";
import { messageMemory, OFFER_COUNT_WORD, READ_AT } from "../message-memory.ts";
import { mutated, randomRequestBytes } from "./random-requests.ts";
import { expectRequest, foundRequest } from "./request-oracle.ts";

const OFFERS_MAX = 4;
const SCRAPES_MAX = 3;

/** What came of a run. */
export interface FuzzReport {
  messages: number;
  announces: number;
  /** Announces of which offers were read with vectors. */
  vectorOffers: number;
  scrapes: number;
  refused: number;
  streams: number;
  streamMessages: number;
  brokenStreams: number;
}

/** Compares the request parser with JSON.parse on `count` messages. */
export function fuzzRequests(count: number, seed: number, report: FuzzReport): void {
  const random = new RandomSource(seed);
  const request = new TrackerRequest(OFFERS_MAX, SCRAPES_MAX);
  const memory = messageMemory();
  for (let index = 0; index < count; index++) {
    const bytes = randomRequestBytes(random);
    // Bytes around the message must not matter.
    const around = random.bytes(bytes.length + 8);
    around.set(bytes, 5);
    const status = request.read(around, 5, bytes.length);
    try {
      const expected = expectRequest(bytes, OFFERS_MAX, SCRAPES_MAX);
      // Of bytes that are too deep and no JSON either, the parser tells whichever it meets first.
      const isEither = status === REQUEST_BAD_DEPTH && expected.status === REQUEST_BAD_JSON;
      if (!isEither) assert.deepEqual(foundRequest(request, status), expected);
      // The same where vectors reach it, at any alignment.
      const at = READ_AT + random.below(64);
      memory.words[OFFER_COUNT_WORD] = 0;
      memory.bytes.set(around, at);
      assert.equal(request.read(memory.bytes, at + 5, bytes.length), status);
      if (!isEither) assert.deepEqual(foundRequest(request, status), expected);
      if (status === REQUEST_ANNOUNCE && memory.words[OFFER_COUNT_WORD] > 0) report.vectorOffers++;
    } catch (error) {
      console.error(
        `seed ${seed}, message ${index}: ${JSON.stringify(Buffer.from(bytes).toString("latin1"))}`,
      );
      throw error;
    }
    report.messages++;
    if (status === REQUEST_ANNOUNCE) report.announces++;
    else if (status === REQUEST_SCRAPE) report.scrapes++;
    else report.refused++;
  }
}

/** Reads `count` streams of frames, proper ones and mutated ones, cut at random. */
export function fuzzFrames(count: number, seed: number, report: FuzzReport): void {
  const random = new RandomSource(seed);
  const pool = new BytePool();
  for (let index = 0; index < count; index++) {
    const reader = new MessageReader(pool, true, 2000, random.once(2));
    let stream = randomStream(random);
    if (random.once(2)) stream = mutated(random, stream);
    let position = 0;
    while (position < stream.length) {
      const length = Math.min(stream.length - position, 1 + random.below(60));
      reader.push(stream.slice(position, position + length), 0, length);
      position += length;
      for (;;) {
        const read = reader.next();
        if (read === READ_MORE) break;
        if (read === READ_TEXT) report.streamMessages++;
        if (read === READ_FAILED) report.brokenStreams++;
        assert.ok(reader.length <= 2000, "a message is longer than allowed");
      }
      assert.ok(reader.heldBytes <= 8192, "a reader holds more than its message may have");
    }
    reader.close();
    assert.equal(reader.heldBytes, 0);
    report.streams++;
  }
}

/** A few frames, masked, mostly in an order that is allowed. */
function randomStream(random: RandomSource): Uint8Array {
  const out = new Uint8Array(4000);
  let at = 0;
  let isOpen = false;
  for (let frames = 1 + random.below(6); frames > 0; frames--) {
    const isControl = random.once(4);
    const opcode = isControl ? random.pick([8, 9, 10]) : isOpen ? 0 : random.pick([1, 2]);
    const length = isControl ? random.pick([0, 2, 125]) : random.pick([0, 5, 126, 300, 65_536]);
    if (at + Math.min(length, 400) + 14 > out.length) break;
    const key = random.word();
    const payload = writeMaskedFrameHeader(out, at, opcode, length, key);
    const isFinal = isControl || random.once(2);
    if (!isFinal) out[at] = opcode;
    if (!isControl) isOpen = !isFinal;
    const present = Math.min(length, 400);
    for (let index = 0; index < present; index++) out[payload + index] = 0x61 + random.below(26);
    if (opcode === 8 && length === 2) out.set([3, 232], payload);
    unmask(out, payload, present, key);
    at = payload + present;
  }
  return out.slice(0, at);
}

/** An empty report. */
export const emptyReport = (): FuzzReport => ({
  messages: 0,
  announces: 0,
  vectorOffers: 0,
  scrapes: 0,
  refused: 0,
  streams: 0,
  streamMessages: 0,
  brokenStreams: 0,
});

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const count = Number(process.argv[2] ?? 1_000_000);
  const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
  const report = emptyReport();
  fuzzRequests(Math.ceil(count / 2), seed, report);
  fuzzFrames(Math.floor(count / 2), seed, report);
  console.log(`seed ${seed}: ${JSON.stringify(report)}`);
}
