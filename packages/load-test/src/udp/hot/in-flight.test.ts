import assert from "node:assert/strict";
import { test } from "node:test";
import { Tally } from "../../tally.ts";
import { InFlight, NOT_AWAITED } from "./in-flight.ts";
import { UDP_KINDS } from "./udp-clients.ts";

const TIMEOUT_MICROS = 2_000_000;

test("a lost request does not hold up those after it, and is counted once, when its time is over", () => {
  const tally = new Tally(UDP_KINDS);
  const inFlight = new InFlight(tally);
  const lost = inFlight.open(1, 7, 50, 0, TIMEOUT_MICROS);
  const ids = new Set([lost]);
  for (let i = 1; i <= 200_000; i++) {
    inFlight.expire(i);
    assert.ok(inFlight.room() > 0, `request ${i}`);
    const id = inFlight.open(1, 7, 50, i, i + TIMEOUT_MICROS);
    assert.ok(!ids.has(id), `id ${id} twice`);
    ids.add(id);
    const slot = inFlight.find(id, 7);
    assert.equal(inFlight.sinceMicros[slot], i);
    inFlight.close(slot);
  }
  assert.equal(inFlight.sinceMicros[inFlight.find(lost, 7)], 0, "its slot was kept for it");
  assert.deepEqual([inFlight.waiting, tally.lost], [1, 0]);
  inFlight.expire(TIMEOUT_MICROS);
  assert.deepEqual([inFlight.waiting, tally.lost], [0, 1]);
  assert.equal(inFlight.find(lost, 7), NOT_AWAITED);
  assert.equal(tally.late, 1);
  inFlight.expire(10 * TIMEOUT_MICROS);
  assert.deepEqual([inFlight.waiting, tally.lost], [0, 1]);
});

test("as many requests as there are slots can wait, and each is counted as lost", () => {
  const tally = new Tally(UDP_KINDS);
  const inFlight = new InFlight(tally);
  let waiting = 0;
  while (inFlight.room() > 0) inFlight.open(1, 7, 50, waiting, ++waiting + TIMEOUT_MICROS);
  assert.equal(waiting, 65_536);
  inFlight.expire(TIMEOUT_MICROS + waiting);
  assert.deepEqual([inFlight.waiting, inFlight.room(), tally.lost], [0, 65_536, 65_536]);
});
