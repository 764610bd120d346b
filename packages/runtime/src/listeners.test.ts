import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFd, linuxSupported, openTcpListener } from "@swarmtide/linux";
import { HandedSockets, handedSocket } from "./handed-sockets.ts";
import { type Listener, listenerAt } from "./listener.ts";
import { Listeners } from "./listeners.ts";

const skip = linuxSupported() ? false : "this machine is not a supported Linux";

const IPV4_LOOPBACK = Uint8Array.of(127, 0, 0, 1);
const IPV6_LOOPBACK = Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0));

const placeAt = (port: number, family: 4 | 6 = 4, isTls = false): Listener =>
  listenerAt({
    key: `web.address_ipv${family}`,
    family,
    isTls,
    address: family === 4 ? IPV4_LOOPBACK : IPV6_LOOPBACK,
    port,
  });

/** Opens sockets and notes with which port and whether shared. */
function openNoting() {
  const calls: [port: number, reusePort: boolean][] = [];
  const open = ({ family, address }: Listener, port: number, reusePort: boolean) => {
    calls.push([port, reusePort]);
    return openTcpListener({ family, address, port, backlog: 1, reusePort });
  };
  return { calls, open };
}

const portsOf = (listeners: Listeners) =>
  listeners.ofWorkers.map((own) => own.map(({ port }) => port));

test("one worker has its socket alone", { skip }, () => {
  const { calls, open } = openNoting();
  const listeners = Listeners.open([placeAt(0)], 1, open);
  assert.equal(listeners.ofWorkers.length, 1);
  assert.deepEqual(calls, [[0, false]]);
  listeners.close();
});

test("several share a port that was found free by a socket that shares nothing", { skip }, () => {
  const { calls, open } = openNoting();
  const listeners = Listeners.open([placeAt(0), placeAt(0)], 2, open);
  const [one, other] = listeners.places.map(({ port }) => port);
  assert.deepEqual(portsOf(listeners), [
    [one, other],
    [one, other],
  ]);
  assert.deepEqual(calls.slice(0, 2), [
    [0, false],
    [0, false],
  ]);
  assert.deepEqual(calls.slice(2), [
    [one, true],
    [other, true],
    [one, true],
    [other, true],
  ]);
  listeners.close();
});

test("a port that another socket of this user shares is in use all the same, and nothing stays open", {
  skip,
}, () => {
  const taken = openTcpListener({
    family: 4,
    address: IPV4_LOOPBACK,
    port: 0,
    backlog: 1,
    reusePort: true,
  });
  const { open } = openNoting();
  const kept = Listeners.open([placeAt(0)], 2, open);
  assert.throws(
    () => Listeners.open([placeAt(0, 6), placeAt(taken.port)], 2, open),
    /^OperatorError: web\.address_ipv4: bind 127\.0\.0\.1:\d+ failed with EADDRINUSE/,
  );
  kept.close();
  closeFd(taken.fd);
  for (const port of [kept.places[0]?.port ?? 0, taken.port])
    Listeners.open([placeAt(port)], 1, open).close();
});

test("both families of one kind take the same free port, other kinds another", { skip }, () => {
  for (const workers of [1, 2]) {
    const places = [placeAt(0), placeAt(0, 6), placeAt(0, 4, true), placeAt(0, 6, true)];
    const listeners = Listeners.open(places, workers, openNoting().open);
    for (const [ipv4, ipv6, tlsIpv4, tlsIpv6] of portsOf(listeners)) {
      assert.equal(ipv4, ipv6);
      assert.equal(tlsIpv4, tlsIpv6);
      assert.notEqual(ipv4, tlsIpv4);
    }
    listeners.close();
  }
});

test("where the free port of one family is taken in the other, another is found", { skip }, () => {
  let taken: number | undefined;
  const listeners = Listeners.open([placeAt(0), placeAt(0, 6)], 1, (place, port, reusePort) => {
    const { family, address } = place;
    if (family === 6 && taken === undefined) {
      taken = openTcpListener({ family, address, port, backlog: 1 }).fd;
    }
    return openTcpListener({ family, address, port, backlog: 1, reusePort });
  });
  assert.equal(listeners.places[0]?.port, listeners.places[1]?.port);
  listeners.close();
  closeFd(taken ?? -1);
});

test("a descriptor that was handed over is a listener with its key, and nothing is opened for it", {
  skip,
}, () => {
  const { calls, open } = openNoting();
  const socket = openTcpListener({ family: 4, address: IPV4_LOOPBACK, port: 0, backlog: 1 });
  const handed = new HandedSockets(handedSocket("tcp", { ...placeAt(socket.port), fd: socket.fd }));
  const listeners = Listeners.open([placeAt(socket.port)], 1, open, handed.of("tcp"));
  assert.deepEqual(listeners.addresses, [`127.0.0.1:${socket.port}`]);
  assert.equal(listeners.ofWorkers[0]?.[0]?.key, "web.address_ipv4");
  assert.equal(listeners.ofWorkers[0]?.[0]?.fd, socket.fd);
  assert.deepEqual(calls, []);
  listeners.close();
  Listeners.open([placeAt(socket.port)], 1, open).close();
});

for (const [before, after] of [
  [1, 3],
  [4, 3],
  [2, 2],
] as const)
  test(`of ${before} workers' sockets each is read by some of ${after} workers, and each worker reads one`, {
    skip,
  }, () => {
    const former = Listeners.open([placeAt(0), placeAt(0, 6)], before, openNoting().open);
    const fds = former.ofWorkers.flatMap((own) => own.map(({ fd }) => fd));
    const handed = new HandedSockets(
      former.ofWorkers.flat().flatMap((listener) => handedSocket("tcp", listener)),
    );
    const { calls, open } = openNoting();
    // A new place beside them is opened, and port 0 stands for what the same key had.
    const places = [placeAt(0), placeAt(0, 4, true), placeAt(0, 6)];
    const listeners = Listeners.open(places, after, open, handed);
    assert.deepEqual(
      listeners.places.map(({ family, isTls }) => [family, isTls]),
      [
        [4, false],
        [4, true],
        [6, false],
      ],
    );
    assert.ok(calls.length > 0);
    for (const family of [4, 6]) {
      const read = listeners.ofWorkers.map((own) =>
        own.filter((one) => one.family === family && !one.isTls),
      );
      assert.ok(read.every((own) => own.length >= 1));
      const readFds = new Set(read.flat().map(({ fd }) => fd));
      assert.equal(readFds.size, Math.max(before, after));
      const ports = new Set(read.flat().map(({ port }) => port));
      assert.deepEqual([...ports], [former.places[0]?.port]);
    }
    const all = listeners.ofWorkers.flat().map(({ fd }) => fd);
    assert.ok(fds.every((fd) => all.includes(fd)));
    assert.deepEqual(handed.closeRest(), []);
    listeners.close();
  });

test("sockets that nobody takes are closed and named", { skip }, () => {
  const socket = openTcpListener({ family: 4, address: IPV4_LOOPBACK, port: 0, backlog: 1 });
  const handed = new HandedSockets(handedSocket("udp", { ...placeAt(socket.port), fd: socket.fd }));
  assert.equal(handed.of("tcp").take(placeAt(socket.port), 1), undefined);
  assert.deepEqual(
    handed.closeRest().map(({ key, port }) => [key, port]),
    [["web.address_ipv4", socket.port]],
  );
  assert.throws(() => closeFd(socket.fd));
});
