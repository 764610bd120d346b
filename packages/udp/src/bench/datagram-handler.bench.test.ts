import assert from "node:assert/strict";
import { test } from "node:test";
import { runHandlerBench } from "./datagram-handler.bench.ts";

test("the handler bench runs, and every request of it is answered", () => {
  for (const { kind, replyBytes } of runHandlerBench(500))
    assert.ok(replyBytes >= (kind.startsWith("connect") ? 16 : 17), kind);
});
