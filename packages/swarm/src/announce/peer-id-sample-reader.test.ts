import assert from "node:assert/strict";
import { test } from "node:test";
import { PEER_ID_SAMPLE_ONE_IN, PeerIdSample } from "./hot/peer-id-sample.ts";
import { makePeerIdSample, PeerIdSampleReader } from "./peer-id-sample-reader.ts";

/** Announces with the ids 1, 2, … `count`, each of five words of its number behind one of another. */
function announce(sample: PeerIdSample, count: number): void {
  for (let id = 1; id <= count; id++) sample.note(Int32Array.of(-1, id, id, id, id, id, -1), 1);
}

function readAll(reader: PeerIdSampleReader): number[] {
  const ids: number[] = [];
  reader.read((bytes, at) => {
    const words = new Int32Array(bytes.slice(at, at + 20).buffer);
    assert.equal(new Set(words).size, 1);
    ids.push(words[0] ?? 0);
  });
  return ids;
}

test("one announce in sixty-four is kept, and read once", () => {
  const memory = makePeerIdSample();
  const sample = new PeerIdSample(memory);
  const reader = new PeerIdSampleReader(memory);
  announce(sample, 3 * PEER_ID_SAMPLE_ONE_IN + 5);
  assert.deepEqual(readAll(reader), [64, 128, 192]);
  assert.deepEqual(readAll(reader), []);
  announce(sample, PEER_ID_SAMPLE_ONE_IN);
  assert.equal(readAll(reader).length, 1);
});

test("of more than fit the newest are read", () => {
  const memory = makePeerIdSample();
  const reader = new PeerIdSampleReader(memory);
  announce(new PeerIdSample(memory), 70 * PEER_ID_SAMPLE_ONE_IN);
  const ids = readAll(reader);
  assert.equal(ids.length, 64);
  assert.equal(ids.at(-1), 70 * PEER_ID_SAMPLE_ONE_IN);
});

test("without memory nothing is kept", () => {
  announce(new PeerIdSample(undefined), 1000);
  const memory = makePeerIdSample();
  assert.deepEqual(readAll(new PeerIdSampleReader(memory)), []);
});
