import assert from "node:assert/strict";
import { test } from "node:test";
import { TestCluster } from "./testing/test-cluster.ts";

/** Node a has a peer and was sending its swarms to a node that was killed, or that ended and said so. */
function endedWhileBeingSent(name: string, saysBye = false): TestCluster {
  const cluster = new TestCluster();
  const a = cluster.start("a");
  cluster.settle();
  a.announce(1, 1);
  const ended = cluster.start(name);
  cluster.broker.loses = (subject) => subject.endsWith(`to.${name}.a`);
  cluster.pass(500);
  assert.ok(ended.node.isJoining);
  cluster.end(ended, saysBye);
  cluster.broker.loses = () => false;
  return cluster;
}

test("a node that restarts while it is being sent the swarms gets them at once", () => {
  const cluster = endedWhileBeingSent("d");
  const again = cluster.start("d");
  cluster.pass(500);
  assert.ok(!again.node.isJoining);
  assert.equal(again.scrape(1).leechers, 1);
});

test("a node that starts after another one has left while it was being sent the swarms gets them at once", () => {
  const cluster = endedWhileBeingSent("c", true);
  const b = cluster.start("b");
  cluster.pass(500);
  assert.ok(!b.node.isJoining);
  assert.equal(b.scrape(1).leechers, 1);
});

test("a node that starts while another one is being sent the swarms waits for its turn", () => {
  const cluster = endedWhileBeingSent("c");
  const b = cluster.start("b");
  cluster.pass(10_000);
  assert.ok(b.node.isJoining, "a node that says nothing has gone after 10 s");
  cluster.pass(25_000);
  assert.ok(!b.node.isJoining);
  assert.equal(b.scrape(1).leechers, 1);
  assert.ok(b.lines.some((line) => line.includes("joined through node a")));
});

test("a node is alone, and ready, when nobody answers within two seconds", () => {
  const cluster = new TestCluster();
  const a = cluster.start("a");
  cluster.pass(1900);
  assert.ok(a.node.isJoining);
  cluster.pass(200);
  assert.ok(!a.node.isJoining);
  assert.equal(a.count("joining"), 0);
});

test("a node that cannot connect at the start is ready after two seconds, and meets the others later", () => {
  const cluster = new TestCluster();
  const a = cluster.start("a");
  a.announce(1, 1);
  const b = cluster.start("b");
  cluster.cutOff(b);
  b.announce(1, 2);
  cluster.pass(8000);
  assert.ok(!b.node.isJoining);
  assert.equal(b.scrape(1).leechers, 1);
  cluster.connect(b);
  cluster.pass(8000);
  assert.equal(a.scrape(1).leechers, 2);
  assert.equal(b.scrape(1).leechers, 2);
});
