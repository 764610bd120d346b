/**
 * A process for the tests, run by `unshare -rn` in a network of its own with interfaces, addresses and congestion that
 * the machine's network cannot be given. The argument names the scenario; it ends with exit code 0 when all holds.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { EAGAIN, ENOBUFS } from "../errno.ts";
import type { DatagramBatch } from "../hot/datagram-batch.ts";
import { CONTROL_LENGTH_WORD } from "../hot/message-table.ts";
import { ResendQueue } from "../hot/resend-queue.ts";
import { libc } from "../libc.ts";
import { localIpv4Addresses } from "../local-addresses.ts";
import { NativeMemory } from "../native-memory.ts";
import { closeOpened, echo, newBatch, openClient, openServer, sendTo } from "./udp-loopback.ts";

const ip = (command: string) => execFileSync("ip", command.split(" "), { encoding: "utf8" });

ip("link set lo up");

/** Two ends of a cable, inner and outer, both here; the outer one only carries. */
function addCable(): void {
  ip("link add inner type veth peer name outer");
  writeFileSync("/proc/sys/net/ipv6/conf/inner/accept_dad", "0");
  writeFileSync("/proc/sys/net/ipv6/conf/outer/disable_ipv6", "1");
  ip("link set inner up");
  ip("link set outer up");
  ip("addr add 10.9.0.1/24 dev inner");
}

/** The interface's own link-local address, once the kernel has made it. */
function linkLocalOf(name: string): string {
  const address = /inet6 (fe80:[0-9a-f:]+)/.exec(ip(`-6 addr show dev ${name}`))?.[1];
  assert.ok(address, `${name} has a link-local address`);
  return address;
}

async function ask(
  client: Socket,
  server: { fd: number; port: number },
  batch: DatagramBatch,
  address: string,
) {
  await sendTo(client, Buffer.from(address), server.port, address);
  assert.equal(batch.receive(server.fd), 1, address);
  echo(batch, 0, 0);
  const arrived = once(client, "message");
  assert.equal(batch.send(server.fd, 0, 1), 1, address);
  const [message, from] = (await arrived) as [Buffer, RemoteInfo];
  assert.equal(message.toString(), address);
  return from.address;
}

async function replySources(): Promise<void> {
  addCable();
  for (const address of ["fd00:1::1/128", "fd00:1::2/128"]) ip(`-6 addr add ${address} dev lo`);
  ip("addr add 10.9.0.7/24 dev inner");

  const server6 = openServer(6, { packetInfo: true });
  const batch6 = newBatch(6, { packetInfo: true });
  const client6 = createSocket("udp6").bind(0, "::");
  await once(client6, "listening");
  for (const address of ["::1", "fd00:1::2", "fd00:1::1", "fd00:1::2"])
    assert.equal(await ask(client6, server6, batch6, address), address);
  const linkLocal = `${linkLocalOf("inner")}%inner`;
  assert.equal(await ask(client6, server6, batch6, linkLocal), linkLocal);

  // A sender with a global address: only the packet info tells the interface of the address it asked.
  const global6 = await openClient(6, "fd00:1::1");
  const [asked] = linkLocal.split("%");
  assert.equal(await ask(global6, server6, batch6, linkLocal), `${asked}%lo`);

  // A multicast address cannot answer for itself, so the kernel chooses a source of that interface.
  client6.setMulticastInterface("::%inner");
  assert.match(await ask(client6, server6, batch6, "ff02::1%inner"), /^fe80:.*%inner$/);
  client6.close();

  const server4 = openServer(4, { packetInfo: true });
  const batch4 = newBatch(4, { packetInfo: true });
  const client4 = await openClient(4, "0.0.0.0");
  for (const address of ["10.9.0.1", "10.9.0.7", "127.0.0.1", "10.9.0.1"])
    assert.equal(await ask(client4, server4, batch4, address), address);
}

