/**
 * The tracker behind a real nginx, as docs/http.md sets it up. `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing nginx a
 * failure instead of a skipped test.
 */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { announceQueryString, readAnnounceReply } from "@swarmtide/http-protocol";
import {
  FIRST_INHERITED_FD,
  type InheritedListener,
  inheritedListeners,
  LOOPBACK_CONFIG,
  startProgram,
  temporaryFolder,
} from "@swarmtide/test-kit";

const hasNginx = spawnSync("nginx", ["-v"]).status === 0;
const isRequired = process.env.SWARMTIDE_REQUIRE_CLIENTS === "1";
const skip = hasNginx || isRequired ? false : "nginx is not installed";

/** nginx on a socket that listens already: it takes over those that NGINX names, as it does from the nginx before. */
function startNginx(t: TestContext, { fd, port }: InheritedListener, trackerUrl: string): void {
  const folder = temporaryFolder(t);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(" ");
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr; user root;
    events { worker_connections 64; }
    http {
      access_log off; ${temporary}
      upstream tracker { server ${trackerUrl.replace("http://", "")}; keepalive 8; }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://tracker;
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }
      }
    }`,
  );
  const arguments_ = ["-p", folder, "-c", "nginx.conf", "-e", "stderr"];
  const nginx = spawn("nginx", arguments_, {
    env: { ...process.env, NGINX: `${FIRST_INHERITED_FD};` },
    stdio: ["ignore", "ignore", "inherit", fd],
  });
  const exited = once(nginx, "exit");
  t.after(async () => {
    nginx.kill("SIGQUIT");
    await exited;
  });
}

/** An announce from one of the loopback addresses, with a forged header. */
async function announce(port: number, from: string, peerPort: number) {
  const query = announceQueryString({
    infoHash: Buffer.alloc(20, 7),
    peerId: Buffer.from("-ST0001-abcdefghijkl"),
    port: peerPort,
    left: peerPort,
  });
  const request = get({
    host: "127.0.0.1",
    port,
    localAddress: from,
    path: `/announce?${query}`,
    headers: { "X-Forwarded-For": "203.0.113.9" },
    agent: false,
  });
  const [response] = await once(request, "response");
  const chunks: Buffer[] = await response.toArray();
  return readAnnounceReply(Buffer.concat(chunks));
}

test("behind nginx the clients' own addresses are recorded, whatever they forge", {
  skip,
  timeout: 60_000,
}, async (t) => {
  assert.ok(hasNginx, "nginx is not installed");
  const config = LOOPBACK_CONFIG.replace("[web]", '[web]\ntrusted_proxies = ["127.0.0.1"]');
  const program = startProgram(t, config, { args: ["http"] });
  const [url = ""] = await program.httpUrls();
  const [listener] = inheritedListeners(t, 1);
  assert.ok(listener !== undefined);
  const { port } = listener;
  startNginx(t, listener, url);

  const first = await announce(port, "127.0.0.11", 1);
  assert.ok(first.failureReason === undefined);
  assert.equal(first.externalIp, "127.0.0.11");
  const second = await announce(port, "127.0.0.12", 2);
  assert.ok(second.failureReason === undefined);
  assert.deepEqual(second.peers, [{ address: "127.0.0.11", port: 1 }]);

  const direct = await announce(Number(new URL(url).port), "127.0.0.13", 3);
  assert.ok(direct.failureReason === undefined);
  assert.equal(direct.externalIp, "127.0.0.13");
  assert.equal(await program.end("SIGTERM"), 0);
});

test("nginx reaches the tracker over a unix socket, and no address needs to be trusted", {
  skip,
  timeout: 60_000,
}, async (t) => {
  assert.ok(hasNginx, "nginx is not installed");
  const path = join(temporaryFolder(t), "http.sock");
  const config = LOOPBACK_CONFIG.replace("[web]", `[web]\nunix_socket = "${path}"`);
  const program = startProgram(t, config, { args: ["http"] });
  await program.httpUrls();
  const [listener] = inheritedListeners(t, 1);
  assert.ok(listener !== undefined);
  startNginx(t, listener, `unix:${path}`);
  const reply = await announce(listener.port, "127.0.0.14", 4);
  assert.ok(reply.failureReason === undefined);
  assert.equal(reply.externalIp, "127.0.0.14");
  assert.equal(await program.end("SIGTERM"), 0);
});
