import assert from "node:assert/strict";
import { test } from "node:test";
import { makePeerIdSample, PEER_ID_SAMPLE_ONE_IN, PeerIdSample } from "@swarmtide/swarm";
import { ClientTally } from "./client-tally.ts";

/** Announces of one client, as many as it takes to be sampled `times` times. */
function announce(sample: PeerIdSample, peerId: string | Uint8Array, times: number): void {
  const id = Buffer.alloc(20);
  Buffer.from(peerId).copy(id);
  const words = new Int32Array(new Uint8Array(id).buffer);
  for (let i = 0; i < times * PEER_ID_SAMPLE_ONE_IN; i++) sample.note(words, 0);
}

test("clients are named with their versions, prefixes are shown as they are", () => {
  const memory = makePeerIdSample();
  const sample = new PeerIdSample(memory);
  const tally = new ClientTally([memory], 0);
  announce(sample, "-qB4650-abcdefghijkl", 5);
  announce(sample, "-qB5020-abcdefghijkl", 3);
  announce(sample, "-TR4050-abcdefghijkl", 2);
  const { sampledAnnounces, sampledOneIn, clients, prefixes } = tally.read(1000);
  assert.deepEqual([sampledAnnounces, sampledOneIn], [10, 64]);
  assert.deepEqual(
    clients.map(({ name, share, versions }) => [
      name,
      share,
      versions.map(({ version }) => version),
    ]),
    [
      ["qBittorrent", 0.8, ["4.6.5", "5.0.2"]],
      ["Transmission", 0.2, ["4.0.5"]],
    ].map(([name, share, versions]) => [name, share, versions]),
  );
  assert.deepEqual(prefixes[0], { prefix: "-qB4650-", share: 0.5 });
});

test("hostile peer ids come out as printable ASCII or as unknown", () => {
  const memory = makePeerIdSample();
  const sample = new PeerIdSample(memory);
  const tally = new ClientTally([memory], 0);
  for (const id of [
    "<script>alert(1)</s>",
    "\u0000\u001b[31m\nevil",
    new Uint8Array(20).fill(0xff),
  ])
    announce(sample, id, 1);
  const { clients, prefixes } = tally.read(1000);
  assert.deepEqual(
    clients.map(({ name }) => name),
    ["unknown"],
  );
  for (const { prefix } of prefixes) assert.match(prefix, /^[!-~]{8}$/);
});

test("a flood of made-up ids takes no more than the limits", () => {
  const memory = makePeerIdSample();
  const sample = new PeerIdSample(memory);
  const tally = new ClientTally([memory], 0);
  for (let id = 0; id < 6000; id++) {
    announce(sample, id.toString(36).padStart(8, "x"), 1);
    if (id % 50 === 0) tally.read(1000);
  }
  const { sampledAnnounces, prefixes } = tally.read(1000);
  assert.equal(sampledAnnounces, 6000);
  assert.equal(prefixes.length, 100);
  assert.equal(prefixes[0]?.prefix, "others");
});

test("what was long ago fades", () => {
  const memory = makePeerIdSample();
  const sample = new PeerIdSample(memory);
  const tally = new ClientTally([memory], 0);
  announce(sample, "-qB4650-abcdefghijkl", 1);
  tally.read(1000);
  announce(sample, "-TR4050-abcdefghijkl", 4);
  const { clients } = tally.read(700_000);
  assert.deepEqual(
    clients.map(({ name, share }) => [name, share]),
    [["Transmission", 1]],
  );
});