/** Every sender, whatever it asks, is answered from there, whether the packet info may be left out or not. */
async function leftOutPacketInfo(): Promise<void> {
  addCable();
  const server = openServer(4, { packetInfo: true });
  const batch = newBatch(4, { packetInfo: true });
  const clients: Socket[] = [];
  for (const address of ["127.0.0.1", "127.0.0.9", "10.9.0.1"])
    clients.push(await openClient(4, address));
  const askAll = async (asked: readonly string[]) => {
    const carried: number[] = [];
    for (const client of clients)
      for (const address of asked) {
        assert.equal(await ask(client, server, batch, address), address);
        carried.push(batch.replyHeaders[CONTROL_LENGTH_WORD] ?? -1);
      }
    return carried;
  };
  const asked = ["127.0.0.1", "127.0.0.2", "10.9.0.1"];
  assert.deepEqual(
    await askAll(asked),
    new Array(9).fill(32),
    "all carry it before addresses are known",
  );
  batch.learnLocalAddresses(localIpv4Addresses());
  assert.deepEqual(await askAll(asked), [0, 32, 32, 0, 32, 32, 32, 32, 0]);
  ip("addr add 10.9.0.7/24 dev inner");
  batch.learnLocalAddresses(localIpv4Addresses());
  const carried = await askAll([...asked, "10.9.0.7"]);
  assert.deepEqual(carried, [0, 32, 32, 32, 0, 32, 32, 32, 32, 32, 32, 32]);
  ip("addr add 127.0.0.5/8 dev lo");
  batch.learnLocalAddresses(localIpv4Addresses());
  assert.deepEqual(await askAll(asked), new Array(9).fill(32));
}

/** A batch whose reply 0, of 1,400 bytes, goes to 10.9.0.2 port 9: nobody, so it waits for an address resolution. */
async function batchTowardsNobody(server: { fd: number; port: number }): Promise<DatagramBatch> {
  const batch = newBatch(4, { packetInfo: true });
  const client = await openClient(4);
  await sendTo(client, Buffer.from("x"), server.port, "127.0.0.1");
  assert.equal(batch.receive(server.fd), 1);
  batch.sourceBytes.set([2, 0, 0, 9, 10, 9, 0, 2]);
  // Asked at 10.9.0.1: the local address in the packet info.
  batch.packetInfos.bytes.set([10, 9, 0, 1], 20);
  batch.queueReply(0, 0, 1400);
  return batch;
}

/** Fills the socket's send buffer with packets that wait for an address resolution, then lets them go. */
async function fullSendBuffer(): Promise<void> {
  addCable();
  writeFileSync("/proc/sys/net/ipv4/neigh/inner/unres_qlen_bytes", String(2 ** 24));
  const server = openServer(4, { packetInfo: true });
  const batch = await batchTowardsNobody(server);
  const queue = new ResendQueue({ capacity: 4, replyBytesMax: 2048, family: 4 });

  let sent = 0;
  let status = batch.send(server.fd, 0, 1);
  for (; status === 1 && sent < 10_000; sent++) status = batch.send(server.fd, 0, 1);
  assert.equal(status, -EAGAIN);
  assert.ok(sent > 10);
  assert.equal(queue.push(batch, 0), true);
  assert.equal(queue.push(batch, 0), true);
  assert.equal(queue.flush(server.fd), -EAGAIN);
  assert.equal(queue.length, 2);

  ip("neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev inner nud permanent");
  assert.equal(queue.flush(server.fd), 2);
  assert.equal(queue.length, 0);
}

/** A slow line drops what it cannot queue; with IP_RECVERR the kernel reports that as ENOBUFS. */
async function fullDevice(): Promise<void> {
  addCable();
  execFileSync("tc", "qdisc add dev inner root tbf rate 8kbit burst 1600 limit 1600".split(" "));
  ip("neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev inner nud permanent");
  const server = openServer(4, { packetInfo: true });
  const one = new NativeMemory(4);
  one.words[0] = 1;
  const [IPPROTO_IP, IP_RECVERR] = [0, 11];
  assert.equal(libc().setsockopt(server.fd, IPPROTO_IP, IP_RECVERR, one.address, 4), 0);
  const batch = await batchTowardsNobody(server);
  const queue = new ResendQueue({ capacity: 4, replyBytesMax: 2048, family: 4 });

  let status = 1;
  for (let i = 0; i < 20 && status === 1; i++) status = batch.send(server.fd, 0, 1);
  assert.equal(status, -ENOBUFS);
  assert.equal(queue.push(batch, 0), true);
  assert.equal(queue.flush(server.fd), -ENOBUFS);
  assert.equal(queue.length, 1);
  execFileSync("tc", "qdisc del dev inner root".split(" "));
  assert.equal(queue.flush(server.fd), 1);
}

const scenario = { replySources, leftOutPacketInfo, fullSendBuffer, fullDevice }[
  process.argv[2] ?? ""
];
assert.ok(scenario, "the argument names a scenario");
await scenario();
closeOpened();
