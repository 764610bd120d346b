import assert from "node:assert/strict";
import { test } from "node:test";
import { ANNOUNCE_COMPLETED, ANNOUNCE_SEEDER, ANNOUNCE_STOPPED } from "@swarmtide/swarm";
import { KIND_BYE, KIND_HELLO, KIND_RECORDS } from "./messages/layout.ts";
import { beginMessage } from "./messages/message.ts";
import { TestCluster } from "./testing/test-cluster.ts";

const COMPLETED = ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED;
const INSTANCE = "00000000000000aa";

function threeNodes(seed = 1) {
  const cluster = new TestCluster(seed);
  const nodes = ["a", "b", "c"].map((name) => cluster.start(name));
  cluster.settle();
  cluster.pass(100);
  const [a, b, c] = nodes;
  assert.ok(a && b && c);
  return { cluster, nodes, a, b, c };
}

test("peers of three nodes meet, and each counts the union", () => {
  const { cluster, nodes, a, b, c } = threeNodes();
  a.announce(1, 1, ANNOUNCE_SEEDER);
  b.announce(1, 2);
  c.announce(1, 3);
  cluster.pass(200);
  for (const node of nodes) {
    assert.deepEqual(node.scrape(1), { seeders: 1, leechers: 2, completed: 0 });
    assert.equal(node.announce(1, 99), 3, `peers at ${node.name}`);
    node.announce(1, 99, ANNOUNCE_STOPPED);
  }
});

test("a peer that stops at one node goes at all, and one that moves is not there twice", () => {
  const { cluster, nodes, a, b } = threeNodes();
  a.announce(1, 1);
  cluster.pass(200);
  b.announce(1, 1);
  cluster.pass(200);
  for (const node of nodes) assert.equal(node.scrape(1).leechers, 1);
  b.announce(1, 1, ANNOUNCE_STOPPED);
  cluster.pass(200);
  for (const node of nodes) assert.equal(node.scrape(1).leechers, 0, node.name);
});

test("a completed download counts once in the whole cluster, wherever it is announced again", () => {
  const { cluster, nodes, a, b } = threeNodes();
  a.announce(1, 1);
  cluster.pass(200);
  a.announce(1, 1, COMPLETED);
  cluster.pass(200);
  b.announce(1, 1, COMPLETED);
  a.announce(1, 1, COMPLETED);
  cluster.pass(200);
  for (const node of nodes) assert.equal(node.scrape(1).completed, 1, node.name);
});

test("ages are relative: a node whose clock is days ahead changes nothing", () => {
  const cluster = new TestCluster();
  const a = cluster.start("a", { ahead: 3 * 86_400_000 });
  const b = cluster.start("b");
  cluster.settle();
  a.announce(1, 1);
  b.announce(1, 2);
  cluster.pass(200);
  assert.equal(a.scrape(1).leechers, 2);
  assert.equal(b.scrape(1).leechers, 2);
});

test("what came from another node is not sent on", () => {
  const { cluster, a, b, c } = threeNodes();
  a.announce(1, 1);
  cluster.pass(300);
  assert.equal(a.count("records", { direction: "out" }), 1);
  for (const node of [b, c]) {
    assert.equal(node.count("records", { direction: "in" }), 1);
    assert.equal(node.count("records", { direction: "out" }), 0);
  }
});

test("a node that starts has the swarms of those that run before it is ready, and their announces meanwhile", () => {
  const { cluster, a, b } = threeNodes();
  for (let peer = 0; peer < 200; peer++) a.announce(peer % 40, peer);
  cluster.pass(300);
  const d = cluster.start("d");
  assert.ok(d.node.isJoining);
  b.announce(1, 250);
  cluster.settle();
  assert.deepEqual(d.scrape(1), { seeders: 0, leechers: 6, completed: 0 });
  assert.equal(d.scrape(39).leechers, 5);
  assert.equal(d.count("streams", { direction: "in", result: "whole" }), 1);
  assert.equal(d.count("dropped_messages", { reason: "gap" }), 0);
});

test("a node that was cut off streams what it missed, and the others what it has", () => {
  const { cluster, nodes, a, b, c } = threeNodes();
  a.announce(1, 1);
  cluster.pass(200);
  cluster.cutOff(c);
  a.announce(1, 2);
  b.announce(2, 3);
  c.announce(1, 4);
  cluster.pass(30_000);
  assert.equal(c.scrape(1).leechers, 2, "serves what it has");
  cluster.connect(c);
  cluster.pass(15_000);
  for (const node of nodes) {
    assert.equal(node.scrape(1).leechers, 3, node.name);
    assert.equal(node.scrape(2).leechers, 1, node.name);
  }
  assert.ok(c.count("dropped_messages", { reason: "gap" }) > 0);
  assert.ok(c.count("dropped_records", { reason: "outbound" }) > 0);
});

