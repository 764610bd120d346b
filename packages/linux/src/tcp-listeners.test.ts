import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { libc, linuxSupported } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";
import { writeSocketAddress } from "./socket-address.ts";
import { closeFd, openTcpListener } from "./sockets.ts";
import { SyscallError } from "./syscall-error.ts";
import { findTcpListener } from "./tcp-listeners.ts";

const skip = linuxSupported() ? false : "this machine is not a supported Linux";

const LOOPBACK = Uint8Array.of(127, 0, 0, 1);
const ANY = new Uint8Array(4);
const LOOPBACK6 = Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0));

const at = (address: Uint8Array, port: number) =>
  openTcpListener({ family: address.length === 4 ? 4 : 6, address, port, backlog: 1 });

test("whoever listens is found by port and address, or at all addresses, with its name", {
  skip,
}, () => {
  const { fd, port } = at(LOOPBACK, 0);
  const found = findTcpListener(4, LOOPBACK, port);
  assert.equal(found?.pid, process.pid);
  assert.match(found?.name ?? "", /./);
  assert.equal(findTcpListener(4, ANY, port)?.pid, process.pid);
  assert.equal(findTcpListener(4, Uint8Array.of(127, 0, 0, 2), port), undefined);
  assert.equal(findTcpListener(6, LOOPBACK6, port), undefined);
  closeFd(fd);
  assert.equal(findTcpListener(4, LOOPBACK, port), undefined);
  const other = at(LOOPBACK6, 0);
  assert.equal(findTcpListener(6, LOOPBACK6, other.port)?.pid, process.pid);
  closeFd(other.fd);
});

test("a listener of all IPv6 addresses that takes IPv4 too is found for IPv4", {
  skip,
}, async () => {
  const server = createServer().listen(0, "::");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  assert.equal(findTcpListener(4, LOOPBACK, address.port)?.pid, process.pid);
  server.close();
});

test("the error about a port in use names the program that listens", { skip }, () => {
  const { fd, port } = at(LOOPBACK, 0);
  assert.throws(
    () => at(LOOPBACK, port),
    (error) =>
      error instanceof SyscallError &&
      error.code === "EADDRINUSE" &&
      new RegExp(
        `bind 127\\.0\\.0\\.1:${port} failed with EADDRINUSE: .+ \\(pid ${process.pid}\\) listens`,
      ).test(error.message),
  );
  closeFd(fd);
});

const [SOL_SOCKET, SO_REUSEPORT] = [1, 15];

/** A listener like aquatic's: it shares its port (SO_REUSEPORT) and does not set SO_REUSEADDR. */
function openSharingListener(): { fd: number; port: number } {
  const memory = new NativeMemory(64);
  const fd = libc().socket(2, 1, 0);
  memory.words[0] = 1;
  assert.equal(libc().setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, memory.address, 4), 0);
  const name = writeSocketAddress(4, LOOPBACK, 0);
  memory.bytes.set(name);
  assert.equal(libc().bind(fd, memory.address, name.length), 0);
  assert.equal(libc().listen(fd, 8), 0);
  memory.words[8] = 28;
  assert.equal(libc().getsockname(fd, memory.address, memory.address + 32), 0);
  return { fd, port: (memory.bytes[2] ?? 0) * 256 + (memory.bytes[3] ?? 0) };
}

test("a port is taken over from a program that has stopped, although its connections linger in TIME-WAIT", {
  skip,
}, async () => {
  const before = openSharingListener();
  const client = connect(before.port, "127.0.0.1");
  await once(client, "connect");
  const accepted = libc().accept4(before.fd, 0, 0, 0);
  assert.ok(accepted >= 0);
  client.resume();
  // Who closes first is the one that lingers.
  closeFd(accepted);
  await once(client, "close");
  assert.throws(
    () => at(LOOPBACK, before.port),
    /\(pid \d+\) listens on this address/,
    "it has not stopped yet",
  );
  closeFd(before.fd);
  const { fd, port } = at(LOOPBACK, before.port);
  assert.equal(port, before.port);
  assert.equal(findTcpListener(4, LOOPBACK, port)?.pid, process.pid);
  closeFd(fd);
});
