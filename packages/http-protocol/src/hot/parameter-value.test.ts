import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EVENT_COMPLETED,
  EVENT_NONE,
  EVENT_PAUSED,
  EVENT_STARTED,
  EVENT_STOPPED,
} from "@swarmtide/bittorrent";
import { asciiBytes } from "./byte-class.ts";
import { QUERY_OK, TrackerQuery } from "./query-record.ts";
import { parseAnnounceQuery } from "./tracker-query.ts";

const query = new TrackerQuery(1);
const REQUIRED = `info_hash=${"a".repeat(20)}&peer_id=${"b".repeat(20)}&port=1`;

const announce = (text: string) => {
  const bytes = asciiBytes(text);
  return parseAnnounceQuery(query, bytes, 0, bytes.length);
};

test("numwant: missing, empty, negative and what is not a number ask for as many as there are, 0 for none", () => {
  for (const [value, wanted] of [
    ["", -1],
    ["-1", -1],
    ["-200", -1],
    ["all", -1],
    ["5x", -1],
    ["1.5", -1],
    ["0", 0],
    ["007", 7],
    ["50", 50],
    ["9".repeat(30), Number.MAX_SAFE_INTEGER],
  ] as const) {
    assert.equal(announce(`${REQUIRED}&numwant=${value}`), QUERY_OK, value);
    assert.equal(query.peersWanted, wanted, value);
  }
  assert.equal(announce(REQUIRED), QUERY_OK);
  assert.equal(query.peersWanted, -1);
});

test("events count in any case, and an event that nobody knows as none", () => {
  for (const [word, event, isUnknown] of [
    ["Started", EVENT_STARTED, false],
    ["STOPPED", EVENT_STOPPED, false],
    ["cOMPLETED", EVENT_COMPLETED, false],
    ["Paused", EVENT_PAUSED, false],
    ["EMPTY", EVENT_NONE, false],
    ["begun", EVENT_NONE, true],
    ["start", EVENT_NONE, true],
    ["started ", EVENT_NONE, true],
    ["%00", EVENT_NONE, true],
  ] as const) {
    assert.equal(announce(`${REQUIRED}&event=${word}`), QUERY_OK, word);
    assert.deepEqual([query.event, query.isEventUnknown], [event, isUnknown], word);
  }
  assert.equal(announce(REQUIRED), QUERY_OK);
  assert.equal(query.isEventUnknown, false);
});
