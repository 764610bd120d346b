import assert from "node:assert/strict";
import { test } from "node:test";
import {
  announceEventName,
  EVENT_COMPLETED,
  EVENT_NONE,
  EVENT_PAUSED,
  EVENT_STARTED,
  EVENT_STOPPED,
} from "./announce-event.ts";

test("events have the numbers of BEP 15 and the words of BEP 3 and 21", () => {
  const events = [EVENT_NONE, EVENT_COMPLETED, EVENT_STARTED, EVENT_STOPPED, EVENT_PAUSED] as const;
  assert.deepEqual(events, [0, 1, 2, 3, 4]);
  const names = ["none", "completed", "started", "stopped", "paused"];
  assert.deepEqual(events.map(announceEventName), names);
});
