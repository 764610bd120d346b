import assert from "node:assert/strict";
import { test } from "node:test";
import { linuxSupported } from "../libc.ts";
import { benchCallForms, benchConnectionCalls, benchDatagramBatch } from "./calls.bench.ts";

const skip = linuxSupported() ? false : "this machine is not a supported Linux";

test("the benchmark of call forms and datagram batches runs at smoke size", { skip }, () => {
  const rows = [...benchCallForms(10), ...benchConnectionCalls(10), ...benchDatagramBatch(2)];
  assert.equal(rows.length, 19);
  for (const row of rows) assert.ok(row.nanoseconds >= 0, row.name);
});
