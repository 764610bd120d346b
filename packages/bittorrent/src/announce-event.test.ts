import assert from "node:assert/strict";
import { test } from "node:test";
import {
  announceEventName,
  EVENT_COMPLETED,
  EVENT_NONE,
  EVENT_PAUSED,
  EVENT_STARTED,
  EVENT_STOPPED,
  parseAnnounceEventName,
} from "./announce-event.ts";

test("events have the numbers of BEP 15 and come back from their names", () => {
  const events = [EVENT_NONE, EVENT_COMPLETED, EVENT_STARTED, EVENT_STOPPED, EVENT_PAUSED] as const;
  assert.deepEqual(events, [0, 1, 2, 3, 4]);
  for (const event of events) assert.equal(parseAnnounceEventName(announceEventName(event)), event);
});

test("no word and empty are periodic announces, other words are no event", () => {
  assert.equal(parseAnnounceEventName(""), EVENT_NONE);
  assert.equal(parseAnnounceEventName("empty"), EVENT_NONE);
  for (const wrong of ["Started", "start", " started", "constructor", "4"])
    assert.equal(parseAnnounceEventName(wrong), undefined);
});
