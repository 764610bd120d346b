import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { socketDrops } from "./socket-drops.ts";
import {
  closeOpened,
  LOOPBACK,
  openClient,
  openServer,
  sendTo,
  skip,
} from "./testing/udp-loopback.ts";

afterEach(closeOpened);

test("datagrams that find the queue of a socket full are counted as dropped", {
  skip,
}, async () => {
  const server = openServer(4, { receiveBufferBytes: 4096 });
  assert.equal(socketDrops(server.fd), 0);
  const client = await openClient(4);
  for (let i = 0; i < 200; i++)
    await sendTo(client, new Uint8Array(1000), server.port, LOOPBACK[4].name);
  const drops = socketDrops(server.fd) ?? 0;
  assert.ok(drops > 100 && drops < 200, `${drops}`);
});

test("of what is not a socket nothing is known", { skip }, () => {
  assert.equal(socketDrops(-1), undefined);
});
