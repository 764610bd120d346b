import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterTable, Histogram, RoundTimer } from "@swarmtide/metrics";
import {
  AccessList,
  AnnounceInterval,
  createSwarmStore,
  openClock,
  PeerIdSample,
} from "@swarmtide/swarm";
import { until } from "@swarmtide/test-kit";
import { udpCounters } from "../../counters.ts";
import { ConnectionIds } from "../../hot/connection-id.ts";
import { UdpTracker } from "../../hot/udp-tracker.ts";
import { replyBytesMax } from "../../reply-bytes.ts";
import { dgramEngine } from "./dgram-engine.ts";

test("a worker whose event loop never sleeps is behind, and keeps up again once it does", async (t) => {
  const tracker = new UdpTracker({
    store: createSwarmStore({ memoryBytesMax: 64 * 2 ** 20 }),
    accessList: AccessList.attach(AccessList.build({ mode: "off" })),
    connectionIds: new ConnectionIds(Int32Array.of(1, 2, 3, 4), 3600),
    counters: CounterTable.create(udpCounters, 1).familyRows(0),
    peerIds: new PeerIdSample(undefined),
    ...{ responsePeersMax: 30, scrapeTorrentsMax: 70, interval: new AnnounceInterval(900, 1) },
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
    replyBytesMax: replyBytesMax(30, 70),
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
