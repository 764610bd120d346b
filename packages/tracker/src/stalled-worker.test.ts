/** A worker of the running program that stands still for a second: the program's other threads must tell it. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import type { ApiStats } from "@swarmtide/statistics";
import {
  busiestThread,
  LOOPBACK_CONFIG,
  stallObstacle,
  stallThread,
  startProgram,
  until,
} from "@swarmtide/test-kit";

const CONFIG = `${LOOPBACK_CONFIG.replace('page_address = ""', 'page_address = "127.0.0.1:0"')}
[http]
enabled = false
[ws]
enabled = false
`;
const STALL_SECONDS = 1;
/** A thousand connect requests a second. */
const LOAD_MILLISECONDS = 4;
const LOAD_DATAGRAMS = 4;
/** Of one second each. */
const STEADY_READINGS = 3;
const FLOOD_DATAGRAMS = 20_000;
const FLOOD_PER_TURN = 200;

const connectRequest = Buffer.from("00000417271019800000000000000001", "hex");

test("a worker that stalls for a second shows in the p99 of /api/stats, and its health names it", {
  timeout: 60_000,
  skip: stallObstacle() ?? false,
}, async (t) => {
  // Hooks run in this order: the load ends before the program does, which would refuse it.
  const client = createSocket("udp4");
  let load: NodeJS.Timeout | undefined;
  t.after(() => {
    clearInterval(load);
    client.close();
  });
  const program = startProgram(t, CONFIG);
  const [, url = ""] = await program.output(/statistics on (http:\S+)/);
  const [udp = ""] = await program.addresses();
  assert.match(udp, /^127\.0\.0\.1:/);
  client.connect(Number(udp.slice(udp.lastIndexOf(":") + 1)), "127.0.0.1");
  await once(client, "connect");
  const flood = async () => {
    for (let sent = 0; sent < FLOOD_DATAGRAMS; sent += FLOOD_PER_TURN) {
      for (let i = 0; i < FLOOD_PER_TURN; i++) client.send(connectRequest);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  // The first one has the code compiled, and finds the other threads still at their start.
  await flood();
  const worker = await busiestThread(program.child.pid ?? 0, flood);
  load = setInterval(() => {
    for (let i = 0; i < LOAD_DATAGRAMS; i++) client.send(connectRequest);
  }, LOAD_MILLISECONDS);
  const look = async () => {
    const stats = (await (await fetch(`${url}api/stats?history=none`)).json()) as ApiStats;
    const row = stats.latency.find((one) => one.worker === "udp-1");
    const { p99Seconds = 0 } = row?.tenSeconds ?? {};
    const count = row?.minute.count ?? 0;
    return { count, p99Seconds, health: stats.verdicts.health };
  };
  // How many wait during a stall is told by the rate of the second before, so that has to be the load's.
  let last = 0;
  let steady = 0;
  await until("the load alone is measured", async () => {
    const { count } = await look();
    if (count !== last) steady = count - last < FLOOD_DATAGRAMS / 4 ? steady + 1 : 0;
    last = count;
    return steady >= STEADY_READINGS;
  });
  await stallThread(worker, STALL_SECONDS);
  const seen = await until("the p99 of udp-1 tells of the stall", async () => {
    const now = await look();
    return now.p99Seconds > STALL_SECONDS / 2 ? now : undefined;
  });
  assert.notEqual(seen?.health.status, "ok");
  assert.match(seen?.health.reasons.join() ?? "", /udp-1 stalled: 1 of 100 requests waited/);
  assert.equal(await program.end("SIGTERM"), 0);
});
