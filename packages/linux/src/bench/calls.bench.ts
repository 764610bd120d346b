/**
 * What a call through the foreign function library costs by the form its pointers take, and what a batch of datagrams
 * costs beside the kernel. Real sizes: `npm run bench -w packages/linux`. The smoke sizes run with the tests.
 *
 * The forms are tried on koffi directly because they decided how `ffi.ts` uses it: addresses as plain numbers.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { AcceptBatch } from "../hot/accept-batch.ts";
import { ConnectionPoller, POLL_READABLE } from "../hot/connection-poller.ts";
import { DatagramBatch } from "../hot/datagram-batch.ts";
import { SOURCE_BYTES } from "../hot/message-table.ts";
import { receiveBytes, sendBytes } from "../hot/stream-calls.ts";
import { libc } from "../libc.ts";
import { NativeMemory } from "../native-memory.ts";
import { closeFd, openTcpListener, openUdpSocket } from "../sockets.ts";

export interface BenchRow {
  readonly name: string;
  readonly nanoseconds: number;
}

type Call = (...values: unknown[]) => number;

/** Best of five rounds, nanoseconds per repetition. */
function measure(name: string, repetitions: number, action: () => unknown): BenchRow {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < repetitions; i++) action();
    const elapsed = Number(process.hrtime.bigint() - start);
    best = Math.min(best, elapsed / repetitions);
  }
  return { name, nanoseconds: best };
}

/** The candidates for handing a pointer to C, on calls that do next to nothing or fail at once in the kernel. */
export function benchCallForms(repetitions: number): BenchRow[] {
  const koffi = createRequire(import.meta.url)("koffi");
  const libc = koffi.load(null);
  const bytes = new Uint8Array(65_536);
  const big: bigint = koffi.address(bytes);
  const number = Number(big);
  const abs: Call = libc.func("int abs(int value)");
  const byPointer: Call = libc.func("int memcmp(void *a, void *b, size_t n)");
  const byNumber: Call = libc.func("int memcmp(uintptr_t a, uintptr_t b, size_t n)");
  const recvmmsg: Call = libc.func(
    "int recvmmsg(int fd, uintptr_t v, unsigned int n, int flags, uintptr_t timeout)",
  );
  const syscall: Call = libc.func("syscall", "long", [
    "long",
    "long",
    "uintptr_t",
    "long",
    "long",
    "uintptr_t",
  ]);
  const number299 = process.arch === "arm64" ? 243 : 299;
  return [
    measure("abs(int): the bare call", repetitions, () => abs(5)),
    measure("memcmp, both pointers Uint8Array", repetitions, () => byPointer(bytes, bytes, 8)),
    measure("memcmp, both pointers BigInt as void *", repetitions, () => byPointer(big, big, 8)),
    measure("memcmp, both pointers number as uintptr_t", repetitions, () =>
      byNumber(number, number, 8),
    ),
    measure("errno()", repetitions, () => koffi.errno()),
    measure("recvmmsg on fd -1 (kernel entry included)", repetitions, () =>
      recvmmsg(-1, number, 64, 64, 0),
    ),
    measure("the same through syscall()", repetitions, () =>
      syscall(number299, -1, number, 64, 64, 0),
    ),
  ];
}

