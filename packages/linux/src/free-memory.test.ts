import assert from "node:assert/strict";
import { test } from "node:test";
import { trimFreeMemory } from "./free-memory.ts";
import { linuxSupported } from "./libc.ts";

test("free memory goes back where the C library can do it, and asking does no harm elsewhere", () => {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const isGlibc = linuxSupported() && report.header?.glibcVersionRuntime !== undefined;
  assert.equal(trimFreeMemory(), isGlibc);
  assert.equal(trimFreeMemory(), isGlibc);
});
