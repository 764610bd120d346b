import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DescriptorChannel } from "./descriptor-channel.ts";
import { receiveBytes } from "./hot/stream-calls.ts";
import { libc, linuxSupported } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";
import { closeFd, duplicateFd, openTcpListener, openUdpSocket } from "./sockets.ts";
import { SyscallError } from "./syscall-error.ts";
import { connectUnix, openUnixListener, peerCredentials } from "./unix-streams.ts";

const skip = linuxSupported() ? false : "this machine is not a supported Linux";
const LOOPBACK = new Uint8Array([127, 0, 0, 1]);
const WAIT_MILLISECONDS = 5000;

function pathIn(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-channel-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "control");
}

function pair(t: TestContext) {
  const path = pathIn(t);
  const listener = openUnixListener(path);
  const client = connectUnix(path);
  const accepted = libc().accept4(listener, 0, 0, 0o4000);
  const ends = {
    path,
    here: new DescriptorChannel(client),
    there: new DescriptorChannel(accepted),
  };
  t.after(() => closeFd(listener));
  return { ...ends, client, accepted };
}

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

test("bytes arrive in order, and the end of the stream is no bytes", { skip }, (t) => {
  const { here, there } = pair(t);
  assert.equal(there.receive(), undefined);
  assert.equal(here.send(new TextEncoder().encode("one")), 3);
  assert.equal(here.send(new TextEncoder().encode("two")), 3);
  assert.ok(there.wait(WAIT_MILLISECONDS));
  assert.equal(text(there.receive()?.bytes), "onetwo");
  here.close();
  assert.ok(there.wait(WAIT_MILLISECONDS));
  assert.equal(there.receive()?.bytes.length, 0);
  assert.throws(() => there.send(new Uint8Array(1)), SyscallError);
  there.close();
});

test("a stream that nobody reads takes what fits and then nothing", { skip }, (t) => {
  const { here, there } = pair(t);
  const bytes = new Uint8Array(100_000).fill(7);
  let sent = 0;
  for (let more = here.send(bytes); more > 0; more = here.send(bytes)) sent += more;
  let received = 0;
  for (let some = there.receive(); some !== undefined; some = there.receive())
    received += some.bytes.length;
  assert.ok(sent > 0);
  assert.equal(received, sent);
  here.close();
  there.close();
});

test("datagrams and connections that wait in a socket are read by whoever gets its descriptor", {
  skip,
}, async (t) => {
  const { here, there } = pair(t);
  const udp = openUdpSocket({ family: 4, address: LOOPBACK, port: 0 });
  const tcp = openTcpListener({ family: 4, address: LOOPBACK, port: 0, backlog: 8 });
  const sender = openUdpSocket({ family: 4, address: LOOPBACK, port: 0 });
  const name = new NativeMemory(16);
  name.bytes.set([2, 0, udp.port >> 8, udp.port & 255, 127, 0, 0, 1]);
  assert.equal(libc().connect(sender.fd, name.address, 16), 0);
  const word = new NativeMemory(4);
  for (const value of [1, 2, 3]) {
    word.words[0] = value;
    assert.equal(libc().send(sender.fd, word.address, 4, 0), 4);
  }
  const client = connect(tcp.port, "127.0.0.1");
  await new Promise((resolve) => client.once("connect", resolve));
  client.write("hello");

  assert.equal(here.send(new Uint8Array([1]), [udp.fd, tcp.fd]), 1);
  closeFd(udp.fd);
  closeFd(tcp.fd);
  assert.ok(there.wait(WAIT_MILLISECONDS));
  const [udpFd = -1, tcpFd = -1] = there.receive()?.fds ?? [];
  for (const value of [1, 2, 3]) {
    assert.equal(receiveBytes(udpFd, word, 0, 4), 4);
    assert.equal(word.words[0], value);
  }
  const server = createServer((socket) => socket.pipe(socket));
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen({ fd: tcpFd }, resolve));
  const [echoed] = await Promise.all([
    new Promise((resolve) => client.once("data", (data) => resolve(String(data)))),
  ]);
  assert.equal(echoed, "hello");
  client.destroy();
  for (const fd of [udpFd, sender.fd]) closeFd(fd);
  here.close();
  there.close();
});

test("descriptors end what is received together, so that they belong to the last of its bytes", {
  skip,
}, (t) => {
  const { here, there, accepted } = pair(t);
  here.send(new Uint8Array([1]));
  here.send(new Uint8Array([2]), [accepted, accepted]);
  here.send(new Uint8Array([3]));
  const parts: { bytes: number[]; fds: number }[] = [];
  for (let some = there.receive(); some !== undefined; some = there.receive()) {
    parts.push({ bytes: Array.from(some.bytes), fds: some.fds.length });
    for (const fd of some.fds) closeFd(fd);
  }
  assert.deepEqual(
    parts.flatMap(({ bytes }) => bytes),
    [1, 2, 3],
  );
  assert.equal(
    parts.reduce((sum, { fds }) => sum + fds, 0),
    2,
  );
  assert.equal(parts.at(-1)?.fds, 0);
  here.close();
  there.close();
});

test("the kernel tells who is at the other end, and the path is for its owner alone", {
  skip,
}, (t) => {
  const { path, here, there, client, accepted } = pair(t);
  const own = { pid: process.pid, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  assert.deepEqual(peerCredentials(accepted), own);
  assert.deepEqual(peerCredentials(client), own);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  here.close();
  there.close();
});

test("a path that is taken, or where nobody listens, is an error that names it", { skip }, (t) => {
  const path = pathIn(t);
  const isFailure = (call: string, code: string) => (error: unknown) =>
    error instanceof SyscallError &&
    error.call === call &&
    error.code === code &&
    error.subject === path;
  assert.throws(() => connectUnix(path), isFailure("connect", "ENOENT"));
  const fd = openUnixListener(path);
  assert.throws(() => openUnixListener(path), isFailure("bind", "EADDRINUSE"));
  closeFd(fd);
  assert.throws(() => connectUnix(path), isFailure("connect", "ECONNREFUSED"));
});

test("a duplicate is the same socket and stays open on its own", { skip }, () => {
  const { fd, port } = openUdpSocket({ family: 4, address: LOOPBACK, port: 0 });
  const copy = duplicateFd(fd);
  closeFd(fd);
  assert.throws(() => openUdpSocket({ family: 4, address: LOOPBACK, port }), SyscallError);
  closeFd(copy);
  assert.throws(() => duplicateFd(copy), SyscallError);
});
