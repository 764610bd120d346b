/**
 * Frames of clients that are broken or mean no good, for the fuzzer: messages with members of the wrong shape, twice or
 * missing, messages with bytes changed, and frames that break RFC 6455.
 *
 * Owned by the fuzzer; the same random words give the same frames.
 */
import {
  bytesToBinaryString,
  formatAnnounce,
  formatScrape,
  OPCODE_CLOSE,
  OPCODE_PING,
  OPCODE_TEXT,
  type TrackerMessage,
} from "@swarmtide/ws-protocol";
import type { RandomWords } from "../hot/random-words.ts";
import { elementAt } from "./element-at.ts";
import { clientFrame, idOf, offerOf } from "./test-client.ts";

/** Torrents in which everybody meets. */
export const FUZZ_TORRENTS: readonly string[] = ["t0", "t1", "t2", "t3"];
/** Names that hostile clients take, the witnesses' among them: `w0` to `w3`. */
const NAMES: readonly string[] = ["p0", "p1", "p2", "p3", "p4", "w0", "w1", "w2", "w3"];
/** An offer that somebody has received, to be answered by whoever likes. */
export type SeenOffer = Extract<TrackerMessage, { kind: "offer" | "answer" }>;

/** Offers that hostile clients remember of each other. */
const SEEN_MAX = 32;
const EVENTS = ["started", "completed", "stopped", "update", "paused"] as const;
const ODD: readonly string[] = [
  ...["null", "[null]", "[]", "{}", "[[]]", "[{}]", "0", "-1", "0.5", "1e400", "-0", "true", '""'],
  ...['"x"', '"\\ud800"', '"\\udc00\\ud800"', `"${"é".repeat(20)}"`, `"${"a".repeat(21)}"`],
  `"${"\\u0000".repeat(20)}"`,
  `"${"Ā".repeat(20)}"`,
  '[{"offer":null,"offer_id":null}]',
  '{"type":"offer"}',
  '{"type":"answer","sdp":"\\ud83d"}',
  `${"[".repeat(31)}${"]".repeat(31)}`,
  `${"[".repeat(300)}`,
  '{"a":'.repeat(40),
  "9".repeat(400),
];
const encoder = new TextEncoder();

export class HostileFrames {
  /** How many of each kind have been made. */
  proper = 0;
  mutatedMessages = 0;
  mutatedFrames = 0;
  /** The last offers that anybody has received, and the last one of each client by its number. */
  readonly #seen: SeenOffer[] = [];
  readonly #lastOf = new Map<number, SeenOffer>();
  readonly #random: RandomWords;

  constructor(random: RandomWords) {
    this.#random = random;
  }

  get mutated(): number {
    return this.mutatedMessages + this.mutatedFrames;
  }

