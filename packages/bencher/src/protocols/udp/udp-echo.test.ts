import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildFloor, cCompiler } from "../../harness/rivals.ts";

const skip =
  process.platform !== "linux"
    ? "the floor uses Linux' recvmmsg"
    : cCompiler() === undefined
      ? "no C compiler (Debian: apt-get install gcc)"
      : false;

test("the floor answers each request of BEP 15 with a reply of the right shape", {
  skip,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-floor-"));
  const server = spawn(buildFloor("udp-echo", folder), ["0", "21", "1000000"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  const [line] = await once(server.stdout, "data");
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(String(line))?.[1]);
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.connect(port, "127.0.0.1");
  await once(socket, "connect");
  const ask = async (hex: string): Promise<Buffer> => {
    socket.send(Buffer.from(hex, "hex"));
    const [reply] = await once(socket, "message");
    return reply;
  };

  const connect = await ask("0000041727101980" + "00000000" + "0a0b0c0d");
  assert.equal(connect.length, 16);
  assert.equal(connect.subarray(0, 8).toString("hex"), "000000000a0b0c0d");
  const connectionId = connect.subarray(8).toString("hex");

  const announce = (wanted: string) =>
    `${connectionId}00000001aabbccdd${"11".repeat(20)}${"22".repeat(20)}${"00".repeat(24)}` +
    `00000002${"00".repeat(8)}${wanted}1ae1`;
  const reply = await ask(announce("0000001e"));
  assert.equal(reply.subarray(0, 8).toString("hex"), "00000001aabbccdd");
  assert.equal(reply.length, 20 + 21 * 6);
  assert.equal((await ask(announce("00000005"))).length, 20 + 5 * 6);

  const scrape = await ask(`${connectionId}0000000255555555${"33".repeat(20 * 3)}`);
  assert.equal(scrape.subarray(0, 8).toString("hex"), "0000000255555555");
  assert.equal(scrape.length, 8 + 3 * 12);
});
