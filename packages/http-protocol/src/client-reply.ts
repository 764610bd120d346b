/**
 * What a client reads out of a tracker's bodies: announce, scrape and failure. Accepts every form trackers send
 * (compact and not, `peers6`, missing counts). Used by tests, load testers and commands; the tracker never calls
 * this. BEP 3, 7, 21, 23, 24, 31, 48.
 */
import { formatIpAddress, INFO_HASH_BYTES, infoHashToHex } from "@swarmtide/bittorrent";
import { type BencodeValue, latin1Bytes, latin1Text, readBencode } from "./bencode-reader.ts";

/** A peer in an answer. */
export interface PeerAddress {
  readonly address: string;
  readonly port: number;
  /** Only in answers that are not compact, and not from every tracker. */
  readonly peerId?: Uint8Array;
}

/** The tracker refused. */
export interface FailureValues {
  readonly failureReason: string;
  /** Minutes, "never", or undefined when the tracker does not say. */
  readonly retryIn?: number | "never";
}

/** An announce was answered. */
export interface AnnounceReplyValues {
  readonly failureReason?: undefined;
  readonly intervalSeconds: number;
  readonly minIntervalSeconds?: number;
  readonly complete?: number;
  readonly incomplete?: number;
  readonly downloaded?: number;
  readonly peers: readonly PeerAddress[];
  /** Text of the address the tracker saw. */
  readonly externalIp?: string;
  readonly trackerId?: Uint8Array;
  readonly warning?: string;
}

/** Counts of one torrent. */
export interface ScrapeValues {
  readonly complete: number;
  readonly incomplete: number;
  readonly downloaded: number;
  readonly downloaders?: number;
}

/** A scrape was answered; the keys are info hashes in hex. */
export interface ScrapeReplyValues {
  readonly failureReason?: undefined;
  readonly files: ReadonlyMap<string, ScrapeValues>;
  readonly minRequestIntervalSeconds?: number;
}

type Dictionary = Map<string, BencodeValue>;

/** Reads the body of an announce's answer. Throws `BencodeError` or, for a body of another shape, `TypeError`. */
export function readAnnounceReply(body: Uint8Array): AnnounceReplyValues | FailureValues {
  const root = asDictionary(readBencode(body), "The answer");
  const failure = readFailure(root);
  if (failure) return failure;
  const interval = root.get("interval");
  if (typeof interval !== "number") throw new TypeError("The answer has no interval");
  const externalIp = root.get("external ip");
  const trackerId = root.get("tracker id");
  const warning = root.get("warning message");
  return {
    intervalSeconds: interval,
    ...numberField(root, "min interval", "minIntervalSeconds"),
    ...numberField(root, "complete", "complete"),
    ...numberField(root, "incomplete", "incomplete"),
    ...numberField(root, "downloaded", "downloaded"),
    peers: [...readPeers(root.get("peers"), 4), ...readPeers(root.get("peers6"), 16)],
    ...(externalIp instanceof Uint8Array && (externalIp.length === 4 || externalIp.length === 16)
      ? { externalIp: formatIpAddress(externalIp) }
      : {}),
    ...(trackerId instanceof Uint8Array ? { trackerId } : {}),
    ...(warning instanceof Uint8Array ? { warning: latin1Text(warning) } : {}),
  };
}

/** Reads the body of a scrape's answer. Throws `BencodeError` or, for a body of another shape, `TypeError`. */
export function readScrapeReply(body: Uint8Array): ScrapeReplyValues | FailureValues {
  const root = asDictionary(readBencode(body), "The answer");
  const failure = readFailure(root);
  if (failure) return failure;
  const files = new Map<string, ScrapeValues>();
  for (const [key, value] of asDictionary(root.get("files"), "files")) {
    if (key.length !== INFO_HASH_BYTES) throw new TypeError("An info hash is not 20 bytes long");
    const entry = asDictionary(value, "The entry of an info hash");
    files.set(infoHashToHex(latin1Bytes(key)), {
      complete: numberOr(entry.get("complete"), 0),
      incomplete: numberOr(entry.get("incomplete"), 0),
      downloaded: numberOr(entry.get("downloaded"), 0),
      ...numberField(entry, "downloaders", "downloaders"),
    });
  }
  const flags = root.get("flags");
  return {
    files,
    ...(flags instanceof Map
      ? numberField(flags, "min_request_interval", "minRequestIntervalSeconds")
      : {}),
  };
}

function readFailure(root: Dictionary): FailureValues | undefined {
  const reason = root.get("failure reason");
  if (!(reason instanceof Uint8Array)) return undefined;
  const retryIn = root.get("retry in");
  const text = retryIn instanceof Uint8Array ? latin1Text(retryIn) : String(retryIn ?? "");
  if (text === "never") return { failureReason: latin1Text(reason), retryIn: "never" };
  if (/^\d+$/.test(text)) return { failureReason: latin1Text(reason), retryIn: Number(text) };
  return { failureReason: latin1Text(reason) };
}

function readPeers(value: BencodeValue | undefined, addressBytes: 4 | 16): PeerAddress[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.map(readPeerDictionary);
  if (!(value instanceof Uint8Array)) throw new TypeError("The peers are neither text nor list");
  const stride = addressBytes + 2;
  if (value.length % stride !== 0)
    throw new TypeError(`The compact peers are not a multiple of ${stride} bytes`);
  const peers: PeerAddress[] = [];
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  for (let at = 0; at < value.length; at += stride) {
    peers.push({
      address: formatIpAddress(value.subarray(at, at + addressBytes)),
      port: view.getUint16(at + addressBytes),
    });
  }
  return peers;
}

function readPeerDictionary(value: BencodeValue): PeerAddress {
  const entry = asDictionary(value, "A peer");
  const ip = entry.get("ip");
  const port = entry.get("port");
  const peerId = entry.get("peer id");
  if (!(ip instanceof Uint8Array) || typeof port !== "number")
    throw new TypeError("A peer has no ip or no port");
  return { address: latin1Text(ip), port, ...(peerId instanceof Uint8Array ? { peerId } : {}) };
}

function asDictionary(value: BencodeValue | undefined, what: string): Dictionary {
  if (!(value instanceof Map)) throw new TypeError(`${what} is not a dictionary`);
  return value;
}

function numberOr(value: BencodeValue | undefined, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

/** `{ [name]: number }`, or nothing when the key is missing or no number. */
function numberField<Name extends string>(
  dictionary: Dictionary,
  key: string,
  name: Name,
): { [name in Name]?: number } {
  const value = dictionary.get(key);
  return typeof value === "number" ? ({ [name]: value } as { [name in Name]: number }) : {};
}
