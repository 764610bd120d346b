import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig } from "@swarmtide/toml-config";
import { startServer } from "../testing/fake-web-socket-tracker.ts";
import { type WsLoadConfig, wsLoadSchema } from "./config.ts";
import { WsLoad } from "./ws-load.ts";

const defaults = defaultConfig(wsLoadSchema);
const configFor = (port: number, changes: Partial<WsLoadConfig>): WsLoadConfig => ({
  ...defaults,
  serverAddress: { host: "127.0.0.1", port },
  numConnections: 5,
  ...changes,
  torrents: { ...defaults.torrents, numberOfTorrents: 9, offersPerRequest: 1, sdpBytes: 20 },
});

for (const isTls of [false, true])
  test(`at a rate all requests are sent and answered, from several addresses, ${isTls ? "over TLS" : "plain"}`, async (context) => {
    const tracker = await startServer(context, { isTls });
    const load = new WsLoad(
      configFor(tracker.port, {
        ...{ enableTls: isTls, targetRate: 300, duration: 1, sourceAddresses: 3 },
      }),
    );
    await load.run();
    const { sent, answered, lost, unknown, errors } = load.tally.counts();
    assert.deepEqual(answered, sent);
    assert.deepEqual(sent, tracker.requests);
    assert.deepEqual([lost, unknown, errors], [0, 0, 0]);
    assert.ok((sent.announce ?? 0) > 100 && (sent.announce ?? 0) <= 301);
    assert.deepEqual([...tracker.sources].sort(), ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
    assert.equal(tracker.peers.size, 5);
  });

test("a tracker that pauses for two seconds shows in p99.9 of a target rate", async (context) => {
  const tracker = await startServer(context, { pauseAt: 50, pauseMilliseconds: 2000 });
  const load = new WsLoad(configFor(tracker.port, { targetRate: 100, duration: 3 }));
  await load.run();
  const { sent, lost } = load.tally.counts();
  assert.equal(lost, 0);
  // Those that were due during the pause were sent after it.
  assert.ok((sent.announce ?? 0) + (sent.scrape ?? 0) > 250);
  const { p999, p50 } = load.tally.latencyMicroseconds();
  assert.ok(p999 >= 1_900_000, `p99.9 is ${p999} µs`);
  assert.ok(p50 >= 100_000, `p50 is ${p50} µs`);
});

test("a load that is stopped waits for the replies that are under way", async (context) => {
  const tracker = await startServer(context, { delayMilliseconds: 100 });
  const load = new WsLoad(configFor(tracker.port, {}));
  tracker.onRequest = (count) => {
    if (count === 20) load.stop();
  };
  await load.run();
  const { sent, answered, lost } = load.tally.counts();
  assert.deepEqual([answered, lost], [sent, 0]);
});

for (const [share, form] of [
  [0, "in full"],
  [1, "resumed"],
  [0.5, "in full and resumed"],
] as const)
  test(`clients that leave after three replies are replaced by others, handshakes ${form}`, async (context) => {
    const tracker = await startServer(context, { isTls: true });
    const config = {
      enableTls: true,
      requestsPerConnection: 3,
      tlsResumeShare: share,
      duration: 0,
    };
    const load = new WsLoad(configFor(tracker.port, config));
    tracker.onRequest = (count) => {
      if (count === 300) load.stop();
    };
    await load.run();
    const { sent, answered, lost, unknown, ...counts } = load.tally.counts();
    assert.deepEqual(answered, sent);
    assert.deepEqual([lost, unknown, counts.errors], [0, 0, 0]);
    const requests = tracker.requests.announce + tracker.requests.scrape;
    assert.ok(tracker.connections >= requests / 3, `${tracker.connections} for ${requests}`);
    assert.ok(tracker.peers.size > 50, "each that comes is another peer");
    // Five were on their way when the load ended: one side may not have seen the end of a handshake that the other has.
    const handshakes = counts.fullHandshakes + counts.resumedHandshakes;
    assert.ok(Math.abs(handshakes - tracker.connections) <= 5);
    assert.ok(Math.abs(counts.resumedHandshakes - tracker.resumed) <= 5);
    if (share === 0) assert.equal(tracker.resumed, 0);
    if (share === 1) assert.ok(counts.fullHandshakes < 20 && tracker.resumed > 50);
    if (share === 0.5) assert.ok(counts.fullHandshakes > 15 && tracker.resumed > 15);
  });

test("an answer for a client that has left since is not the tracker's error", async (context) => {
  const tracker = await startServer(context, { refusesAnswers: true });
  const config = configFor(tracker.port, { requestsPerConnection: 2, duration: 0 });
  const torrents = { ...config.torrents, torrentsPerConnection: 9, answerShare: 1, scrapeShare: 0 };
  const load = new WsLoad({ ...config, torrents });
  tracker.onRequest = (count) => {
    if (load.tally.late >= 5 || count === 50_000) load.stop();
  };
  await load.run();
  assert.ok(load.tally.late >= 5, `${load.tally.late} late, ${load.tally.errors} errors`);
});
