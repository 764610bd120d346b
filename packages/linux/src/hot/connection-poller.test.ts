import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { EAGAIN, EBADF, EMFILE, EPIPE } from "../errno.ts";
import { foreignLibrary } from "../ffi.ts";
import { libc, linuxSupported } from "../libc.ts";
import { NativeMemory } from "../native-memory.ts";
import type { IpFamily } from "../socket-address.ts";
import { closeFd, openTcpListener } from "../sockets.ts";
import { drainWakeFd, openWakeFd, wakeFd } from "../testing/wake-fd.ts";
import { AcceptBatch } from "./accept-batch.ts";
import { ConnectionPoller, POLL_READABLE, POLL_WRITABLE } from "./connection-poller.ts";
import { SOURCE_BYTES } from "./message-table.ts";
import { ReadinessPoller } from "./readiness-poller.ts";
import {
  closeConnection,
  receiveBytes,
  SHUTDOWN_WRITE,
  sendBytes,
  shutdownFd,
} from "./stream-calls.ts";

const skip = linuxSupported() ? false : "this machine is not a supported Linux";
const LISTENER = -1;

/** EPOLLRDHUP: the peer closed its sending side. */
const POLL_PEER_CLOSED = 0x2000;
/** EPOLLET: report a change once instead of a state for as long as it lasts. */
const POLL_EDGE_TRIGGERED = 1 << 31;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

function openServer(family: IpFamily = 4) {
  const address = family === 4 ? Uint8Array.of(127, 0, 0, 1) : new Uint8Array(16).fill(1, 15);
  const listener = openTcpListener({ family, address, port: 0, backlog: 64 });
  const poller = new ConnectionPoller(16);
  assert.equal(poller.add(listener.fd, LISTENER, POLL_READABLE), 0);
  cleanups.push(() => {
    closeFd(listener.fd);
    poller.close();
  });
  return { ...listener, poller };
}

async function openClient(port: number, host = "127.0.0.1"): Promise<Socket> {
  const client = connect(port, host);
  cleanups.push(() => client.destroy());
  await once(client, "connect");
  return client;
}

/** A connected pair: the client's socket and the server's descriptor, which the poller does not watch yet. */
async function openPair() {
  const server = openServer();
  const client = await openClient(server.port);
  const batch = new AcceptBatch(4);
  assert.equal(server.poller.wait(5000), 1);
  assert.equal(server.poller.eventData(0), LISTENER);
  assert.equal(batch.accept(server.fd), 1);
  const fd = batch.fds[0];
  cleanups.push(() => closeConnection(fd));
  return { ...server, client, fd };
}

