/**
 * The WebTorrent protocol from the client's side: requests as JSON text, the tracker's messages as objects.
 *
 * Called by load testers, clients and tests; the tracker's own path is in `hot/`. Ids are 20 bytes here and strings
 * of twenty characters on the wire.
 */
import { ID_BYTES } from "./hot/binary-string.ts";

/** One half of a WebRTC handshake. */
export interface SessionDescription {
  readonly type: "offer" | "answer";
  readonly sdp: string;
}

/** An announce to be sent; what is left out is not on the wire. */
export interface AnnounceMessage {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  /** Bytes left to download. */
  readonly left?: number;
  readonly event?: "started" | "completed" | "stopped" | "update" | "paused";
  readonly numwant?: number;
  readonly offers?: readonly { readonly offer: SessionDescription; readonly offerId: Uint8Array }[];
  readonly answer?: {
    readonly answer: SessionDescription;
    readonly toPeerId: Uint8Array;
    readonly offerId: Uint8Array;
  };
}

/** What a tracker says. */
export type TrackerMessage =
  | {
      readonly kind: "announce";
      readonly infoHash: Uint8Array;
      readonly complete: number;
      readonly incomplete: number;
      readonly intervalSeconds: number;
    }
  | {
      readonly kind: "offer" | "answer";
      readonly infoHash: Uint8Array;
      readonly peerId: Uint8Array;
      readonly offerId: Uint8Array;
      readonly description: SessionDescription;
    }
  | { readonly kind: "scrape"; readonly files: readonly ScrapedTorrent[] }
  | { readonly kind: "failure"; readonly reason: string; readonly infoHash?: Uint8Array };

export interface ScrapedTorrent {
  readonly infoHash: Uint8Array;
  readonly complete: number;
  readonly incomplete: number;
  readonly downloaded: number;
}

/** Bytes as a string with one character for each. */
export function bytesToBinaryString(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The 20 bytes that a value stands for, or undefined where it is not a string of 20 characters up to 255. */
export function binaryStringToId(value: unknown): Uint8Array | undefined {
  if (typeof value !== "string" || value.length !== ID_BYTES) return undefined;
  const bytes = new Uint8Array(ID_BYTES);
  for (let index = 0; index < ID_BYTES; index++) {
    const code = value.charCodeAt(index);
    if (code > 255) return undefined;
    bytes[index] = code;
  }
  return bytes;
}

/** The JSON text of an announce. */
export function formatAnnounce(message: AnnounceMessage): string {
  const { answer, offers } = message;
  return JSON.stringify({
    action: "announce",
    info_hash: bytesToBinaryString(message.infoHash),
    peer_id: bytesToBinaryString(message.peerId),
    left: message.left,
    event: message.event,
    numwant: message.numwant,
    offers: offers?.map(({ offer, offerId }) => ({
      offer,
      offer_id: bytesToBinaryString(offerId),
    })),
    answer: answer?.answer,
    to_peer_id: answer && bytesToBinaryString(answer.toPeerId),
    offer_id: answer && bytesToBinaryString(answer.offerId),
  });
}

/** The JSON text of a scrape of one or more torrents. */
export function formatScrape(infoHashes: readonly Uint8Array[]): string {
  const names = infoHashes.map(bytesToBinaryString);
  return JSON.stringify({ action: "scrape", info_hash: names.length === 1 ? names[0] : names });
}

type Json = { readonly [key: string]: unknown };

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

function parseDescription(
  value: unknown,
  type: "offer" | "answer",
): SessionDescription | undefined {
  if (!isObject(value) || value.type !== type || typeof value.sdp !== "string") return undefined;
  return { type, sdp: value.sdp };
}

function parseFiles(files: unknown): ScrapedTorrent[] | undefined {
  if (!isObject(files)) return undefined;
  const torrents: ScrapedTorrent[] = [];
  for (const [name, file] of Object.entries(files)) {
    const infoHash = binaryStringToId(name);
    if (infoHash === undefined || !isObject(file)) return undefined;
    const { complete, incomplete, downloaded } = file;
    if (!isCount(complete) || !isCount(incomplete) || !isCount(downloaded)) return undefined;
    torrents.push({ infoHash, complete, incomplete, downloaded });
  }
  return torrents;
}

/** Reads one message of a tracker; undefined where it is none. */
export function parseTrackerMessage(text: string): TrackerMessage | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(message)) return undefined;
  const infoHash = binaryStringToId(message.info_hash);
  const reason = message["failure reason"];
  if (typeof reason === "string")
    return infoHash ? { kind: "failure", reason, infoHash } : { kind: "failure", reason };
  if (message.action === "scrape") {
    const files = parseFiles(message.files);
    return files && { kind: "scrape", files };
  }
  if (message.action !== "announce" || infoHash === undefined) return undefined;
  for (const kind of ["offer", "answer"] as const) {
    if (message[kind] === undefined) continue;
    const description = parseDescription(message[kind], kind);
    const peerId = binaryStringToId(message.peer_id);
    const offerId = binaryStringToId(message.offer_id);
    return description && peerId && offerId && { kind, infoHash, peerId, offerId, description };
  }
  const { complete, incomplete, interval } = message;
  if (!isCount(complete) || !isCount(incomplete) || !isCount(interval)) return undefined;
  return { kind: "announce", infoHash, complete, incomplete, intervalSeconds: interval };
}
