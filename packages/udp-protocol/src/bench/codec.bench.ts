/**
 * What the tracker's side of the UDP codec costs a datagram: parse, and parse with every field read and a reply written.
 *
 * `npm run bench -w packages/udp-protocol` runs it in full, its test a small version. The requests cycle through a
 * buffer like the one a worker receives into; the checksum proves that the work was done.
 */
import { pathToFileURL } from "node:url";
import {
  type AnnounceRequest,
  writeAnnounceRequest,
  writeConnectRequest,
} from "../client-request.ts";
import { writeAnnounceReplyHeader, writeConnectReply } from "../hot/reply.ts";
import {
  parseUdpRequest,
  readAnnounceEvent,
  readAnnounceLeft,
  readAnnouncePeersWanted,
  readAnnouncePort,
  readConnectionIdHigh,
  readConnectionIdLow,
  readTransactionId,
  UDP_ANNOUNCE,
  UDP_CONNECT,
} from "../hot/request.ts";

/** Datagrams in the buffer, as many as one system call receives. */
const SLOT_COUNT = 64;
const SLOT_BYTES = 128;

/** One measured way of handling a datagram. */
export interface CodecBenchResult {
  readonly name: string;
  readonly nanosecondsPerDatagram: number;
  readonly checksum: number;
}

/** One connect for every seven announces, near to what a busy tracker sees. */
function fillRequests(): { bytes: Uint8Array; lengths: Int32Array } {
  const bytes = new Uint8Array(SLOT_COUNT * SLOT_BYTES);
  const lengths = new Int32Array(SLOT_COUNT);
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const offset = slot * SLOT_BYTES;
    if (slot % 8 === 0) {
      lengths[slot] = writeConnectRequest(bytes, offset, slot);
      continue;
    }
    const request: AnnounceRequest = {
      connectionIdHigh: slot * 7919,
      connectionIdLow: slot * 104729,
      transactionId: slot * 1299709,
      infoHash: new Uint8Array(20).fill(slot),
      peerId: new Uint8Array(20).fill(255 - slot),
      downloaded: 0,
      left: slot % 3,
      uploaded: 0,
      event: slot % 5,
      address: 0,
      key: slot,
      peersWanted: slot,
      port: 1 + slot,
    };
    lengths[slot] = writeAnnounceRequest(bytes, offset, request);
  }
  return { bytes, lengths };
}

function parseAll(bytes: Uint8Array, lengths: Int32Array): number {
  let sum = 0;
  for (let slot = 0; slot < SLOT_COUNT; slot++)
    sum = (sum + parseUdpRequest(bytes, slot * SLOT_BYTES, lengths[slot] ?? 0)) | 0;
  return sum;
}

function answerAll(bytes: Uint8Array, lengths: Int32Array, replies: Uint8Array): number {
  const words = new Int32Array(bytes.buffer);
  let sum = 0;
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const at = slot * SLOT_BYTES;
    const id = readTransactionId(bytes, at);
    const first = readConnectionIdHigh(bytes, at);
    const second = readConnectionIdLow(bytes, at);
    const status = parseUdpRequest(bytes, at, lengths[slot] ?? 0);
    if (status === UDP_CONNECT) sum += writeConnectReply(replies, at, id, first, second);
    if (status !== UDP_ANNOUNCE) continue;
    sum += readAnnounceEvent(bytes, at) + readAnnouncePort(bytes, at);
    sum += readAnnouncePeersWanted(bytes, at) + readAnnounceLeft(words, at);
    sum = (sum + writeAnnounceReplyHeader(replies, at, id, 900, first, second)) | 0;
  }
  return sum;
}

function measure(name: string, rounds: number, once: () => number): CodecBenchResult {
  for (let round = 0; round < Math.min(rounds, 2000); round++) once(); // let the compiler settle
  let checksum = 0;
  const start = performance.now();
  for (let round = 0; round < rounds; round++) checksum = (checksum + once()) | 0;
  const nanoseconds = (performance.now() - start) * 1e6;
  return { name, nanosecondsPerDatagram: nanoseconds / (rounds * SLOT_COUNT), checksum };
}

/** Handles `rounds` × 64 datagrams each way. */
export function runCodecBench(rounds: number): CodecBenchResult[] {
  const { bytes, lengths } = fillRequests();
  const replies = new Uint8Array(bytes.length);
  return [
    measure("parse", rounds, () => parseAll(bytes, lengths)),
    measure("parse, read, write reply", rounds, () => answerAll(bytes, lengths, replies)),
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const { name, nanosecondsPerDatagram, checksum } of runCodecBench(300_000))
    console.log(
      `${name}: ${nanosecondsPerDatagram.toFixed(1)} ns a datagram (checksum ${checksum})`,
    );
}