/** A batch of 64 there and back over loopback, and the part of it that runs in JavaScript. */
export function benchDatagramBatch(repetitions: number): BenchRow[] {
  const local = Uint8Array.of(127, 0, 0, 1);
  const rows: BenchRow[] = [];
  for (const packetInfo of [false, true]) {
    const suffix = packetInfo ? ", packet info" : "";
    const options = {
      batchSize: 64,
      requestBytesMax: 2048,
      replyBytesMax: 2048,
      packetInfo,
      family: 4,
    } as const;
    const server = openUdpSocket({ family: 4, address: local, port: 0, packetInfo });
    const client = openUdpSocket({ family: 4, address: local, port: 0, packetInfo });
    const serverBatch = new DatagramBatch(options);
    const clientBatch = new DatagramBatch(options);
    // The first requests are addressed by hand; from then on each side answers the other.
    for (let i = 0; i < 64; i++) {
      const at = i * SOURCE_BYTES;
      clientBatch.sourceBytes.set([2, 0, server.port >> 8, server.port & 255, ...local], at);
      clientBatch.queueReply(i, i, 98);
    }
    let datagrams = 0;
    const pass = (batch: DatagramBatch, fd: number) => {
      const count = batch.receive(fd);
      for (let i = 0; i < count; i++) batch.queueReply(i, i, 98);
      if (batch.send(fd, 0, count) !== count) throw new Error("a datagram was refused on loopback");
      datagrams += count;
    };
    clientBatch.send(client.fd, 0, 64);
    const usageBefore = process.cpuUsage();
    const row = measure(`received, answered, per datagram${suffix}`, repetitions, () => {
      pass(serverBatch, server.fd);
      pass(clientBatch, client.fd);
    });
    const usage = process.cpuUsage(usageBefore);
    rows.push({ name: row.name, nanoseconds: row.nanoseconds / 128 });
    rows.push({
      name: `  of it in user space (sampled)${suffix}`,
      nanoseconds: (usage.user * 1000) / datagrams,
    });
    rows.push(
      measure(`queueReply${suffix}`, repetitions * 100, () => serverBatch.queueReply(7, 9, 98)),
    );
    rows.push(...benchReceiveBookkeeping(serverBatch, repetitions * 10, suffix));
    closeFd(server.fd);
    closeFd(client.fd);
  }
  return rows;
}

/** `receive` of a full batch with the system call replaced by a constant. */
function benchReceiveBookkeeping(
  batch: DatagramBatch,
  repetitions: number,
  suffix: string,
): BenchRow[] {
  Object.assign(batch, { call: () => 64 });
  const row = measure("", repetitions, () => batch.receive(0));
  return [
    { name: `receive without its call, per datagram${suffix}`, nanoseconds: row.nanoseconds / 64 },
  ];
}

/** What one connection's calls cost, the kernel's part included. */
export function benchConnectionCalls(repetitions: number): BenchRow[] {
  const address = Uint8Array.of(127, 0, 0, 1);
  const listener = openTcpListener({ family: 4, address, port: 0, backlog: 8 });
  const client = libc().socket(2, 1, 0);
  const name = new NativeMemory(16);
  name.bytes.set([2, 0, listener.port >> 8, listener.port & 255, ...address]);
  if (libc().connect(client, name.address, 16) < 0) throw new Error("No connection over loopback");
  const batch = new AcceptBatch(8);
  if (batch.accept(listener.fd) !== 1) throw new Error("The connection was not accepted");
  const server = batch.fds[0] ?? -1;
  const poller = new ConnectionPoller(64);
  poller.add(server, 1, POLL_READABLE);
  const memory = new NativeMemory(4096);
  const rows = [
    measure("recv of nothing (-EAGAIN)", repetitions, () => receiveBytes(server, memory, 0, 4096)),
    measure("epoll_wait of nothing", repetitions, () => poller.wait(0)),
    measure("accept of nobody (tcp_info and accept4)", repetitions, () =>
      batch.accept(listener.fd),
    ),
    measure("send 200 bytes, epoll_wait, recv them", repetitions, () => {
      sendBytes(client, memory, 0, 200);
      poller.wait(0);
      receiveBytes(server, memory, 0, 4096);
    }),
  ];
  poller.close();
  for (const fd of [client, server, listener.fd]) closeFd(fd);
  return rows;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, nanoseconds } of [
    ...benchCallForms(400_000),
    ...benchConnectionCalls(100_000),
    ...benchDatagramBatch(4_000),
  ])
    console.log(`${nanoseconds.toFixed(1).padStart(9)} ns  ${name}`);
}
