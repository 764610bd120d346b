import assert from "node:assert/strict";
import { test } from "node:test";
import { readSwarmTotals } from "@swarmtide/swarm";
import { FrameChannel } from "./frame-channel.ts";
import {
  ChannelFailure,
  encodeFrame,
  FRAME_CHANGES,
  FRAME_GO,
  FRAME_HELLO,
  FRAME_PREPARED,
  FRAME_RECORDS,
  FRAME_REFUSED,
  FRAME_RELEASED,
  FRAME_RUNNING,
  FRAME_SOCKETS,
  type Frame,
  FrameReader,
} from "./frames.ts";
import { Taker } from "./taker.ts";
import { giverFrames, helloNow, json, MemoryTransport, openStore } from "./testing/giver-stream.ts";
import { takeAll } from "./testing/take-all.ts";

const TORRENTS = 3;
const PEERS = 4;
const FRAMES = giverFrames(TORRENTS, PEERS);

const streamOf = (frames: readonly Frame[]) =>
  Buffer.concat(frames.map(({ kind, payload }) => encodeFrame(kind, payload)));

/** The kinds of what the side that takes over has sent. */
function kindsOf({ sent }: MemoryTransport): number[] {
  const reader = new FrameReader();
  for (const bytes of sent) reader.push(bytes);
  const kinds: number[] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next())
    kinds.push(frame.kind);
  return kinds;
}

/** Takes over from these messages; why it failed. */
async function reasonOf(frames: readonly Frame[]): Promise<string> {
  try {
    await takeAll(new MemoryTransport([streamOf(frames)]), openStore());
    return "it did not";
  } catch (error) {
    assert.ok(error instanceof ChannelFailure, String(error));
    return error.message;
  }
}

const replaced = (kind: number, payload: Uint8Array) =>
  FRAMES.map((frame) => (frame.kind === kind ? { kind, payload } : frame));

test("a whole stream fills the store, with what changed meanwhile, and is answered in order", async () => {
  const store = openStore();
  const transport = new MemoryTransport([streamOf(FRAMES)]);
  const { peers, torrents } = await takeAll(transport, store);
  assert.deepEqual({ peers, torrents }, { peers: TORRENTS * PEERS, torrents: TORRENTS });
  const totals = readSwarmTotals(store);
  assert.equal(totals.peersIpv4 + totals.peersIpv6, TORRENTS * PEERS + 1);
  assert.equal(totals.torrents, TORRENTS + 1);
  assert.deepEqual(kindsOf(transport), [FRAME_HELLO, FRAME_PREPARED, FRAME_RUNNING]);
  assert.ok(transport.isClosed);
});

/** The shortest stream, for tests that go through all of its bytes. */
const SHORT = giverFrames(1, 2);

test("a stream that is cut in two at any byte does the same", async () => {
  const stream = streamOf(SHORT);
  const store = openStore();
  for (let cut = 0; cut <= stream.length; cut++) {
    const pieces = [stream.subarray(0, cut), stream.subarray(cut)];
    const { peers } = await takeAll(new MemoryTransport(pieces), store);
    assert.equal(peers, 2, `cut at ${cut}`);
  }
});

test("a stream that ends at any byte before the other lets go fails with a reason", async () => {
  const stream = streamOf(SHORT);
  const store = openStore();
  const untilReleased = streamOf(SHORT.slice(0, -2)).length;
  for (let end = 0; end < untilReleased; end++)
    await assert.rejects(
      takeAll(new MemoryTransport([stream.subarray(0, end)]), store),
      (error) => error instanceof ChannelFailure && error.message === "the other process ended",
    );
  // From then on this process serves, whatever becomes of the other.
  for (let end = untilReleased; end <= stream.length; end++)
    await takeAll(new MemoryTransport([stream.subarray(0, end)]), store);
});

test("each message that is missing or comes twice fails with a reason, or changes nothing", async () => {
  for (let at = 0; at < FRAMES.length - 2; at++) {
    const { kind } = FRAMES[at] ?? { kind: 0 };
    const missing = await reasonOf(FRAMES.filter((_, i) => i !== at));
    const twice = await reasonOf(FRAMES.flatMap((frame, i) => (i === at ? [frame, frame] : frame)));
    const isChanges = kind === FRAME_CHANGES;
    assert.equal(missing === "it did not", isChanges, `without ${kind}: ${missing}`);
    // Once the other has let go this process serves, whatever it says.
    const isHarmless = isChanges || kind === FRAME_RELEASED;
    assert.equal(twice === "it did not", isHarmless, `twice ${kind}: ${twice}`);
  }
});

test("another version, engine or clock is refused with a reason that both are told", async () => {
  const hello = helloNow();
  const cases: [change: object, reason: RegExp][] = [
    [{ handover: 2, version: "9.9.9" }, /swarmtide 9\.9\.9 speaks version 2 .* this one version 1/],
    [{ facts: { "udp.engine": "dgram" } }, /udp\.engine = mmsg: the running process has dgram/],
    [{ nowSeconds: hello.nowSeconds + 3600 }, /another clock/],
  ];
  for (const [change, reason] of cases) {
    const transport = new MemoryTransport([
      streamOf(replaced(FRAME_HELLO, json({ ...hello, ...change }))),
    ]);
    await assert.rejects(takeAll(transport, openStore()), reason);
    assert.deepEqual(kindsOf(transport), [FRAME_HELLO, FRAME_REFUSED]);
  }
});

test("a fact that one side does not have is no obstacle", async () => {
  assert.equal(
    await reasonOf(replaced(FRAME_HELLO, json({ ...helloNow(), facts: {} }))),
    "it did not",
  );
});

test("what the running process cannot mean is refused with what was wrong", async () => {
  const socket = { kind: "udp", key: "udp.address_ipv4", family: 4, address: "7f000001", port: 1 };
  assert.match(
    await reasonOf(replaced(FRAME_SOCKETS, json([socket]))),
    /1 descriptors were announced, 0 came/,
  );
  assert.match(await reasonOf(replaced(FRAME_CHANGES, new Uint8Array(49))), /49 bytes of changes/);
  assert.match(
    await reasonOf(replaced(FRAME_RECORDS, new Uint8Array(32))),
    /the swarms cannot be read/,
  );
  assert.match(await reasonOf(replaced(FRAME_GO, json({ counters: [] }))), /in another form/);
  assert.match(
    await reasonOf([{ kind: FRAME_REFUSED, payload: json({ reason: "no room" }) }]),
    /^no room$/,
  );
});

test("a chunk with a wrong checksum is no whole swarm, so that there is no hand-over", async () => {
  const spoilt = FRAMES.map(({ kind, payload }) => ({ kind, payload: payload.slice() }));
  const chunk = spoilt.filter(({ kind }) => kind === FRAME_RECORDS)[1]?.payload;
  assert.ok(chunk);
  chunk[60] = (chunk[60] ?? 0) ^ 1;
  assert.match(await reasonOf(spoilt), /the swarms did not come whole: .*chunk 0 is damaged/);
});

test("keys come in memory of their own, and one that is missing is undefined", async () => {
  const channel = new FrameChannel(new MemoryTransport([streamOf(FRAMES)]));
  const taker = await Taker.greet(channel, { version: "1.2.4", facts: {} });
  assert.deepEqual(taker.secret("udp connection ids"), Uint8Array.of(0, 1, 2, 3));
  assert.equal(taker.secret("another"), undefined);
});
