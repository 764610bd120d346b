import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { CounterTable, Histogram, Refusals, RoundTimer } from "@swarmtide/metrics";
import { Admission, createSwarmStore, EVERY_TORRENT, PeerIdSample } from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { makePeersByAddress, wsColumns, wsSection } from "@swarmtide/ws";
import { formatUpgradeRequest } from "@swarmtide/ws-protocol";
import { tcpCounters } from "../counters.ts";
import { socketPair } from "../testing/socket-pair.ts";
import { WsEndpoint } from "./ws-endpoint.ts";

const LOOPBACK = Uint8Array.of(127, 0, 0, 1);

/** An endpoint that serves one page, and what it counts. */
function open() {
  const counters = CounterTable.create(wsColumns.wsCounters, 1).row(0);
  const endpoint = new WsEndpoint({
    config: { ...defaultConfig(wsSection), allowedOrigins: ["https://films.example"] },
    worker: 0,
    workers: 1,
    ownerSecret: 1,
    peers: [undefined],
    counters,
    tcpCounters: CounterTable.create(tcpCounters, 1).row(0),
    refusals: Refusals.writer(undefined, 0, wsColumns.wsCounters),
    rounds: new RoundTimer(Histogram.create({ rows: 1 }).row(0), 50, performance.now()),
    peerIds: new PeerIdSample(undefined),
    tcpRefusals: Refusals.writer(undefined, 0, tcpCounters),
    admission: new Admission(EVERY_TORRENT),
    store: createSwarmStore({ memoryBytesMax: 64 * 1024 * 1024 }),
    limits: undefined,
    peersByAddress: makePeersByAddress(),
    trustedProxies: [],
    forwardedHeaderName: "X-Forwarded-For",
    connectionsMax: 10,
    connectionsPerAddressMax: 10,
  });
  return { counters, endpoint };
}

test("an upgrade that is refused is counted, answered and closed; one that is taken is neither", async (t) => {
  const { counters, endpoint } = open();
  const request = (origin: string) =>
    Buffer.from(
      formatUpgradeRequest({ host: "a", target: "/", key: "dGhlIHNhbXBsZSBub25jZQ==", origin }),
    );
  const refused = await socketPair(t);
  endpoint.adopt(refused.server, LOOPBACK, request("https://elsewhere.example"));
  const [head] = await once(refused.client, "data");
  assert.match(String(head), /^HTTP\/1\.1 403 /);
  await once(refused.client, "end");
  assert.equal(counters[wsColumns.UPGRADES_REFUSED], 1);
  assert.equal(endpoint.sessionCount, 0);

  const taken = await socketPair(t);
  endpoint.adopt(taken.server, LOOPBACK, request("https://films.example"));
  const [reply] = await once(taken.client, "data");
  assert.match(String(reply), /^HTTP\/1\.1 101 /);
  assert.equal(counters[wsColumns.UPGRADES_REFUSED], 1);
  assert.equal(endpoint.sessionCount, 1);
  taken.client.destroy();
  await endpoint.stop();
  assert.equal(endpoint.sessionCount, 0);
});