  /** Keeps an offer that a client has received, to be answered by it, more than once, and by others. */
  remember(client: number, offer: SeenOffer): void {
    this.#lastOf.set(client, offer);
    this.#seen.push(offer);
    if (this.#seen.length > SEEN_MAX) this.#seen.shift();
  }

  forget(): void {
    this.#seen.length = 0;
    this.#lastOf.clear();
  }

  /** Own offers above all, and now and then somebody else's. */
  #pickSeen(client: number): SeenOffer | undefined {
    if (this.#seen.length === 0 || this.#random.below(2) === 0) return undefined;
    return this.#random.below(3) > 0 ? this.#lastOf.get(client) : this.#pick(this.#seen);
  }

  #pick<T>(choices: readonly T[]): T {
    return elementAt(choices, this.#random.below(choices.length));
  }

  /** A message that is in order. */
  nextProper(own: string, client: number): Uint8Array {
    this.proper++;
    return clientFrame(OPCODE_TEXT, encoder.encode(this.#text(own, client)));
  }

  /** Bytes of one frame, or of a few in a row, as a client of this name and number would send them. */
  next(own: string, client: number): Uint8Array {
    const kind = this.#random.below(20);
    if (kind < 5) return this.nextProper(own, client);
    if (kind >= 17) {
      this.mutatedFrames++;
      return this.#brokenFrame(encoder.encode(this.#text(own, client)));
    }
    this.mutatedMessages++;
    const text = kind < 11 ? this.#twisted(own, client) : this.#text(own, client);
    const payload = encoder.encode(text);
    return clientFrame(OPCODE_TEXT, kind < 11 ? payload : this.#changed(payload));
  }

  /** The text of a message that is in order, though it may use another's name or answer another's offer. */
  #text(own: string, client: number): string {
    const random = this.#random;
    const infoHash = idOf(
      random.below(8) === 0 ? `x${random.below(9)}` : this.#pick(FUZZ_TORRENTS),
    );
    if (random.below(8) === 0)
      return formatScrape(
        Array.from({ length: random.below(10) }, () => idOf(this.#pick(FUZZ_TORRENTS))),
      );
    const offers = Array.from({ length: random.below(5) }, () =>
      offerOf(`o${random.below(20)}`, "v=0\r\n".repeat(random.below(40) === 0 ? 500 : 3)),
    );
    const seen = this.#pickSeen(client);
    const answer = {
      // Twice, so that a changed byte does not make it another client's.
      answer: { type: "answer" as const, sdp: `by ${client}/${client}` },
      toPeerId: seen?.peerId ?? idOf(this.#pick(NAMES)),
      offerId: seen?.offerId ?? idOf(`o${random.below(20)}`),
    };
    return formatAnnounce({
      infoHash: seen?.infoHash ?? infoHash,
      peerId: idOf(random.below(6) === 0 ? this.#pick(NAMES) : own),
      ...(random.below(2) === 0 ? { left: random.below(2) } : {}),
      ...(random.below(4) === 0 ? { event: this.#pick(EVENTS) } : {}),
      ...(random.below(4) === 0 ? { numwant: random.below(6) - 1 } : {}),
      ...(random.below(2) === 0 ? { offers } : {}),
      ...(seen !== undefined || random.below(3) === 0 ? { answer } : {}),
    });
  }

  /** A message that is JSON, mostly, with one member that is not as it should be. */
  #twisted(own: string, client: number): string {
    const random = this.#random;
    const text = this.#text(own, client);
    const members = Object.entries(JSON.parse(text) as Record<string, unknown>);
    const [key, value] = this.#pick(members);
    const odd = this.#pick(ODD);
    const format = (entries: readonly (readonly [string, unknown])[]) =>
      JSON.stringify(Object.fromEntries(entries));
    switch (random.below(6)) {
      case 0:
        return format(members.filter(([name]) => name !== key));
      case 1:
        return `{"${key}":${odd},${text.slice(1)}`;
      case 2:
        return `${text.slice(0, -1)},"${key}":${odd}}`;
      case 3:
        return format(
          members.map(([name, old]) =>
            name === key && typeof old === "string" ? [name, old.slice(1)] : [name, old],
          ),
        );
      case 4:
        return format([
          ...members.filter(([name]) => name !== "offers"),
          ["offers", [{ ...offerOf("o1"), offer_id: bytesToBinaryString(idOf("o1")) }, value]],
        ]);
      default:
        return text.replace(JSON.stringify(value), odd);
    }
  }

  /** The bytes with a few changed, left out, doubled or put in. */
  #changed(bytes: Uint8Array): Uint8Array {
    const random = this.#random;
    let out: Uint8Array = bytes.slice();
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      const at = random.below(out.length + 1);
      const length = random.below(20);
      switch (random.below(5)) {
        case 0:
          if (at < out.length) out[at] = random.word();
          break;
        case 1:
          if (at < out.length) out[at] = elementAt(out, at) ^ (1 << random.below(8));
          break;
        case 2:
          out = joined(out.subarray(0, at), out.subarray(Math.min(out.length, at + length)));
          break;
        case 3:
          out = joined(out.subarray(0, at), out.subarray(at, at + length), out.subarray(at));
          break;
        default:
          out = out.slice(0, at);
      }
    }
    return out;
  }

  /** A frame, or some, that break a rule of RFC 6455 or come close. */
  #brokenFrame(payload: Uint8Array): Uint8Array {
    const random = this.#random;
    const frame = clientFrame(OPCODE_TEXT, payload);
    const ping = clientFrame(OPCODE_PING, payload.subarray(0, random.below(126)));
    switch (random.below(9)) {
      case 0:
        frame[0] = random.word();
        return frame;
      case 1:
        frame[1] = random.word();
        return frame;
      case 2: // the extended length and the mask
        frame[2 + random.below(6)] = random.word();
        return frame;
      case 3: // cut short: the next frame's bytes are taken for the rest
        return frame.slice(0, random.below(frame.length));
      case 4:
        return clientFrame(OPCODE_CLOSE, this.#changed(Uint8Array.of(3, 232, 0x62, 0x79)));
      case 5: // fragments, a ping between them, now and then out of order
        return this.#fragments(payload, ping);
      case 6:
        return joined(ping, this.#changed(frame));
      case 7:
        if (random.below(400) > 0) return clientFrame(random.below(16), payload.slice(0, 125));
        return joined(...new Array<Uint8Array>(4100).fill(unfinished(0, payload.subarray(0, 0))));
      default: // a burst
        return joined(
          ...new Array<Uint8Array>(random.below(random.below(12) === 0 ? 400 : 4)).fill(ping),
        );
    }
  }

  #fragments(payload: Uint8Array, ping: Uint8Array): Uint8Array {
    const random = this.#random;
    const cut = random.below(payload.length + 1);
    const first = unfinished(OPCODE_TEXT, payload.subarray(0, cut));
    const rest = clientFrame(random.below(5) === 0 ? OPCODE_TEXT : 0, payload.subarray(cut));
    if (random.below(4) === 0) return joined(first, unfinished(0, this.#changed(payload)));
    return random.below(5) === 0 ? joined(rest, first) : joined(first, ping, rest);
  }
}

/** A frame that more fragments follow. */
function unfinished(opcode: number, payload: Uint8Array): Uint8Array {
  const frame = clientFrame(opcode, payload);
  frame[0] = opcode;
  return frame;
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts));
