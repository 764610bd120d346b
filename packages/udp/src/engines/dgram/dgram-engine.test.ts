import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram, RoundTimer } from "@swarmtide/metrics";
import { createSwarmStore, openClock } from "@swarmtide/swarm";
import { until } from "@swarmtide/test-kit";
import { replyBytesMaxOf } from "../../answering.ts";
import { testUdpTracker } from "../../testing/udp-tracker.ts";
import { dgramEngine } from "./dgram-engine.ts";

test("a worker whose event loop never sleeps is behind, and keeps up again once it does", async (t) => {
  const tracker = testUdpTracker({
    store: createSwarmStore({ memoryBytesMax: 64 * 2 ** 20 }),
    config: { maxConnectionAge: 3600 },
  });
  const run = await dgramEngine.open({
    tracker,
    listeners: [
      {
        key: "udp.address_ipv4",
        family: 4,
        address: Uint8Array.of(127, 0, 0, 1),
        port: 0,
        isTls: false,
        fd: undefined,
      },
    ],
    onlyIpv6: false,
    rounds: new RoundTimer(Histogram.create({ rows: 1 }).row(0), 50, performance.now()),
    replyBytesMax: replyBytesMaxOf(tracker.config),
    resendRepliesMax: 0,
    nowSeconds: openClock(0),
  });
  t.after(() => run.stop());
  assert.equal(tracker.isBehind, false);
  let isBusy = true;
  const work = () => {
    const end = performance.now() + 10;
    while (performance.now() < end);
    if (isBusy) setImmediate(work);
  };
  setImmediate(work);
  await until("the worker is behind", () => tracker.isBehind);
  isBusy = false;
  await until("the worker keeps up", () => !tracker.isBehind);
});
