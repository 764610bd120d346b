/**
 * The tracker behind a real HAProxy that passes connections on and says who connects with the PROXY protocol, versions 1
 * and 2, before HTTP and before TLS. `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing HAProxy a failure instead of a skipped
 * test.
 */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { get as getPlain } from "node:http";
import { get as getSecure } from "node:https";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { announceQueryString, readAnnounceReply } from "@swarmtide/http-protocol";
import {
  FIRST_INHERITED_FD,
  type InheritedListener,
  inheritedListeners,
  LOOPBACK_CONFIG,
  startProgram,
  temporaryFolder,
} from "@swarmtide/test-kit";

const hasHaproxy = spawnSync("haproxy", ["-v"]).status === 0;
const isRequired = process.env.SWARMTIDE_REQUIRE_CLIENTS === "1";
const skip = hasHaproxy || isRequired ? false : "haproxy is not installed";
const testdata = (name: string) =>
  fileURLToPath(new URL(`../../tcp/testdata/${name}`, import.meta.url));

/** A front of HAProxy: where it listens, the port it connects to, and how it says for whom. */
interface Front {
  readonly listener: InheritedListener;
  readonly to: number;
  readonly send: "send-proxy" | "send-proxy-v2";
}

/** Its listeners accept connections from now on, and HAProxy takes them as soon as it runs. */
function startHaproxy(t: TestContext, fronts: readonly Front[]): void {
  const folder = temporaryFolder(t);
  const file = join(folder, "haproxy.cfg");
  const sections = fronts.map(
    ({ to, send }, i) =>
      `listen front${i}\n  bind fd@${FIRST_INHERITED_FD + i}\n  server tracker 127.0.0.1:${to} ${send}\n`,
  );
  const defaults =
    "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n";
  writeFileSync(file, defaults + sections.join(""));
  const haproxy = spawn("haproxy", ["-db", "-f", file], {
    stdio: ["ignore", "ignore", "inherit", ...fronts.map(({ listener }) => listener.fd)],
  });
  const exited = once(haproxy, "exit");
  t.after(async () => {
    haproxy.kill("SIGTERM");
    await exited;
  });
}

/** An announce from one of the loopback addresses. */
async function announce(isTls: boolean, port: number, from: string, peerPort: number) {
  const query = announceQueryString({
    infoHash: Buffer.alloc(20, 7),
    peerId: Buffer.from("-ST0001-abcdefghijkl"),
    port: peerPort,
    left: 1,
  });
  const options = { port, host: "127.0.0.1", localAddress: from, path: `/announce?${query}` };
  const request = isTls
    ? getSecure({ ...options, agent: false, rejectUnauthorized: false })
    : getPlain({ ...options, agent: false });
  const [response] = await once(request, "response");
  const chunks: Buffer[] = await response.toArray();
  const reply = readAnnounceReply(Buffer.concat(chunks));
  assert.ok(reply.failureReason === undefined, reply.failureReason);
  return reply;
}

for (const engine of ["epoll", "net"])
  test(`behind HAProxy with the PROXY protocol the clients' own addresses are recorded, engine ${engine}`, {
    skip,
    timeout: 60_000,
  }, async (t) => {
    assert.ok(hasHaproxy, "haproxy is not installed");
    const lines = [
      "[web]",
      `engine = "${engine}"`,
      "proxy_protocol = true",
      'trusted_proxies = ["127.0.0.1"]',
      'tls_address_ipv4 = "127.0.0.1:0"',
      `tls_certificate_path = "${testdata("ec.crt")}"`,
      `tls_private_key_path = "${testdata("ec-pkcs8.key")}"`,
    ];
    const config = LOOPBACK_CONFIG.replace("[web]", lines.join("\n"));
    const program = startProgram(t, config, { args: ["http"] });
    const urls = await program.httpUrls();
    const portOf = (start: string) =>
      Number(new URL(urls.find((url) => url.startsWith(start)) ?? "").port);
    const targets = [portOf("http://127"), portOf("https://127")];
    const fronts = inheritedListeners(t, 4).map((listener, i) => ({
      listener,
      to: targets[i >> 1] ?? 0,
      send: i % 2 === 0 ? ("send-proxy" as const) : ("send-proxy-v2" as const),
    }));
    startHaproxy(t, fronts);
    for (const [i, { listener, to }] of fronts.entries()) {
      const reply = await announce(to === targets[1], listener.port, `127.0.0.${21 + i}`, 1 + i);
      assert.equal(reply.externalIp, `127.0.0.${21 + i}`);
      assert.equal(reply.peers.length, i);
    }
    assert.equal(await program.end("SIGTERM"), 0);
  });
