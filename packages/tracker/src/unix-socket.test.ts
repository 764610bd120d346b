/**
 * HTTP and WebTorrent over a unix socket, as a proxy of the same machine reaches them: whoever connects must name its client,
 * the file has its mode, a stale one is replaced, and a hand-over goes on with it.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { readAnnounceReply } from "@swarmtide/http-protocol";
import { linuxSupported } from "@swarmtide/linux";
import { announceTarget, runToEnd, startProgram, temporaryFolder } from "@swarmtide/test-kit";

const skip = linuxSupported() ? false : "needs Linux";

const configOf = (path: string, web = "", more = "") => `[statistics]
page_address = ""
[web]
use_ipv4 = false
use_ipv6 = false
unix_socket = "${path}"
${web}
${more}`;

const LISTENS = /HTTP tracker on http:\/\/unix:(\S+) \(/;

/** An announce for `client`, as a proxy passes it on. */
async function announceFor(path: string, client: string, port: number) {
  const headers = { "X-Forwarded-For": client };
  const asked = request({ socketPath: path, path: announceTarget("a", port), headers });
  asked.end();
  const [response] = await once(asked, "response");
  const chunks: Buffer[] = await response.toArray();
  return readAnnounceReply(Buffer.concat(chunks));
}

const curl = (path: string, ...args: string[]): string =>
  execFileSync("curl", ["--silent", "--globoff", "--unix-socket", path, ...args], {
    encoding: "latin1",
  });

for (const engine of ["epoll", "net"])
  test(`clients that a proxy names over a unix socket are peers, engine ${engine}, two workers`, {
    skip,
    timeout: 60_000,
  }, async (t) => {
    const path = join(temporaryFolder(t), "http.sock");
    const workers = engine === "net" ? "workers = 2" : "";
    const http = engine === "epoll" ? "[http]\nworkers = 2" : "";
    const config = configOf(
      path,
      `engine = "${engine}"\nunix_socket_mode = "606"\n${workers}`,
      http,
    );
    const program = startProgram(t, config, { args: ["--http", "--ws"] });
    assert.equal((await program.output(LISTENS))[1], path);
    await program.output(/Point clients at the proxy of the unix socket\n/);
    assert.equal(statSync(path).mode & 0o777, 0o606);
    for (const [known, client] of ["192.0.2.1", "192.0.2.2", "192.0.2.3"].entries()) {
      const answer = await announceFor(path, client, 7000 + known);
      assert.ok(answer.failureReason === undefined, answer.failureReason);
      assert.equal(answer.externalIp, client);
      assert.equal(answer.peers.length, known);
    }
    const ipv6 = await announceFor(path, "2001:db8::7", 7009);
    assert.ok(ipv6.failureReason === undefined, ipv6.failureReason);
    assert.equal(ipv6.externalIp, "2001:db8::7");

    const url = `http://tracker${announceTarget("a", 7010)}`;
    assert.match(curl(path, url), /failure reason/, "a proxy that names nobody");
    assert.match(curl(path, "-H", "X-Forwarded-For: 192.0.2.9", url), /8:completei0e/);

    const page = connect(path);
    page.write(
      `GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${"A".repeat(22)}==\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n`,
    );
    const [answer] = await once(page, "data");
    assert.match(String(answer), /^HTTP\/1\.1 101 /);
    page.destroy();
    assert.equal(await program.end("SIGTERM"), 0);
  });

test("a PROXY header names the client, and one of the proxy's own connections none", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const path = join(temporaryFolder(t), "http.sock");
  const program = startProgram(t, configOf(path, "proxy_protocol = true"), { args: ["--http"] });
  await program.output(LISTENS);
  const ask = async (header: string) => {
    const client = connect(path);
    client.write(`${header}\r\nGET ${announceTarget("a", 7000)} HTTP/1.0\r\n\r\n`);
    return Buffer.concat(await client.toArray()).toString("latin1");
  };
  const answer = await ask("PROXY TCP4 192.0.2.1 192.0.2.9 1 80");
  assert.ok(answer.includes("11:external ip4:\xc0\x00\x02\x01"), answer);
  assert.match(await ask("PROXY UNKNOWN"), /failure reason/);
  assert.equal(await program.end("SIGTERM"), 0);
});

test("the file of a killed tracker is replaced; one in use, and another file, are not", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "http.sock");
  const first = startProgram(t, configOf(path), { args: ["--http"] });
  await first.output(LISTENS);
  await first.end("SIGKILL");
  assert.ok(existsSync(path));
  const second = startProgram(t, configOf(path), { args: ["--http"] });
  await second.output(LISTENS);
  const off = ["web.use_ipv4=false", "web.use_ipv6=false", 'statistics.page_address=""'];
  const start = (at: string, ...settings: string[]) =>
    runToEnd(
      "--http",
      ...[...off, `web.unix_socket="${at}"`, ...settings].flatMap((text) => ["--set", text]),
    );
  const inUse = start(path);
  assert.equal(inUse.code, 1);
  assert.match(inUse.stderr, /web\.unix_socket = ".*http\.sock": a process listens there/);
  assert.ok((await announceFor(path, "192.0.2.1", 7000)).failureReason === undefined);
  const file = join(folder, "file");
  writeFileSync(file, "kept");
  assert.match(start(file).stderr, /the name is that of another file/);
  assert.ok(statSync(file).isFile());
  assert.match(start(join(folder, "no/http.sock")).stderr, /\/no does not exist; create it/);
  const stranger = start(join(folder, "g.sock"), 'web.unix_socket_group="no-such-group"');
  assert.match(stranger.stderr, /web\.unix_socket = .*No group "no-such-group"/);
  assert.equal(await second.end("SIGTERM"), 0);
});

test("check-config and doctor tell of it, and refuse a path or mode that cannot be", {
  skip,
}, () => {
  const set = ["--set", 'web.unix_socket="/run/swarmtide/http.sock"'];
  const { code, stdout } = runToEnd("check-config", "--http", ...set);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /HTTP tracker: http:\/\/.* and http:\/\/unix:\/run\/swarmtide\/http\.sock\n/,
  );
  assert.match(runToEnd("doctor", "--http", ...set).stdout, /TCP 3000\b(?!, 0)/);
  for (const setting of ['web.unix_socket="http.sock"', 'web.unix_socket_mode="rw"']) {
    const refused = runToEnd("check-config", "--http", "--set", setting);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /expected (an absolute path|three octal digits)/);
  }
});

test("a hand-over goes on with the same socket", { skip, timeout: 60_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "http.sock");
  const config = configOf(path, "", `[handover]\ncontrol_socket = "${join(folder, "control")}"`);
  const args = ["--http", "--take-over"];
  const first = startProgram(t, config, { args });
  await first.output(LISTENS);
  await announceFor(path, "192.0.2.1", 7000);
  const file = statSync(path).ino;
  const second = startProgram(t, config, { args });
  await second.output(/Point clients at|Ready|serves/i);
  assert.equal(await first.ended(), 0);
  assert.equal(statSync(path).ino, file);
  const answer = await announceFor(path, "192.0.2.2", 7001);
  assert.ok(answer.failureReason === undefined, answer.failureReason);
  assert.deepEqual(answer.peers, [{ address: "192.0.2.1", port: 7000 }]);
  assert.equal(await second.end("SIGTERM"), 0);
});
