import assert from "node:assert/strict";
import { test } from "node:test";
import { fallbackWarnings, udpEngineOf, udpEngines } from "./engines.ts";

/** The engines of a system on which some do not work. */
const without = (...names: readonly string[]) =>
  udpEngines.map((engine) => ({
    ...engine,
    supported: () => (names.includes(engine.name) ? "something else" : true) as true | string,
  }));

test("auto takes the fastest engine that works and that asks for nothing special", () => {
  assert.equal(udpEngineOf("auto", without()).name, "mmsg");
  assert.equal(udpEngineOf("auto", without("mmsg", "uring")).name, "dgram");
});

test("an engine that is asked for by name and does not work is an error, unless another stands in for it", () => {
  assert.equal(udpEngineOf("uring", without()).name, "uring");
  assert.deepEqual(fallbackWarnings("uring", without()), []);
  assert.equal(udpEngineOf("uring", without("uring")).name, "mmsg");
  assert.deepEqual(fallbackWarnings("uring", without("uring")), [
    'udp.engine = "uring" needs something else: "mmsg" is used',
  ]);
  assert.throws(
    () => udpEngineOf("mmsg", without("mmsg", "uring", "xdp")),
    /udp\.engine = "mmsg" needs something else, expected "auto" or "dgram"/,
  );
  assert.deepEqual(fallbackWarnings("mmsg", without("mmsg")), []);
});
