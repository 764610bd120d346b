/**
 * Real trackers on a real NATS server: peers of UDP and HTTP meet across nodes, with users, TLS and permissions, and while servers
 * and nodes fail. `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing nats-server a failure instead of a skipped test.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { ApiStats } from "@swarmtide/statistics";
import {
  announceTarget,
  LOOPBACK_CONFIG,
  makeCertificate,
  NatsServer,
  natsMissing,
  runToEnd,
  type ServingProgram,
  startProgram,
  temporaryFolder,
  UdpClient,
  until,
} from "@swarmtide/test-kit";

/** Most of their time each waits for its processes, so all run at once. */
const ALL_AT_ONCE = { concurrency: true, timeout: 120_000, skip: natsMissing };

const configOf = (name: string, url: string, more = "") => `${LOOPBACK_CONFIG}
[ws]
enabled = false
[swarm]
max_memory = 64
[cluster]
servers = ["${url}"]
name = "${name}"
${more}`;

interface Node {
  readonly program: ServingProgram;
  readonly udp: UdpClient;
  readonly httpUrl: string;
}

async function serving(t: TestContext, program: ServingProgram): Promise<Node> {
  const [address = ""] = await program.addresses();
  const [httpUrl = ""] = await program.httpUrls();
  const udp = await UdpClient.open(address);
  t.after(() => udp.close());
  return { program, udp, httpUrl };
}

/** Starts a node and waits until it has joined. */
async function startNode(t: TestContext, name: string, url: string, more = ""): Promise<Node> {
  const node = await serving(t, startProgram(t, configOf(name, url, more)));
  await node.program.output(/cluster: (joined through|found no other node)/);
  return node;
}

const HASH = Buffer.alloc(20, "a");
const PROBE_PORT = 9;

/** Seeders and leechers that a node answers over UDP, without the one that asks. */
async function countsOf({ udp }: Node): Promise<readonly [seeders: number, leechers: number]> {
  const { seeders, leechers } = await udp.announce(HASH, PROBE_PORT, 1n);
  return [seeders, leechers - 1];
}

async function untilCounts(nodes: readonly Node[], seeders: number, leechers: number) {
  for (const [index, node] of nodes.entries())
    await until(`node ${index} counts ${seeders} seeders and ${leechers} leechers`, async () => {
      const [found, others] = await countsOf(node);
      return found === seeders && others === leechers;
    });
}

async function announceOverHttp({ httpUrl }: Node, port: number, more: string): Promise<string> {
  const answer = await fetch(`${httpUrl}${announceTarget("a", port, more)}`);
  return await answer.text();
}

/** Each may publish as itself only. */
const user = (name: string) => `{ user: "${name}", password: "secret-${name}", permissions: {
  publish: ["swarmtide.v1.records.${name}", "swarmtide.v1.to.*.${name}", "swarmtide.v1.ws.all.${name}", "swarmtide.v1.ws.to.*.${name}"]
  subscribe: ["swarmtide.v1.records.*", "swarmtide.v1.to.${name}.*", "swarmtide.v1.ws.all.*", "swarmtide.v1.ws.to.${name}.*"] } }`;

