import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { editDistance, nearestName } from "./nearest.ts";

test("the nearest name is the one with the fewest edits, in whatever case", () => {
  assert.equal(nearestName("Worker", ["address", "workers", "engine"]), "workers");
  assert.equal(nearestName("use_ip4", ["use_ipv4", "use_ipv6"]), "use_ipv4");
});

test("nothing is suggested for a name that resembles none", () => {
  assert.equal(nearestName("zzzzzzzz", ["address", "workers"]), undefined);
  assert.equal(nearestName("x", []), undefined);
});

test("a suggestion that is far off is not made", () => {
  const names = [
    "enabled",
    "workers",
    "engine",
    "udp",
    "web",
    "ws",
    "max_response_peers",
    "tcp_backlog",
  ];
  for (const name of [
    "x",
    "foo",
    "dog",
    "tables",
    "verbose",
    "announce",
    "max_threads",
    "tcp_nodelay",
    "listen",
  ])
    assert.equal(nearestName(name, names), undefined, name);
  assert.equal(nearestName("w", names), "ws");
  assert.equal(nearestName("max_respons_peer", names), "max_response_peers");
  assert.equal(nearestName("work", names), "workers");
});

test("the edit distance is a metric", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      assert.equal(editDistance(a, b) === 0, a === b);
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.ok(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
    }),
  );
});
