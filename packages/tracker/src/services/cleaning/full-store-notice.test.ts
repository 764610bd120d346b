import assert from "node:assert/strict";
import { test } from "node:test";
import { FullStoreNotice } from "./full-store-notice.ts";

test("a store that is never full is not spoken of", () => {
  const notice = new FullStoreNotice(64);
  for (let now = 0; now < 1000; now++)
    assert.equal(notice.look({ refused: 0, gaveWay: 0 }, now), undefined);
});

test("the operator is told once when the store begins to be full, with a remedy, and once when that ends", () => {
  const notice = new FullStoreNotice(64);
  const lines: [number, string][] = [];
  for (let now = 0; now < 2000; now++) {
    // Full from second 100 to 199, with pauses of a minute.
    const pressed = Math.min(Math.max(now - 99, 0), 100);
    const line = notice.look(
      { refused: Math.floor(pressed / 60), gaveWay: 3 * Math.floor(pressed / 60) },
      now,
    );
    if (line !== undefined) lines.push([now, line]);
  }
  assert.equal(lines.length, 2);
  const [[began, first], [ended, second]] = lines as [[number, string], [number, string]];
  assert.equal(began, 159);
  assert.match(
    first,
    /^the swarm store is full \(64 MiB\): .*; raise swarm\.max_memory or lower swarm\.max_peer_age$/,
  );
  assert.equal(ended, 459);
  assert.match(
    second,
    /^the swarm store is no longer full: in 0 s 3 torrents gave way and 1 torrents and peers were not stored$/,
  );
});

test("a store that is full again is told again", () => {
  const notice = new FullStoreNotice(64);
  const told = [1, 1, 400, 401].map((now, i) =>
    notice.look({ refused: [1, 2, 2, 3][i] ?? 0, gaveWay: 0 }, now)?.slice(0, 32),
  );
  assert.deepEqual(told, [
    "the swarm store is full (64 MiB)",
    undefined,
    "the swarm store is no longer ful",
    "the swarm store is full (64 MiB)",
  ]);
});
