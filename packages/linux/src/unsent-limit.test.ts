import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { linuxSupported } from "./libc.ts";
import { limitUnsentBytes } from "./unsent-limit.ts";

const skip = linuxSupported() ? false : "this machine is not a supported Linux";
const WRITTEN_BYTES = 16 * 1024 * 1024;
const LIMIT_BYTES = 16 * 1024;

const fdOf = (socket: Socket): number =>
  (socket as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;

/** Bytes of a large write that wait in Node, since the kernel does not take them, where the other end reads nothing. */
async function waitingInNode(limitBytes: number): Promise<number> {
  const listener = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const client = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  const [server]: Socket[] = await once(listener, "connection");
  assert.ok(server);
  if (limitBytes > 0) assert.equal(limitUnsentBytes(fdOf(server), limitBytes), true);
  let taken = 0;
  // In pieces, so that Node tells of each that the kernel has taken.
  const piece = new Uint8Array(1024);
  for (let written = 0; written < WRITTEN_BYTES; written += piece.length)
    server.write(piece, () => {
      taken += piece.length;
    });
  for (let before = -1; before !== taken; ) {
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  client.destroy();
  server.destroy();
  listener.close();
  return WRITTEN_BYTES - taken;
}

test("what the other end does not take waits with the sender, but for the limit", {
  skip,
}, async () => {
  const [without, withLimit] = [await waitingInNode(0), await waitingInNode(LIMIT_BYTES)];
  assert.ok(withLimit > without + 4 * LIMIT_BYTES, `${without} without, ${withLimit} with`);
});

test("what is no TCP socket has no limit", () => {
  assert.equal(limitUnsentBytes(-1, LIMIT_BYTES), false);
});