describe("a cluster on a real NATS server", ALL_AT_ONCE, () => {
  test("peers of UDP and HTTP at three nodes meet, stop and complete as at one, whatever else is published", async (t) => {
    const nats = await NatsServer.start(t);
    const page = '[statistics]\npage_address = "127.0.0.1:0"';
    const config = configOf("a", nats.url).replace('[statistics]\npage_address = ""', page);
    const [a, b] = await Promise.all([
      serving(t, startProgram(t, config)),
      startNode(t, "b", nats.url),
    ]);
    await a.udp.announce(HASH, 1001, 0n);
    await announceOverHttp(b, 1002, "&left=7");
    await untilCounts([a, b], 1, 1);
    // One that starts later has all of them before it is ready.
    const c = await startNode(t, "c", nats.url);
    assert.deepEqual(await countsOf(c), [1, 1]);
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.alloc(5000, 1),
      Buffer.from("8a535743000101", "hex"),
    ])
      await nats.publish("swarmtide.v1.records.b", bytes);
    await announceOverHttp(c, 1003, "&left=3");
    const { peers } = await a.udp.announce(HASH, PROBE_PORT, 1n);
    assert.ok(peers.includes("127.0.0.1:1002"), `${peers}`);
    await untilCounts([a, b, c], 1, 2);
    await announceOverHttp(a, 1003, "&left=0&event=completed");
    await announceOverHttp(b, 1003, "&left=0&event=completed");
    await untilCounts([a, b, c], 2, 1);
    await announceOverHttp(c, 1001, "&left=0&event=stopped");
    await untilCounts([a, b, c], 1, 1);
    for (const node of [a, b, c])
      assert.match(await announceOverHttp(node, 1003, "&left=0"), /10:downloadedi1e/);
    const [, pageUrl = ""] = await a.program.output(/statistics on (\S+)/);
    // The page's numbers are those of the last second.
    for (const line of [
      "swarmtide_cluster_nodes 2",
      'swarmtide_cluster_dropped_messages_total{reason="malformed"} 3',
    ])
      await until(`/metrics has ${line}`, async () => {
        const metrics = await (await fetch(`${pageUrl}metrics`)).text();
        return metrics.split("\n").includes(line);
      });
    assert.equal((await fetch(`${pageUrl}ready`)).status, 200);
    const cluster = await until("/api/stats has announces of others", async () => {
      const { cluster } = (await (await fetch(`${pageUrl}api/stats`)).json()) as ApiStats;
      return cluster !== null && cluster.recordsIn.total > 3 ? cluster : undefined;
    });
    assert.ok(cluster);
    assert.deepEqual([cluster.nodes, cluster.isConnected, cluster.isJoining], [2, true, false]);
    assert.ok(cluster.bytesOut.total > 100);
  });

  test("nodes serve without NATS, from the start and while it is away; one that stands still is cut off and gets what it missed; a restart is silent", async (t) => {
    const nats = await NatsServer.start(t, 'ping_interval: "500ms"\nping_max: 1\ndebug: true');
    await nats.kill();
    const [a, b] = await Promise.all([startNode(t, "a", nats.url), startNode(t, "b", nats.url)]);
    await a.udp.announce(HASH, 1001, 0n);
    assert.deepEqual(await countsOf(b), [0, 0]);
    await nats.run();
    await untilCounts([a, b], 1, 0);
    await nats.kill();
    await a.program.output(/lost the connection to NATS server/);
    await b.udp.announce(HASH, 1002, 5n);
    assert.deepEqual(await countsOf(b), [1, 1]);
    assert.deepEqual(await countsOf(a), [1, 0]);
    await nats.run();
    await untilCounts([a, b], 1, 1);
    assert.match(a.program.stderr, /SWARMTIDE_CLUSTER_CONNECTION/);
    // The server pings it in vain.
    b.program.child.kill("SIGSTOP");
    await nats.says(/Stale Client Connection/);
    await a.udp.announce(HASH, 1003, 0n);
    assert.deepEqual(await countsOf(a), [2, 1]);
    b.program.child.kill("SIGCONT");
    await untilCounts([a, b], 2, 1);
    await b.program.end("SIGKILL");
    const again = await startNode(t, "b", nats.url);
    await untilCounts([a, again], 2, 1);
    assert.doesNotMatch(a.program.stderr, /two nodes have this name/);
  });

  test("with TLS and users a node speaks for itself only, and the doctor says what is wrong", async (t) => {
    const folder = temporaryFolder(t);
    const { certificate, privateKey } = makeCertificate(folder, "localhost");
    const nats = await NatsServer.start(
      t,
      `tls { cert_file: "${certificate}", key_file: "${privateKey}" }
authorization { users: [ ${user("a")}, ${user("b")} ] }`,
    );
    const url = `tls://localhost:${nats.port}`;
    const access = (name: string, password = `secret-${name}`) =>
      `user = "${name}"\npassword = "${password}"\ntls_ca_path = "${certificate}"\n`;
    const [a, b, impostor] = await Promise.all([
      startNode(t, "a", url, access("a")),
      startNode(t, "b", url, access("b")),
      // Says that it is a, with the password of b.
      serving(t, startProgram(t, configOf("a", url, access("b")))),
    ]);
    await a.udp.announce(HASH, 1001, 0n);
    await untilCounts([a, b], 1, 0);
    await impostor.program.output(/Permissions Violation for (Publish|Subscription)/i);
    await impostor.udp.announce(HASH, 1666, 0n);
    await b.udp.announce(HASH, 1002, 0n);
    await untilCounts([a, b], 2, 0);
    const doctor = (more: string) => {
      const file = join(folder, "doctor.toml");
      writeFileSync(file, configOf("a", url, more));
      return runToEnd("doctor", "-c", file).stdout;
    };
    assert.match(doctor(access("a")), /ok +cluster +tls:\/\/localhost:\d+, NATS \d/);
    assert.match(
      doctor(access("a", "wrong")),
      /error +cluster +tls:\S+: cluster\.user = "a": Authorization Violation/i,
    );
    assert.match(
      doctor(access("b")),
      /error +cluster +tls:\S+: cluster\.name = "a": Permissions Violation/i,
    );
  });
});
