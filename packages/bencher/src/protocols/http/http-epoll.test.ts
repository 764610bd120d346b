import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { buildFloor, cCompiler } from "../../harness/rivals.ts";

const skip =
  process.platform !== "linux"
    ? "the floor uses Linux' epoll"
    : cCompiler() === undefined
      ? "no C compiler (Debian: apt-get install gcc)"
      : false;

async function startFloor(t: TestContext, mode: "keep-alive" | "close"): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-floor-"));
  const server: ChildProcess = spawn(buildFloor("http-epoll", folder), ["0", "400", mode], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  assert.ok(server.stdout);
  const [line] = await once(server.stdout, "data");
  return Number(/127\.0\.0\.1:(\d+)/.exec(String(line))?.[1]);
}

const REQUEST = "GET /announce?info_hash=x HTTP/1.1\r\nHost: localhost\r\n\r\n";

test("the floor answers every request on a connection with the same whole reply", {
  skip,
}, async (t) => {
  const socket = connect(await startFloor(t, "keep-alive"), "127.0.0.1");
  t.after(() => socket.destroy());
  socket.setEncoding("latin1");
  for (let turn = 0; turn < 3; turn++) {
    socket.write(REQUEST);
    const [reply] = await once(socket, "data");
    const [head = "", body = ""] = String(reply).split("\r\n\r\n");
    assert.equal(Number(/Content-Length: (\d+)/.exec(head)?.[1]), body.length);
    const peers = Number(/5:peers(\d+):/.exec(body)?.[1]);
    assert.equal(peers % 6, 0);
    assert.ok(body.length > 380 && body.length <= 400 && body.endsWith("e"));
  }
});

test("with close the floor says so and closes after its reply", { skip }, async (t) => {
  const socket = connect(await startFloor(t, "close"), "127.0.0.1");
  socket.setEncoding("latin1");
  let reply = "";
  socket.on("data", (text: string) => {
    reply += text;
  });
  socket.write(REQUEST);
  await once(socket, "close");
  assert.match(reply, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nConnection: close\r\n\r\nd8:complete/);
});
