import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { describe, test } from "node:test";
import { until } from "@swarmtide/test-kit";
import { EAGAIN } from "./errno.ts";
import { receiveBytes } from "./hot/stream-calls.ts";
import { linuxSupported } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";
import { closeFd, openTcpConnection, openTcpListener, openUdpSocket } from "./sockets.ts";
import { SyscallError } from "./syscall-error.ts";

const skip = linuxSupported() ? false : "this machine is not a supported Linux";
const ANY = new Uint8Array(4);
const LOCAL = Uint8Array.of(127, 0, 0, 1);

const failureOf = (action: () => unknown): SyscallError => {
  try {
    action();
  } catch (error) {
    if (error instanceof SyscallError) return error;
    throw error;
  }
  throw new Error("no SyscallError was thrown");
};

describe("sockets", { skip }, () => {
  test("port 0 takes a free port and says which", () => {
    const socket = openUdpSocket({ family: 4, address: ANY, port: 0 });
    assert.ok(socket.port > 0);
    closeFd(socket.fd);
  });

  test("a taken port is an error that names call, address, cause and remedy", () => {
    const first = openUdpSocket({ family: 4, address: LOCAL, port: 0 });
    const error = failureOf(() => openUdpSocket({ family: 4, address: LOCAL, port: first.port }));
    assert.equal(error.call, "bind");
    assert.equal(error.code, "EADDRINUSE");
    assert.equal(error.subject, `127.0.0.1:${first.port}`);
    assert.match(error.message, /^bind 127\.0\.0\.1:\d+ failed with EADDRINUSE: another program/);
    closeFd(first.fd);
  });

  test("several sockets with reusePort share a port", () => {
    const options = { family: 4, address: LOCAL, reusePort: true } as const;
    const first = openUdpSocket({ ...options, port: 0 });
    const second = openUdpSocket({ ...options, port: first.port });
    assert.equal(second.port, first.port);
    closeFd(first.fd);
    closeFd(second.fd);
  });

  test("an address that no interface has is EADDRNOTAVAIL, for IPv6 with a short spelling", () => {
    const documentation = Uint8Array.of(192, 0, 2, 1);
    const error = failureOf(() => openUdpSocket({ family: 4, address: documentation, port: 0 }));
    assert.equal(error.code, "EADDRNOTAVAIL");
    const six = new Uint8Array(16);
    six.set([0x20, 0x01, 0x0d, 0xb8], 0);
    six[15] = 1;
    const error6 = failureOf(() => openUdpSocket({ family: 6, address: six, port: 0 }));
    assert.equal(error6.subject, "[2001:db8::1]:0");
  });

  test("a refused socket leaves no descriptor behind", () => {
    const taken = openUdpSocket({ family: 4, address: LOCAL, port: 0 });
    const lowestFreeFd = () => {
      const { fd } = openUdpSocket({ family: 4, address: LOCAL, port: 0 });
      closeFd(fd);
      return fd;
    };
    const before = lowestFreeFd();
    for (let i = 0; i < 5; i++)
      failureOf(() => openUdpSocket({ family: 4, address: LOCAL, port: taken.port }));
    assert.equal(lowestFreeFd(), before);
    closeFd(taken.fd);
  });

  test("a receive buffer is granted as asked or capped, and the size is reported", () => {
    const asked = 65_536;
    const socket = openUdpSocket({ family: 4, address: LOCAL, port: 0, receiveBufferBytes: asked });
    assert.equal(socket.receiveBufferBytes, asked);
    closeFd(socket.fd);
    const huge = openUdpSocket({ family: 4, address: LOCAL, port: 0, receiveBufferBytes: 2 ** 26 });
    assert.ok(huge.receiveBufferBytes > asked && huge.receiveBufferBytes <= 2 ** 26);
    closeFd(huge.fd);
  });

  test("a TCP listener accepts a client on the port it reports, and may be reopened at once", async () => {
    const options = { family: 4, address: LOCAL, backlog: 16 } as const;
    const listener = openTcpListener({ ...options, port: 0 });
    const client = connect(listener.port, "127.0.0.1");
    await once(client, "connect");
    client.destroy();
    closeFd(listener.fd);
    const again = openTcpListener({ ...options, port: listener.port });
    assert.equal(again.port, listener.port);
    closeFd(again.fd);
  });

  test("a TCP connection comes from the address it is told, and a target that refuses is told when it is read", async (context) => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    context.after(() => server.close());
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    const { port } = address;
    const accepted = once(server, "connection");
    const source = Uint8Array.of(127, 0, 0, 9);
    const fd = openTcpConnection({ family: 4, source, target: LOCAL, port });
    const [socket] = await accepted;
    assert.equal(socket.remoteAddress, "127.0.0.9");
    socket.destroy();
    closeFd(fd);
    const listener = openTcpListener({ family: 4, address: LOCAL, port: 0, backlog: 1 });
    closeFd(listener.fd);
    const anywhere = { family: 4, source: ANY, target: LOCAL, port: listener.port } as const;
    const refused = openTcpConnection(anywhere);
    const memory = new NativeMemory(64);
    await until("the refusal has come", () => receiveBytes(refused, memory, 0, 1) !== -EAGAIN);
    closeFd(refused);
    const unreachable = { ...anywhere, target: Uint8Array.of(255, 255, 255, 255) };
    assert.match(
      failureOf(() => openTcpConnection(unreachable)).message,
      /connect.*255\.255\.255\.255/,
    );
  });

  test("IPv6 listeners take their own port beside an IPv4 listener unless told to be dual-stack", () => {
    const six = openTcpListener({ family: 6, address: new Uint8Array(16), port: 0, backlog: 1 });
    const four = openTcpListener({ family: 4, address: ANY, port: six.port, backlog: 1 });
    closeFd(six.fd);
    const dual = { family: 6, address: new Uint8Array(16), port: four.port, backlog: 1 } as const;
    assert.equal(failureOf(() => openTcpListener({ ...dual, onlyIpv6: false })).code, "EADDRINUSE");
    closeFd(four.fd);
  });

  test("closing a descriptor twice is EBADF; a wrong address length or port is a bug of the caller", () => {
    const socket = openUdpSocket({ family: 4, address: LOCAL, port: 0 });
    closeFd(socket.fd);
    assert.equal(failureOf(() => closeFd(socket.fd)).code, "EBADF");
    assert.throws(() => openUdpSocket({ family: 6, address: LOCAL, port: 0 }), RangeError);
    assert.throws(() => openUdpSocket({ family: 4, address: LOCAL, port: 65_536 }), RangeError);
  });
});
