import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  ALL_ENDS,
  ALL_NODES,
  CHANNEL_MESSAGE_BYTES_MAX,
  CHANNEL_WAITING_BYTES_MAX,
  makeNodeChannels,
  NodeChannelEnd,
} from "@swarmtide/runtime";
import { TestCluster } from "./testing/test-cluster.ts";

/** A node with so many workers that serve WebTorrent, and what each of them has been told. */
function startWithEnds(t: TestContext, cluster: TestCluster, name: string, count: number) {
  const { ends: handles, others } = makeNodeChannels(count);
  const node = cluster.start(name, { channels: others });
  const told: string[] = [];
  const ends = handles.map(
    (handle, index) =>
      new NodeChannelEnd(handle, {
        message: (from, bytes) => told.push(`${index}: ${from} says ${Buffer.from(bytes)}`),
        nodeCame: (from, other) => told.push(`${index}: ${from} is ${other}`),
        nodeWent: (from) => told.push(`${index}: ${from} went`),
        lost: (from) => told.push(`${index}: lost of ${from}`),
      }),
  );
  t.after(() => {
    for (const end of ends) end.close();
  });
  return {
    node,
    ends,
    /** What was told since the last call. */
    taken: () => told.splice(0),
  };
}

/** Ports deliver on the event loop, each hop in a round of its own. */
async function exchange(cluster: TestCluster): Promise<void> {
  for (let i = 0; i < 6; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    cluster.pass(10);
  }
  await new Promise((resolve) => setImmediate(resolve));
}

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));

async function twoNodes(t: TestContext) {
  const cluster = new TestCluster();
  const a = startWithEnds(t, cluster, "a", 1);
  const b = startWithEnds(t, cluster, "b", 2);
  cluster.settle();
  await exchange(cluster);
  assert.deepEqual(a.taken(), ["0: 1 is b"]);
  assert.deepEqual(b.taken().sort(), ["0: 1 is a", "1: 1 is a"]);
  return { cluster, a, b };
}

test("messages reach one worker of a node or all of them, in their order", async (t) => {
  const { cluster, a, b } = await twoNodes(t);
  assert.ok(a.ends[0]?.send(1, 1, bytesOf("to the second")));
  assert.ok(a.ends[0]?.send(1, 2, bytesOf("to the first")));
  assert.ok(a.ends[0]?.send(ALL_NODES, ALL_ENDS, bytesOf("to all")));
  assert.ok(b.ends[1]?.send(1, 7, bytesOf("back")));
  await exchange(cluster);
  assert.deepEqual(b.taken().sort(), [
    "0: 1 says to all",
    "0: 1 says to the first",
    "1: 1 says to all",
    "1: 1 says to the second",
  ]);
  assert.deepEqual(a.taken(), ["0: 1 says back"]);
});

test("what is too long, too much at once or for nobody is not sent, and counted", async (t) => {
  const { cluster, a } = await twoNodes(t);
  const [end] = a.ends;
  assert.ok(end);
  assert.equal(end.send(99, 0, bytesOf("x")), false);
  assert.equal(end.send(1, 0, new Uint8Array(CHANNEL_MESSAGE_BYTES_MAX + 1)), false);
  const large = new Uint8Array(CHANNEL_MESSAGE_BYTES_MAX);
  let sent = 0;
  while (end.send(1, 0, large)) sent++;
  assert.equal(sent, CHANNEL_WAITING_BYTES_MAX / CHANNEL_MESSAGE_BYTES_MAX);
  assert.equal(end.waitingBytes, CHANNEL_WAITING_BYTES_MAX);
  await exchange(cluster);
  assert.equal(end.waitingBytes, 0);
  assert.equal(a.node.count("dropped_messages", { reason: "channel" }), 3);
});

test("losses are told at both sides: to who sent, and to who misses", async (t) => {
  const { cluster, a, b } = await twoNodes(t);
  cluster.cutOff(a.node);
  a.ends[0]?.send(ALL_NODES, ALL_ENDS, bytesOf("nobody hears this"));
  a.ends[0]?.send(1, 0, bytesOf("nor this"));
  await exchange(cluster);
  assert.deepEqual(a.taken(), ["0: lost of 0"]);
  cluster.connect(a.node);
  await exchange(cluster);
  assert.deepEqual(b.taken().sort(), ["0: lost of 1", "1: lost of 1"]);
  a.ends[0]?.send(1, 0, bytesOf("again"));
  await exchange(cluster);
  assert.deepEqual(b.taken().sort(), ["0: 1 says again", "0: lost of 1", "1: lost of 1"]);
});

test("a restart is another node, and the former one has gone", async (t) => {
  const { cluster, a, b } = await twoNodes(t);
  cluster.end(b.node, false);
  startWithEnds(t, cluster, "b", 1);
  await exchange(cluster);
  assert.deepEqual(a.taken(), ["0: 1 went", "0: 2 is b"]);
  assert.equal(a.ends[0]?.send(1, 0, bytesOf("x")), false);
});

test("a worker that takes nothing costs messages, which are counted and told when it goes on", async (t) => {
  const { cluster, a, b } = await twoNodes(t);
  const large = new Uint8Array(CHANNEL_MESSAGE_BYTES_MAX);
  const [end] = a.ends;
  const fits = CHANNEL_WAITING_BYTES_MAX / CHANNEL_MESSAGE_BYTES_MAX;
  // Two rounds, without the receiver's event loop in between.
  for (let i = 0; i < fits; i++) assert.ok(end?.send(1, 0, large));
  await new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < fits; i++) assert.ok(end?.send(1, 0, large));
  await new Promise((resolve) => setImmediate(resolve));
  cluster.broker.deliver();
  const lost = b.node.count("dropped_messages", { reason: "channel" });
  assert.equal(lost, fits);
  await exchange(cluster);
  const told = b.taken();
  assert.equal(told.filter((line) => line.startsWith("0: 1 says")).length, fits);
  assert.ok(told.includes("0: lost of 1"));
});