describe("connections by epoll", { skip }, () => {
  for (const family of [4, 6] as const)
    test(`waiting IPv${family} connections are accepted in one batch, with their addresses`, async () => {
      const server = openServer(family);
      const host = family === 4 ? "127.0.0.1" : "::1";
      const batch = new AcceptBatch(2);
      assert.equal(batch.accept(server.fd), -EAGAIN);
      const clients = [];
      for (let i = 0; i < 3; i++) clients.push(await openClient(server.port, host));
      const ports: number[] = [];
      for (const wanted of [2, 1]) {
        assert.equal(batch.accept(server.fd), wanted);
        for (let i = 0; i < wanted; i++) {
          const at = i * SOURCE_BYTES;
          ports.push((batch.sourceBytes[at + 2] << 8) | batch.sourceBytes[at + 3]);
          assert.equal(batch.sourceBytes[at], family === 4 ? 2 : 10);
          assert.equal(batch.sourceBytes[at + (family === 4 ? 7 : 23)], 1);
          assert.equal(closeConnection(batch.fds[i]), 0);
        }
      }
      assert.deepEqual(
        ports,
        clients.map((client) => client.localPort),
      );
    });

  test("data is reported with the number the connection was added with, read, and answered", async () => {
    const { poller, client, fd } = await openPair();
    const memory = new NativeMemory(4096);
    assert.equal(poller.add(fd, 258, POLL_READABLE), 0);
    assert.equal(poller.wait(0), 0);
    assert.equal(receiveBytes(fd, memory, 0, 4096), -EAGAIN);
    client.write("GET / HTTP/1.1\r\n\r\n");
    assert.equal(poller.wait(5000), 1);
    assert.equal(poller.eventData(0), 258);
    assert.equal(poller.eventFlags(0), POLL_READABLE);
    assert.equal(receiveBytes(fd, memory, 100, 4), 4);
    assert.equal(receiveBytes(fd, memory, 104, 3992), 14);
    assert.equal(Buffer.from(memory.bytes.subarray(100, 118)).toString(), "GET / HTTP/1.1\r\n\r\n");
    const arrived = once(client, "data");
    assert.equal(sendBytes(fd, memory, 104, 1), 1);
    assert.equal(String(await arrived), "/");
  });

  test("a reader that does not read fills the buffer; the poller says when there is room again", async () => {
    const { poller, client, fd } = await openPair();
    client.pause();
    const memory = new NativeMemory(65_536);
    let sent = 0;
    let status = 0;
    while (status >= 0) {
      status = sendBytes(fd, memory, 0, 65_536);
      if (status > 0) sent += status;
    }
    assert.equal(status, -EAGAIN);
    assert.equal(poller.add(fd, 7, POLL_READABLE), 0);
    assert.equal(poller.modify(fd, 7, POLL_READABLE | POLL_WRITABLE), 0);
    assert.equal(poller.wait(0), 0);
    let received = 0;
    const drained = new Promise<void>((resolve) =>
      client.on("data", (data) => {
        received += data.length;
        if (received === sent) resolve();
      }),
    );
    client.resume();
    await drained;
    assert.equal(poller.wait(5000), 1);
    assert.equal(poller.eventFlags(0), POLL_WRITABLE);
    assert.equal(poller.remove(fd), 0);
    assert.equal(poller.wait(0), 0);
  });

  test("a half-closed peer is reported, reads as 0 bytes and can still be answered", async () => {
    const { poller, client, fd } = await openPair();
    const memory = new NativeMemory(64);
    assert.equal(poller.add(fd, 1, POLL_READABLE | POLL_PEER_CLOSED | POLL_EDGE_TRIGGERED), 0);
    client.end();
    await once(client, "finish");
    assert.equal(poller.wait(5000), 1);
    assert.equal(poller.eventFlags(0), POLL_READABLE | POLL_PEER_CLOSED);
    assert.equal(poller.wait(0), 0, "edge-triggered: reported once");
    assert.equal(receiveBytes(fd, memory, 0, 64), 0);
    memory.bytes.set(Buffer.from("bye"));
    const arrived = once(client, "data");
    assert.equal(sendBytes(fd, memory, 0, 3), 3);
    assert.equal(String(await arrived), "bye");
    const ended = once(client, "end");
    assert.equal(shutdownFd(fd, SHUTDOWN_WRITE), 0);
    await ended;
    assert.equal(sendBytes(fd, memory, 0, 3), -EPIPE);
  });

  test("accepted connections inherit TCP_NODELAY", async () => {
    const { fd } = await openPair();
    const memory = new NativeMemory(16);
    memory.words[1] = 4;
    assert.equal(libc().getsockopt(fd, 6, 1, memory.address, memory.address + 4), 0);
    assert.equal(memory.words[0], 1);
  });

  test("more events than the poller holds come with the next wait", async () => {
    const poller = new ConnectionPoller(2);
    const fds = [openWakeFd(), openWakeFd(), openWakeFd()];
    for (const [i, fd] of fds.entries()) {
      assert.equal(poller.add(fd, i, POLL_READABLE | POLL_EDGE_TRIGGERED), 0);
      wakeFd(fd);
    }
    assert.equal(poller.wait(0), 2);
    const seen = [poller.eventData(0), poller.eventData(1)];
    assert.equal(poller.wait(0), 1);
    seen.push(poller.eventData(0));
    assert.deepEqual(seen.sort(), [0, 1, 2]);
    for (const fd of fds) closeFd(fd);
    poller.close();
  });

  test("a closed descriptor is -EBADF for every call, a range outside the memory throws", async () => {
    const { poller, fd } = await openPair();
    const memory = new NativeMemory(64);
    assert.throws(() => receiveBytes(fd, memory, 0, 65), RangeError);
    assert.throws(() => receiveBytes(fd, memory, -1, 1), RangeError);
    assert.throws(() => sendBytes(fd, memory, 64, 1), RangeError);
    assert.throws(() => sendBytes(fd, memory, Number.NaN, 1), RangeError);
    const gone = openWakeFd();
    closeFd(gone);
    assert.equal(receiveBytes(gone, memory, 0, 1), -EBADF);
    assert.equal(sendBytes(gone, memory, 0, 1), -EBADF);
    assert.equal(shutdownFd(gone, SHUTDOWN_WRITE), -EBADF);
    assert.equal(closeConnection(gone), -EBADF);
    assert.equal(poller.add(gone, 0, POLL_READABLE), -EBADF);
    assert.equal(new AcceptBatch(1).accept(gone), -EBADF);
  });

  test("out of descriptors, accept says -EMFILE and the connection waits until there are some again", async () => {
    const server = openServer();
    await openClient(server.port);
    const setLimit = foreignLibrary().bind("setrlimit", "int", ["int", "address"]);
    const getLimit = foreignLibrary().bind("getrlimit", "int", ["int", "address"]);
    const RLIMIT_NOFILE = 7;
    const limit = new NativeMemory(16);
    assert.equal(getLimit(RLIMIT_NOFILE, limit.address), 0);
    const before = limit.words[0];
    const batch = new AcceptBatch(4);
    limit.words[0] = 3;
    assert.equal(setLimit(RLIMIT_NOFILE, limit.address), 0);
    const status = batch.accept(server.fd);
    limit.words[0] = before;
    assert.equal(setLimit(RLIMIT_NOFILE, limit.address), 0);
    assert.equal(status, -EMFILE);
    assert.equal(batch.accept(server.fd), 1);
    closeConnection(batch.fds[0]);
  });
});

describe("wake descriptors", { skip }, () => {
  test("a wake descriptor counts and drains", () => {
    const fd = openWakeFd();
    assert.equal(drainWakeFd(fd), -EAGAIN);
    assert.equal(wakeFd(fd), 0);
    assert.equal(wakeFd(fd), 0);
    assert.equal(drainWakeFd(fd), 2);
    assert.equal(drainWakeFd(fd), -EAGAIN);
    closeFd(fd);
    assert.equal(wakeFd(fd), -EBADF);
  });

  test("a thread blocked in a poller without timeout wakes when another thread says so", async () => {
    for (const kind of ["ConnectionPoller", "ReadinessPoller"]) {
      const fd = openWakeFd();
      const worker = new Worker(new URL("../testing/blocked-worker.js", import.meta.url), {
        workerData: { fd, kind },
      });
      const exited = once(worker, "exit");
      const [ready] = await once(worker, "message");
      assert.equal(ready, "about to block");
      const woken = once(worker, "message");
      assert.equal(wakeFd(fd), 0);
      assert.deepEqual(await woken, [1]);
      await exited;
      closeFd(fd);
    }
  });

  test("a poller of no events ends with its timeout", () => {
    const fd = openWakeFd();
    assert.equal(new ReadinessPoller([fd]).wait(1), 0);
    closeFd(fd);
  });
});
