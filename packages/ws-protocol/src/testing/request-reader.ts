/** One reader of requests and the parts of messages that its tests are made of. */
import { bytesToBinaryString } from "../client-messages.ts";
import { TrackerRequest } from "../hot/request.ts";

export const encoder = new TextEncoder();
export const id = (byte: number) => new Uint8Array(20).fill(byte);
export const name = (byte: number) => bytesToBinaryString(id(byte));
export const request = new TrackerRequest(10, 20);

export const parse = (text: string): number => {
  const bytes = encoder.encode(text);
  return request.read(bytes, 0, bytes.length);
};
export const parseJson = (value: unknown): number => parse(JSON.stringify(value));
export const slice = (start: number, end: number): string =>
  Buffer.from(request.bytes.subarray(start, end)).toString("utf8");

export const ANNOUNCE = { action: "announce", info_hash: name(0xe9), peer_id: name(0x41) };
export const SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n";
export const OFFER = { offer: { type: "offer", sdp: SDP }, offer_id: name(7) };
export const ANSWER = {
  answer: { type: "answer", sdp: SDP },
  to_peer_id: name(1),
  offer_id: name(2),
};
