/**
 * Messages of WebTorrent clients, proper and twisted, for tests and the fuzzer: every field in every shape, keys
 * written with escapes, keys that stand twice, odd white space, deep nesting, and then bytes changed at random.
 */

import type { RandomSource } from "@swarmtide/test-kit";
import { bytesToBinaryString } from "../client-messages.ts";

const encoder = new TextEncoder();

const space = (random: RandomSource): string =>
  random.once(8) ? random.pick([" ", "\n", "\r\n\t", "  "]) : "";

/** A JSON string literal of the text, now and then with escapes where none are needed. */
function literal(random: RandomSource, text: string): string {
  const plain = JSON.stringify(text);
  if (!random.once(6)) return plain;
  let out = '"';
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (random.once(2)) out += `\\u${code.toString(16).padStart(4, "0")}`;
    else if (random.once(4)) out += `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
    else out += JSON.stringify(text[index]).slice(1, -1);
  }
  return `${out}"`;
}

function id(random: RandomSource): string {
  const length = random.once(80) ? random.pick([0, 1, 19, 21, 40]) : 20;
  let text = bytesToBinaryString(random.bytes(length));
  if (random.once(100)) text = text.slice(1) + random.pick(["\u0100", "\ud800", "€", "😀"]);
  return literal(random, text);
}

function scalar(random: RandomSource): string {
  return random.pick([
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "0.0",
    "0.5",
    "1e3",
    "1E-400",
    "1e400",
    "123456789012345678901234567890",
    "9007199254740993",
    '""',
    '"0"',
    '"-1"',
    '"1.5"',
    '"12"',
    '"offer"',
    '"\\ud83d"',
    '"\\u0000é€😀\\n"',
    "[]",
    "{}",
  ]);
}

/** Any JSON, up to `depth` levels. */
export function randomValue(random: RandomSource, depth: number): string {
  if (depth <= 0 || random.once(2)) return scalar(random);
  const count = random.below(4);
  const parts: string[] = [];
  const isObject = random.once(2);
  for (let index = 0; index < count; index++) {
    const value = randomValue(random, depth - 1);
    parts.push(
      isObject
        ? `${literal(random, random.pick(["a", "offer", "sdp", "type", "__proto__", ""]))}${space(random)}:${space(random)}${value}`
        : value,
    );
  }
  const inside = parts.join(`${space(random)},${space(random)}`);
  return isObject ? `{${space(random)}${inside}}` : `[${inside}${space(random)}]`;
}

function object(random: RandomSource, members: readonly (readonly [string, string])[]): string {
  const parts: string[] = [];
  for (const [key, value] of members) {
    if (random.once(150)) continue;
    parts.push(`${literal(random, key)}${space(random)}:${space(random)}${value}`);
    if (random.once(25)) parts.push(`"x":${randomValue(random, 3)}`);
    if (random.once(40))
      parts.push(`${literal(random, key)}:${random.once(2) ? value : scalar(random)}`);
  }
  if (random.once(3)) parts.reverse();
  return `{${space(random)}${parts.join(`,${space(random)}`)}${space(random)}}`;
}

function description(random: RandomSource, type: string): string {
  if (random.once(100)) return randomValue(random, 2);
  const sdp = literal(random, random.pick(["v=0\r\n", "é".repeat(30), "", "a=x\r\n".repeat(40)]));
  return object(random, [
    ["type", literal(random, random.once(80) ? random.pick(["offer", "answer", "x"]) : type)],
    ["sdp", random.once(100) ? scalar(random) : sdp],
  ]);
}

/** Offers as clients write them, now and then with more than ASCII or a quote in the SDP. */
function plainOffers(random: RandomSource): string {
  const offers: unknown[] = [];
  for (let count = random.below(7); count > 0; count--) {
    const sdp = "a=x\r\n".repeat(random.below(9)) + random.pick(["", "", "", "\t\\", "é", "\b"]);
    const offer_id = bytesToBinaryString(random.bytes(random.once(40) ? 21 : 20));
    offers.push({ offer: { type: "offer", sdp }, offer_id });
  }
  return JSON.stringify(offers);
}

function offers(random: RandomSource): string {
  if (random.once(2)) return plainOffers(random);
  if (random.once(20)) return random.pick(["null", "[null]", "[[]]", "{}", "[{}]", "5", "[]"]);
  const elements: string[] = [];
  for (let count = random.below(7); count > 0; count--)
    elements.push(
      object(random, [
        ["offer", description(random, "offer")],
        ["offer_id", id(random)],
      ]),
    );
  return `[${space(random)}${elements.join(`${space(random)},`)}${space(random)}]`;
}

function infoHashes(random: RandomSource): string {
  const list: string[] = [];
  for (let count = random.below(6); count > 0; count--)
    list.push(random.once(20) ? scalar(random) : id(random));
  return `[${space(random)}${list.join(`,${space(random)}`)}]`;
}

/** The text of one message; most are proper, each part is wrong now and then. */
export function randomRequestText(random: RandomSource): string {
  if (random.once(60)) return `${"[".repeat(random.below(40))}${randomValue(random, 2)}`;
  const deep = random.once(40) ? random.pick([28, 30, 31, 32, 33]) : 0;
  const nested = deep > 0 ? "[".repeat(deep) + "]".repeat(deep) : scalar(random);
  if (random.once(4))
    return object(random, [
      ["action", literal(random, "scrape")],
      ["info_hash", random.once(3) ? id(random) : infoHashes(random)],
      ["other", nested],
    ]);
  const event = random.pick([
    "started",
    "stopped",
    "completed",
    "update",
    "paused",
    "",
    "STARTED",
    "Stopped",
  ]);
  const members: [string, string][] = [
    ["action", literal(random, random.once(30) ? "Announce" : "announce")],
    ["info_hash", random.once(30) ? infoHashes(random) : id(random)],
    ["peer_id", id(random)],
    ["numwant", random.once(20) ? scalar(random) : String(random.below(20) - 2)],
    ["left", random.once(10) ? scalar(random) : String(random.below(3))],
  ];
  if (random.once(2))
    members.push(["event", random.once(15) ? scalar(random) : literal(random, event)]);
  if (!random.once(4)) members.push(["offers", offers(random)]);
  if (random.once(3))
    members.push(
      ["answer", description(random, "answer")],
      ["to_peer_id", id(random)],
      ["offer_id", id(random)],
    );
  members.push(["uploaded", nested]);
  return space(random) + object(random, members) + space(random);
}

/** Bytes of a message, in a third of the cases changed at random. */
export function randomRequestBytes(random: RandomSource): Uint8Array {
  const bytes = encoder.encode(randomRequestText(random));
  return random.once(3) ? mutated(random, bytes) : bytes;
}

/** The bytes with a few changed, left out, doubled or put in. */
export function mutated(random: RandomSource, bytes: Uint8Array): Uint8Array {
  let out = Array.from(bytes);
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const at = random.below(out.length + 1);
    switch (random.below(6)) {
      case 0:
        out[at] = random.word() & 255;
        break;
      case 1:
        out[at] = (out[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 2:
        out.splice(at, 1 + random.below(3));
        break;
      case 3:
        out.splice(
          at,
          0,
          random.pick([0x22, 0x5c, 0x2c, 0x7b, 0x7d, 0x5b, 0x5d, 0x30, 0xc3, 0xed]),
        );
        break;
      case 4:
        out = out.slice(0, at);
        break;
      default:
        out.splice(at, 0, ...out.slice(at, at + random.below(20)));
    }
  }
  return Uint8Array.from(out);
}
