import assert from "node:assert/strict";
import { test } from "node:test";
import { linuxSupported, openFilesMax } from "@swarmtide/linux";
import { connectionFdsEnd, DescriptorHint } from "./descriptor-reserve.ts";

test("some descriptors are kept free of connections", {
  skip: linuxSupported() ? false : "this machine is not a supported Linux",
}, () => {
  const free = (openFilesMax() ?? 0) - connectionFdsEnd();
  assert.ok(free >= 1 && free <= 32, `${free}`);
});

test("the operator is told of failures, once a minute at most, and only of new ones", () => {
  const hint = new DescriptorHint();
  assert.equal(hint.take(0, 1), undefined);
  assert.match(hint.take(3, 2) ?? "", /\(3 times\): raise LimitNOFILE/);
  assert.equal(hint.take(9, 3), undefined);
  assert.match(hint.take(9, 62) ?? "", /\(6 times\)/);
  assert.equal(hint.take(9, 500), undefined);
});