test("a message that is lost on its way is noticed with the next hello and made up for", () => {
  const { cluster, nodes, a } = threeNodes();
  cluster.broker.loses = (subject) => subject.endsWith("records.a");
  a.announce(1, 1);
  cluster.pass(200);
  cluster.broker.loses = () => false;
  cluster.pass(10_000);
  for (const node of nodes) assert.equal(node.scrape(1).leechers, 1, node.name);
});

test("a restart takes the place of the former process silently", () => {
  const { cluster, a, b } = threeNodes();
  cluster.end(b, false);
  const again = cluster.start("b");
  cluster.settle();
  cluster.pass(60_000);
  assert.equal(a.count("nodes"), 2);
  for (const node of [a, again])
    assert.deepEqual(
      node.lines.filter((line) => !line.startsWith("info")),
      [],
    );
});

test("two nodes of one name that both stay are warned about, with both processes, once", () => {
  const { cluster, a, b } = threeNodes();
  const twin = cluster.start("b", { instance: INSTANCE });
  cluster.settle();
  cluster.pass(25_000);
  assert.equal(warnings(a).length, 0);
  cluster.pass(60_000);
  for (const node of [a, b, twin]) {
    const [warning, ...others] = warnings(node);
    assert.match(
      warning ?? "",
      /cluster\.name = "b": two nodes have this name, the processes .*00000000000000aa/,
    );
    assert.equal(others.length, 0, node.name);
  }
});

test("messages that are malformed, foreign or of another version are dropped, counted and logged once", () => {
  const { cluster, a } = threeNodes();
  const before = a.count("dropped_messages", { reason: "malformed" });
  const hello = (name: string) =>
    beginMessage(
      { name, instance: INSTANCE, kind: KIND_HELLO, sequence: 0, sentAtMilliseconds: 0 },
      20,
    ).bytes;
  cluster.broker.inject("test.v1.records.x", new Uint8Array([1, 2, 3]));
  cluster.broker.inject("test.v1.records.x", new Uint8Array(0));
  // Who sends by a subject is who it says.
  cluster.broker.inject("test.v1.records.x", hello("b"));
  // A kind that does not belong to the way.
  cluster.broker.inject("test.v1.to.a.x", hello("x"));
  cluster.pass(20);
  assert.equal(a.count("dropped_messages", { reason: "malformed" }), before + 4);
  const newer = hello("x");
  newer[5] = 9;
  for (let i = 0; i < 3; i++) cluster.broker.inject("test.v1.records.x", newer);
  cluster.pass(20);
  assert.equal(a.count("dropped_messages", { reason: "version" }), 3);
  assert.deepEqual(warnings(a), [
    "warn node x sends messages of version 9, which this swarmtide does not read; they are dropped",
  ]);
});

test("a node that sends the instance of another under its own name is not taken for that one", () => {
  const cluster = new TestCluster();
  const a = cluster.start("a");
  const b = cluster.start("b", { instance: INSTANCE });
  cluster.settle();
  const say = (kind: number, sequence: number, bodyBytes: number) => {
    const head = { name: "x", instance: INSTANCE, kind, sequence, sentAtMilliseconds: 0 };
    cluster.broker.inject("test.v1.records.x", beginMessage(head, bodyBytes).bytes);
    cluster.pass(20);
  };
  say(KIND_BYE, 0, 0);
  assert.equal(a.count("nodes"), 1, "b has not left");
  // What b sends next is not an old message for that.
  say(KIND_RECORDS, 1000, 8);
  b.announce(1, 1);
  cluster.pass(5000);
  assert.equal(a.scrape(1).leechers, 1);
  assert.equal(a.count("dropped_messages", { reason: "gap" }), 0);
});

test("more processes than are remembered are not listened to, and counted", () => {
  const { cluster, a } = threeNodes();
  for (let i = 0; i < 300; i++) {
    const instance = i.toString(16).padStart(16, "0");
    const head = {
      name: `x${i}`,
      instance,
      kind: KIND_RECORDS,
      sequence: 1,
      sentAtMilliseconds: 0,
    };
    cluster.broker.inject(`test.v1.records.x${i}`, beginMessage(head, 8).bytes);
  }
  cluster.pass(20);
  assert.equal(a.count("nodes"), 256);
  assert.equal(a.count("dropped_messages", { reason: "nodes" }), 300 + 2 - 256);
  cluster.pass(15_000);
  assert.equal(a.count("nodes"), 2);
});

test("a node that goes says so, and is gone at once", () => {
  const { cluster, a, b } = threeNodes();
  cluster.end(b, true);
  cluster.pass(20);
  assert.equal(a.count("nodes"), 1);
});

test("a node that is silent for ten seconds has gone, and is back when it is heard", () => {
  const { cluster, a, b } = threeNodes();
  cluster.cutOff(b);
  cluster.pass(13_000);
  assert.equal(a.count("nodes"), 1);
  cluster.connect(b);
  cluster.pass(200);
  assert.equal(a.count("nodes"), 2);
});

const warnings = ({ lines }: { readonly lines: readonly string[] }) =>
  lines.filter((line) => line.startsWith("warn"));
