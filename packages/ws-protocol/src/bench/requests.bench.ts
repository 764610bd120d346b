/**
 * What a tracker spends on a message: taking the mask off, reading it, and writing ten offers and a reply.
 *
 * `node packages/ws-protocol/dist/bench/requests.bench.js` prints nanoseconds per message; the tests run a smoke.
 */
import { fileURLToPath } from "node:url";
import { RandomSource } from "@swarmtide/test-kit";
import { formatAnnounce } from "../client-messages.ts";
import { BytePool } from "../hot/byte-pool.ts";
import { frameHeaderBytes, writeMaskedFrameHeader } from "../hot/frame.ts";
import { MessageReader, READ_TEXT } from "../hot/message-reader.ts";
import {
  announceReplyBytes,
  offerBytes,
  prepareOffers,
  writeAnnounceReply,
  writeOffer,
} from "../hot/reply.ts";
import { TrackerRequest } from "../hot/request.ts";
import { REQUEST_ANNOUNCE } from "../hot/request-status.ts";
import { unmask } from "../hot/unmask.ts";
import { messageMemory, READ_AT } from "../message-memory.ts";

const KEY = 0x1b2c3d4e;

/** One line of results. */
export interface BenchLine {
  readonly name: string;
  readonly nanoseconds: number;
  readonly bytes: number;
}

/** A masked frame with an announce of ten offers whose SDP is so long. */
export function announceFrame(sdpBytes: number): Uint8Array {
  const random = new RandomSource(1);
  const line = "a=candidate:1467250027 1 udp 2122260223 192.168.0.196 46243 typ host\r\n";
  const sdp = line.repeat(Math.ceil(sdpBytes / line.length)).slice(0, sdpBytes);
  const text = formatAnnounce({
    infoHash: random.bytes(20),
    peerId: random.bytes(20),
    left: 50,
    event: "started",
    numwant: 10,
    offers: Array.from({ length: 10 }, () => ({
      offer: { type: "offer" as const, sdp },
      offerId: random.bytes(20),
    })),
  });
  const payload = new TextEncoder().encode(text);
  const frame = new Uint8Array(payload.length + 14);
  const at = writeMaskedFrameHeader(frame, 0, 1, payload.length, KEY);
  frame.set(payload, at);
  unmask(frame, at, payload.length, KEY);
  return frame.slice(0, at + payload.length);
}

function timed(name: string, rounds: number, bytes: number, run: () => void): BenchLine {
  for (let round = 0; round < rounds / 4; round++) run();
  // Processor time, so that a busy machine blurs it less than the clock on the wall.
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round++) run();
  const { user, system } = process.cpuUsage(start);
  return { name, nanoseconds: ((user + system) * 1000) / rounds, bytes };
}

/** Runs each step `rounds` times and returns what it took. */
export function benchRequests(rounds: number): BenchLine[] {
  const lines: BenchLine[] = [];
  const request = new TrackerRequest(10, 100);
  const out = new Uint8Array(1 << 17);
  const memory = messageMemory().bytes;
  for (const sdpBytes of [47, 1500]) {
    const frame = announceFrame(sdpBytes);
    const reader = new MessageReader(new BytePool(), true, 1 << 20, false);
    const times = Math.max(1, Math.floor((rounds * 1000) / (frame.length + 1000)));
    lines.push(
      timed(`frame, ${sdpBytes}-byte SDPs: copy and unmask`, times, frame.length, () => {
        memory.set(frame, READ_AT);
        reader.push(memory, READ_AT, frame.length);
        if (reader.next() !== READ_TEXT) throw new Error("no message");
      }),
    );
    const { bytes, offset, length } = reader;
    lines.push(
      timed(`request, ${sdpBytes}-byte SDPs: scan`, times, length, () => {
        if (request.read(bytes, offset, length) !== REQUEST_ANNOUNCE) throw new Error("refused");
      }),
    );
    let written = 0;
    lines.push(
      timed(`reply, ${sdpBytes}-byte SDPs: ten offers and a reply`, times, length, () => {
        let at = 0;
        prepareOffers(request);
        for (let offer = 0; offer < request.offers; offer++)
          at = writeOffer(out, at, offerBytes(request, offer), request, offer);
        const reply = announceReplyBytes(request, 5, 10, 120);
        written = writeAnnounceReply(out, at, reply, request, 5, 10, 120);
      }),
    );
    if (written < 10 * (sdpBytes + frameHeaderBytes(sdpBytes))) throw new Error("too little");
    const text = new TextDecoder().decode(bytes.subarray(offset, offset + length));
    lines.push(
      timed(`(JSON.parse of the text, ${sdpBytes}-byte SDPs)`, times, length, () => {
        if (JSON.parse(text).offers.length !== 10) throw new Error("no offers");
      }),
    );
  }
  return lines;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, nanoseconds, bytes } of benchRequests(Number(process.argv[2] ?? 200_000)))
    console.log(
      `${name.padEnd(52)} ${nanoseconds.toFixed(0).padStart(8)} ns  ${(nanoseconds / bytes).toFixed(2)} ns/byte`,
    );
}
