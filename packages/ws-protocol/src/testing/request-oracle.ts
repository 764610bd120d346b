/**
 * What the request parser ought to find, told the slow and certain way: decode UTF-8, JSON.parse, look at the values.
 */
import { binaryStringToId } from "../client-messages.ts";
import * as protocol from "../index.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text, or undefined where the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The value, or undefined where the text is not JSON. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** How deep arrays and objects nest in a text that is JSON. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [part] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (part === "[" || part === "{") deepest = Math.max(deepest, ++depth);
    else if (part === "]" || part === "}") depth--;
  }
  return deepest;
}

/** What a message says. */
export interface ExpectedRequest {
  readonly status: number;
  readonly infoHash?: Uint8Array;
  readonly peerId?: Uint8Array;
  readonly left?: number;
  readonly event?: number;
  readonly numwant?: number;
  readonly offers?: readonly { readonly offer: unknown; readonly id: Uint8Array }[];
  readonly answer?: { readonly answer: unknown; readonly to: Uint8Array; readonly id: Uint8Array };
  readonly scrapes?: readonly Uint8Array[];
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isDescription = (value: unknown, type: string): boolean =>
  isObject(value) && value.type === type && typeof value.sdp === "string";

const EVENTS = new Map<unknown, number>([
  ["started", 2],
  ["completed", 1],
  ["stopped", 3],
  ["paused", 4],
  ["update", 0],
  ["", 0],
]);

/** ASCII letters only, as events are ASCII: toLowerCase makes a k of the Kelvin sign. */
const lowerCase = (value: unknown): unknown =>
  typeof value === "string" ? value.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : value;

function expectScrape(value: Json, scrapesMax: number): ExpectedRequest {
  const name = value.info_hash ?? undefined;
  if (name === undefined) return { status: protocol.REQUEST_BAD_SCRAPE_ALL };
  const ids = (Array.isArray(name) ? name : [name]).map(binaryStringToId);
  const scrapes = ids.filter((id) => id !== undefined);
  if (scrapes.length !== ids.length) return { status: protocol.REQUEST_BAD_INFO_HASH };
  if (ids.length > scrapesMax) return { status: protocol.REQUEST_BAD_SCRAPE_LENGTH };
  return { status: protocol.REQUEST_SCRAPE, scrapes };
}

function expectOffers(value: unknown): { offer: unknown; id: Uint8Array }[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return undefined;
  const offers: { offer: unknown; id: Uint8Array }[] = [];
  for (const element of value) {
    if (element === null) continue;
    if (!isObject(element)) return undefined;
    const { offer, offer_id } = element;
    const id = binaryStringToId(offer_id);
    if (id === undefined && (offer_id ?? undefined) !== undefined) return undefined;
    const isLeftOut =
      (offer ?? undefined) === undefined ||
      (isObject(offer) &&
        ((offer.type ?? undefined) === undefined || (offer.sdp ?? undefined) === undefined));
    if (!isLeftOut && !isDescription(offer, "offer")) return undefined;
    if (!isLeftOut && id !== undefined) offers.push({ offer, id });
  }
  return offers;
}

/** A number from 0, or a string that is one in JSON; undefined for anything else. */
function expectNumber(value: unknown): number | undefined {
  const number = typeof value === "string" ? jsonNumber(value) : value;
  return typeof number === "number" && number >= 0 && Number.isFinite(number) ? number : undefined;
}

const jsonNumber = (text: string): unknown =>
  /^[-\d]/.test(text) && /\d$/.test(text) ? parseJson(text)?.value : undefined;

function expectAnnounce(value: Json, offersMax: number): ExpectedRequest {
  const field = (name: string): unknown => value[name] ?? undefined;
  const infoHash = binaryStringToId(value.info_hash);
  if (infoHash === undefined) return { status: protocol.REQUEST_BAD_INFO_HASH };
  const peerId = binaryStringToId(value.peer_id);
  if (peerId === undefined) return { status: protocol.REQUEST_BAD_PEER_ID };
  const left = expectNumber(field("left"));
  const event = EVENTS.get(lowerCase(field("event"))) ?? 0;
  const numwant = expectNumber(field("numwant")) ?? -1;
  const offers = expectOffers(field("offers"));
  if (offers === undefined) return { status: protocol.REQUEST_BAD_OFFERS };
  const answer = field("answer");
  if (answer !== undefined && !isDescription(answer, "answer"))
    return { status: protocol.REQUEST_BAD_ANSWER };
  const to = binaryStringToId(field("to_peer_id"));
  const id = binaryStringToId(field("offer_id"));
  if (to === undefined && (answer !== undefined || field("to_peer_id") !== undefined))
    return { status: protocol.REQUEST_BAD_TO_PEER_ID };
  if (id === undefined && (answer !== undefined || field("offer_id") !== undefined))
    return { status: protocol.REQUEST_BAD_OFFER_ID };
  return {
    status: protocol.REQUEST_ANNOUNCE,
    infoHash,
    peerId,
    left: left === undefined ? 0 : left === 0 ? 1 : 2,
    event,
    numwant: numwant < 0 ? -1 : Math.min(Math.floor(numwant), 0x7fffffff) + 0,
    offers: offers.slice(0, offersMax),
    ...(answer !== undefined && to && id ? { answer: { answer, to, id } } : {}),
  };
}

/** What `TrackerRequest.read` ought to make of the bytes. */
export function expectRequest(
  bytes: Uint8Array,
  offersMax: number,
  scrapesMax: number,
): ExpectedRequest {
  const text = decodeUtf8(bytes);
  if (text === undefined) return { status: protocol.REQUEST_BAD_UTF8 };
  const json = parseJson(text);
  if (json === undefined) return { status: protocol.REQUEST_BAD_JSON };
  if (depthOf(text) > protocol.REQUEST_DEPTH_MAX) return { status: protocol.REQUEST_BAD_DEPTH };
  const value = json.value;
  if (!isObject(value)) return { status: protocol.REQUEST_BAD_SHAPE };
  if (value.action === "scrape") return expectScrape(value, scrapesMax);
  if (value.action !== "announce") return { status: protocol.REQUEST_BAD_ACTION };
  return expectAnnounce(value, offersMax);
}

/** What `TrackerRequest.read` did make of the bytes, in the same shape. */
export function foundRequest(request: protocol.TrackerRequest, status: number): ExpectedRequest {
  if (status === protocol.REQUEST_SCRAPE) {
    const scrapes: Uint8Array[] = [];
    for (let index = 0; index < request.scrapes; index++)
      scrapes.push(request.scrapeInfoHashes.slice(index * 20, index * 20 + 20));
    return { status, scrapes };
  }
  if (status !== protocol.REQUEST_ANNOUNCE) return { status };
  const json = (start: number, end: number): unknown =>
    JSON.parse(decoder.decode(request.bytes.slice(start, end)));
  const offers: { offer: unknown; id: Uint8Array }[] = [];
  for (let index = 0; index < request.offers; index++) {
    const ranges = request.offerRanges.subarray(index * 4, index * 4 + 4);
    const [start = 0, end = 0, idStart = 0, idEnd = 0] = ranges;
    const id = new Uint8Array(20);
    request.readOfferId(index, id, 0);
    if (binaryStringToId(json(idStart, idEnd))?.join() !== id.join()) throw new Error("offer id");
    offers.push({ offer: json(start, end), id });
  }
  const idAt = (at: number): Uint8Array => request.ids.slice(at, at + 20);
  const infoHash = idAt(protocol.INFO_HASH_AT);
  const peerId = idAt(protocol.PEER_ID_AT);
  if (
    binaryStringToId(json(request.infoHashStart, request.infoHashEnd))?.join() !== infoHash.join()
  )
    throw new Error("info hash");
  if (binaryStringToId(json(request.peerIdStart, request.peerIdEnd))?.join() !== peerId.join())
    throw new Error("peer id");
  return {
    status,
    infoHash,
    peerId,
    left: request.left,
    event: request.event,
    numwant: request.numwant,
    offers,
    ...(request.hasAnswer
      ? {
          answer: {
            answer: json(request.answerStart, request.answerEnd),
            to: idAt(protocol.TO_PEER_ID_AT),
            id: idAt(protocol.ANSWER_OFFER_ID_AT),
          },
        }
      : {}),
  };
}
