/**
 * Sockets and batches for the tests of this package: a UDP server made by FFI, a client made by Node.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { DatagramBatch, type DatagramBatchOptions } from "../hot/datagram-batch.ts";
import { ReadinessPoller } from "../hot/readiness-poller.ts";
import { linuxSupported } from "../libc.ts";
import type { IpFamily } from "../socket-address.ts";
import { closeFd, openUdpSocket, type UdpSocketOptions } from "../sockets.ts";

/** For `describe` and `test`: false, or why they cannot run here. */
export const skip = linuxSupported() ? false : "this machine is not a supported Linux";

export const LOOPBACK = {
  4: { name: "127.0.0.1", bytes: Uint8Array.of(127, 0, 0, 1), any: new Uint8Array(4) },
  6: {
    name: "::1",
    bytes: Uint8Array.from({ length: 16 }, (_, i) => +(i === 15)),
    any: new Uint8Array(16),
  },
} as const;

const cleanups: (() => void)[] = [];
/** Closes what the functions here opened; for `afterEach`. */
export function closeOpened(): void {
  for (const cleanup of cleanups.splice(0)) cleanup();
}

export function openServer(family: IpFamily, options: Partial<UdpSocketOptions> = {}) {
  const address = options.packetInfo ? LOOPBACK[family].any : LOOPBACK[family].bytes;
  const socket = openUdpSocket({ family, address, port: 0, ...options });
  cleanups.push(() => closeFd(socket.fd));
  return { ...socket, poller: new ReadinessPoller([socket.fd]) };
}

export async function openClient(
  family: IpFamily,
  address: string = LOOPBACK[family].name,
): Promise<Socket> {
  const client = createSocket(`udp${family}`);
  cleanups.push(() => client.close());
  client.bind(0, address);
  await once(client, "listening");
  return client;
}

export function sendTo(
  client: Socket,
  data: Uint8Array,
  port: number,
  address: string,
): Promise<void> {
  return new Promise((resolve, reject) =>
    client.send(data, port, address, (error) => (error ? reject(error) : resolve())),
  );
}

export const newBatch = (family: IpFamily, options: Partial<DatagramBatchOptions> = {}) =>
  new DatagramBatch({
    batchSize: 64,
    requestBytesMax: 2048,
    replyBytesMax: 2048,
    family,
    packetInfo: false,
    ...options,
  });

export const requestOf = (batch: DatagramBatch, i: number) =>
  Buffer.from(
    batch.requestBytes.subarray(
      i * batch.requestStride,
      i * batch.requestStride + (batch.requestLengths[i] ?? 0),
    ),
  );

export function echo(batch: DatagramBatch, requestIndex: number, replyIndex: number): void {
  const request = requestOf(batch, requestIndex);
  batch.replyBytes.set(request, replyIndex * batch.replyStride);
  batch.queueReply(requestIndex, replyIndex, request.length);
}
