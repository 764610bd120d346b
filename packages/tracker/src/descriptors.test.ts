/** The real program with few file descriptors (`ulimit -n`): more clients connect than it can have open. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { LOOPBACK_CONFIG, startProgram, temporaryFolder, until } from "@swarmtide/test-kit";

/** Fewer are too few to start with: the loader of modules opens many files at once in each worker. */
const OPEN_FILES = 384;
const REQUEST = "GET /health HTTP/1.1\r\nHost: t\r\n\r\n";
const testdata = (name: string) =>
  fileURLToPath(new URL(`../../tcp/testdata/${name}`, import.meta.url));

async function open(url: URL): Promise<Socket> {
  const at = { port: Number(url.port), host: url.hostname };
  const isTls = url.protocol === "https:";
  const socket = isTls ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at);
  await once(socket, isTls ? "secureConnect" : "connect");
  return socket;
}

async function askHealth(socket: Socket): Promise<string> {
  let text = "";
  socket.write(REQUEST);
  while (!text.endsWith("ok\n")) {
    const [chunk] = await once(socket, "data");
    text += chunk;
  }
  return text;
}

/** Whether a new connection is served; not, when it is closed instead. */
async function isServed(url: URL): Promise<boolean> {
  let socket: Socket;
  try {
    socket = await open(url);
  } catch {
    return false;
  }
  const isAnswered = await new Promise<boolean>((resolve) => {
    socket.on("data", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
    socket.write(REQUEST);
  });
  socket.destroy();
  return isAnswered;
}

for (const [engine, protocol] of [
  ["epoll", "http:"],
  ["net", "http:"],
  ["epoll", "https:"],
] as const)
  test(`with ${OPEN_FILES} descriptors and more clients, engine ${engine}, ${protocol} clients go on and certificates are renewed`, {
    timeout: 60_000,
    skip: process.platform === "linux" ? false : "ulimit -n is for Linux here",
  }, async (t) => {
    const folder = temporaryFolder(t);
    const [certificate, key] = [join(folder, "server.crt"), join(folder, "server.key")];
    copyFileSync(testdata("ec.crt"), certificate);
    copyFileSync(testdata("ec-pkcs8.key"), key);
    const lines = [
      "[web]",
      `engine = "${engine}"`,
      'tls_address_ipv4 = "127.0.0.1:0"',
      `tls_certificate_path = "${certificate}"`,
      `tls_private_key_path = "${key}"`,
    ];
    const config = LOOPBACK_CONFIG.replace("[web]", lines.join("\n"));
    const program = startProgram(t, config, { openFiles: OPEN_FILES });
    const urls = (await program.httpUrls()).map((text) => new URL(text));
    const url = urls.find((each) => each.protocol === protocol && each.hostname === "127.0.0.1");
    assert.ok(url !== undefined);

    const kept = await open(url);
    await askHealth(kept);
    const crowd = Array.from({ length: OPEN_FILES }, () => {
      const socket = connect({ port: Number(url.port), host: url.hostname });
      socket.on("error", () => socket.destroy());
      return socket;
    });
    await program.output(/could not be accepted for lack of file descriptors \(\d+ times\)/);
    for (let i = 0; i < 100; i++) await askHealth(kept);

    copyFileSync(testdata("rsa.crt"), certificate);
    copyFileSync(testdata("rsa-pkcs8.key"), key);
    program.child.kill("SIGHUP");
    await program.output(/TLS files reloaded/);
    await askHealth(kept);

    for (const socket of crowd) socket.destroy();
    await until("a new connection is served", () => isServed(url));
    await askHealth(kept);
    kept.destroy();
    assert.equal(await program.end("SIGTERM"), 0);
    assert.doesNotMatch(program.stderr, /EMFILE|at .*\.js/);
  });
