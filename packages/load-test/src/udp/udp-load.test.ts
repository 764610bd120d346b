import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { linuxSupported } from "@swarmtide/linux";
import { defaultConfig } from "@swarmtide/toml-config";
import { type Deed, FakeTracker, replyTo } from "../testing/fake-tracker.ts";
import { type UdpLoadConfig, udpLoadSchema } from "./config.ts";
import { UdpLoad } from "./udp-load.ts";

const skip = linuxSupported() ? false : "load-test udp sends with Linux' sendmmsg";

const defaults = defaultConfig(udpLoadSchema);
const configFor = (
  serverAddress: UdpLoadConfig["serverAddress"],
  changes: Partial<UdpLoadConfig>,
  network: Partial<UdpLoadConfig["network"]> = {},
): UdpLoadConfig => ({
  ...defaults,
  serverAddress,
  network: { ...defaults.network, recvBuffer: 0, ...network },
  requests: { ...defaults.requests, numberOfTorrents: 100, numberOfPeers: 200 },
  ...changes,
});

test("over sockets, from several addresses, the report is what the tracker saw", {
  skip,
}, async (context) => {
  const deeds: readonly Deed[] = ["answer", "lose", "cut", "twice", "refuse", "answer"];
  const tracker = new FakeTracker((index) => deeds[index % deeds.length] ?? "answer");
  const port = await tracker.serve(context);
  const load = new UdpLoad(
    configFor(
      { host: "127.0.0.1", port },
      { targetRate: 1000, duration: 1 },
      { sourceAddresses: 3 },
    ),
  );
  await load.run();
  const { sent, answered, ...counts } = load.tally.counts();
  assert.deepEqual(sent, tracker.requests);
  assert.ok((sent.announce ?? 0) > 100 && (sent.scrape ?? 0) > 0);
  assert.equal(answered.connect, tracker.requests.connect);
  assert.equal(
    (answered.announce ?? 0) + (answered.scrape ?? 0),
    tracker.count("answer") + tracker.count("twice"),
  );
  assert.equal(counts.errors, tracker.count("refuse"));
  assert.equal(counts.malformed, tracker.count("cut"));
  assert.equal(counts.lost, tracker.count("lose") + tracker.count("cut"));
  assert.deepEqual([counts.unknown, counts.wrongPeers, counts.unsent], [0, 0, 0]);
});

test("a tracker that pauses for two seconds shows in p99.9 of a target rate", {
  skip,
}, async (context) => {
  const tracker = new FakeTracker(() => "answer");
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  context.after(() => socket.close());
  let requests = 0;
  let held: (() => void)[] | undefined;
  socket.on("message", (request, from) => {
    const answer = (): void => {
      for (const reply of tracker.take(request)) socket.send(reply, from.port, from.address);
    };
    if (++requests === 100) {
      held = [];
      setTimeout(() => {
        for (const send of held ?? []) send();
        held = undefined;
      }, 2000);
    }
    if (held) held.push(answer);
    else answer();
  });
  const { port } = socket.address();
  const load = new UdpLoad(
    configFor({ host: "127.0.0.1", port }, { targetRate: 200, duration: 3 }),
  );
  await load.run();
  const { answered, lost } = load.tally.counts();
  assert.equal(lost, 0);
  // Those that were due during the pause were asked for all the same: 400 of 600, and each waited for its end.
  assert.ok(Object.values(answered).reduce((sum, count) => sum + count, 0) > 500);
  const { p50, p999 } = load.tally.latencyMicroseconds();
  assert.ok(p999 >= 1_900_000, `p99.9 is ${p999} µs`);
  assert.ok(p50 >= 100_000, `p50 is ${p50} µs`);
});

test("without a rate as much is sent as is answered, over IPv6 too, until it is stopped", {
  skip,
}, async (context) => {
  const socket = createSocket("udp6");
  socket.bind(0, "::1");
  await once(socket, "listening");
  context.after(() => socket.close());
  let answered = 0;
  const load = new UdpLoad(
    configFor(
      { host: "::1", port: socket.address().port },
      {},
      { inFlightMax: 20, timeout: 60_000 },
    ),
  );
  socket.on("message", (request, from) => {
    const isAnnounce = request.readInt32BE(8) === 1;
    const reply = replyTo(request);
    // An announce reply without peers fits both families.
    socket.send(isAnnounce ? reply.subarray(0, 20) : reply, from.port, from.address);
    if (++answered === 500) load.stop();
  });
  await load.run();
  const { sent, lost, malformed, unknown } = load.tally.counts();
  const total = Object.values(sent).reduce((sum, count) => sum + count, 0);
  assert.ok(total >= 500 && total <= answered + 20, `${total} sent, ${answered} answered`);
  assert.deepEqual([lost, malformed, unknown], [0, 0, 0]);
});
