import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EVENT_COMPLETED,
  EVENT_NONE,
  EVENT_PAUSED,
  EVENT_STARTED,
  EVENT_STOPPED,
} from "@swarmtide/bittorrent";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
  announceFlags,
  LEFT_UNKNOWN,
} from "./role.ts";

test("a peer that lacks nothing is a seeder, whatever its event", () => {
  assert.equal(announceFlags(EVENT_NONE, 0), ANNOUNCE_SEEDER);
  assert.equal(announceFlags(EVENT_STARTED, 0), ANNOUNCE_SEEDER);
  assert.equal(announceFlags(EVENT_PAUSED, 0), ANNOUNCE_SEEDER);
  assert.equal(announceFlags(EVENT_COMPLETED, 0), ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED);
});

test("a peer that lacks something is a leecher, even when it says that it has completed", () => {
  for (const left of [1, 2 ** 31, 2 ** 53])
    for (const event of [EVENT_NONE, EVENT_STARTED, EVENT_COMPLETED])
      assert.equal(announceFlags(event, left), 0);
});

test("a paused leecher is a partial seed; a seeder cannot be one", () => {
  assert.equal(announceFlags(EVENT_PAUSED, 5), ANNOUNCE_PAUSED);
  assert.equal(announceFlags(EVENT_PAUSED, LEFT_UNKNOWN), ANNOUNCE_PAUSED);
  assert.equal(announceFlags(EVENT_PAUSED, 0) & ANNOUNCE_PAUSED, 0);
});

test("a peer that does not say what it lacks is a leecher until it has completed", () => {
  assert.equal(announceFlags(EVENT_NONE, LEFT_UNKNOWN), 0);
  assert.equal(announceFlags(EVENT_STARTED, LEFT_UNKNOWN), 0);
  assert.equal(announceFlags(EVENT_COMPLETED, LEFT_UNKNOWN), ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED);
});

test("a peer that stops has no role", () => {
  for (const left of [0, 1, LEFT_UNKNOWN])
    assert.equal(announceFlags(EVENT_STOPPED, left), ANNOUNCE_STOPPED);
});
