import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryReturn } from "./memory-return.ts";

/** When memory was given back, in seconds, with so many connections from each second on. */
function secondsOf(connectionsBySecond: Readonly<Record<number, number>>): number[] {
  const memory = new MemoryReturn();
  const given: number[] = [];
  let connections = 0;
  for (let second = 0; second < 100; second++) {
    connections = connectionsBySecond[second] ?? connections;
    if (memory.isDue(connections, second * 1000)) given.push(second);
  }
  return given;
}

test("after many connections have gone, memory is given back soon and once more later", () => {
  assert.deepEqual(secondsOf({ 0: 5000, 10: 20 }), [11, 40]);
});

test("connections that come, stay, or go one by one in small numbers give no reason", () => {
  assert.deepEqual(secondsOf({ 0: 5000, 10: 5200, 20: 4000 }), []);
  assert.deepEqual(secondsOf({ 0: 400, 10: 0, 20: 400, 30: 0 }), []);
});

test("connections that go in several waves have memory given back after each, and later after the last", () => {
  assert.deepEqual(secondsOf({ 0: 5000, 10: 2500, 20: 1000, 30: 0 }), [11, 21, 31, 60]);
});
