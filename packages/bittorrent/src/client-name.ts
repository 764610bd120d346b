/**
 * Which client, in which version, a peer id says it belongs to (BEP 20).
 *
 * Called by statistics, once per peer that joins at most. Anybody can write anything into a peer id, so what arrives
 * out is made only of the names in client-codes.ts, ASCII letters and digits, dots, dashes and `~`: it is safe to show in
 * a page or a metric label. The number of different answers is large all the same; whoever keeps them bounds them.
 */
import { AZUREUS_CODES, OWN_STYLES, SHADOW_CODES, type VersionStyle } from "./client-codes.ts";
import { PEER_ID_BYTES } from "./info-hash.ts";

/** What a peer id tells about its client. */
export interface Client {
  /** `Transmission`, `Other (XY)` for an unknown code, `Other` when there is none. */
  readonly name: string;
  /** `4.0.6`; empty when unknown. */
  readonly version: string;
}

/** Azureus style; aquatic, too, does not insist on the closing dash, which some clients use for more version. */
const AZUREUS_STYLE = /^-([A-Za-z~][A-Za-z0-9~])([0-9A-Za-z]{4})/;

const SHADOW_STYLE = /^([A-Z])([0-9A-Za-z.-]{5})---/;

/** The digits of Shadow style, worth 0 to 63. */
const SHADOW_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-";

/** Something that looks like a name: letters, digits and dashes, then a dash, within the first eight bytes. */
const UNKNOWN_STYLE = /^([0-9A-Za-z-]{1,7})-/;

const STAGES: ReadonlyMap<string, string> = new Map([
  ["a", " alpha"],
  ["b", " beta"],
  ["d", " dev"],
  ["r", " rc"],
  ["s", ""],
  ["0", ""],
]);

/** Names the client of the 20-byte peer id at `offset`. */
export function detectClient(peerId: Uint8Array, offset = 0): Client {
  if (offset < 0 || offset + PEER_ID_BYTES > peerId.length)
    throw new RangeError(`no ${PEER_ID_BYTES} bytes at offset ${offset} of ${peerId.length}`);
  const text = String.fromCharCode(...peerId.subarray(offset, offset + PEER_ID_BYTES));
  return (
    ownStyleClient(text) ??
    azureusClient(text) ??
    shadowClient(text) ??
    byteVersionClient(text) ??
    unknownClient(text)
  );
}

function ownStyleClient(text: string): Client | undefined {
  for (const [pattern, name] of OWN_STYLES) {
    const match = pattern.exec(text);
    if (match !== null) return { name, version: match.slice(1).join(".") };
  }
  return undefined;
}

function azureusClient(text: string): Client | undefined {
  const match = AZUREUS_STYLE.exec(text);
  if (match === null) return undefined;
  const [, code = "", digits = ""] = match;
  const [name, style] = AZUREUS_CODES.get(code) ?? [`Other (${code})`, "a.b.c.d"];
  return { name, version: azureusVersion(digits, style) };
}

function azureusVersion(digits: string, style: VersionStyle): string {
  const [a = "", b = "", c = "", d = ""] = digits;
  const part = (digit: string) => Number.parseInt(digit, 36);
  switch (style) {
    case "a.b.c":
      return `${part(a)}.${part(b)}.${part(c)}`;
    case "a.b.c.d":
      return `${part(a)}.${part(b)}.${part(c)}.${part(d)}`;
    case "a.b.c+":
      return `${part(a)}.${part(b)}.${part(c)}${STAGES.get(d.toLowerCase()) ?? d}`;
    case "aa.bb":
      return `${withoutLeadingZero(a + b)}.${c}${d}`;
    case "a.bcd":
      return `${a}.${b}${c}${d}`;
    case "a.b":
      return `${part(a)}.${part(b)}`;
    case "webtorrent":
      return `${withoutLeadingZero(a + b)}.${withoutLeadingZero(c + d)}`;
    case "ktorrent":
      return `${part(a)}.${part(b)}${/[A-Z]/.test(c) ? `${STAGES.get(c.toLowerCase()) ?? ""}${d}` : `.${c}`}`;
    case "transmission":
      return transmissionVersion(a, b, c, d);
    case "none":
      return "";
  }
}

function withoutLeadingZero(pair: string): string {
  return pair.startsWith("0") ? pair.slice(1) : pair;
}

/** `0006` is 0.6, `0072` is 0.72, `3000` is 3.00, and from 4 on `4060` is 4.0.6; the fourth marks a pre-release. */
function transmissionVersion(a: string, b: string, c: string, d: string): string {
  if (a + b + c === "000") return `0.${d}`;
  if (a + b === "00") return `0.${c}${d}`;
  const stage = /[xz]/i.test(d) ? " dev" : (STAGES.get(d.toLowerCase()) ?? "");
  return a <= "3" ? `${a}.${b}${c}${stage}` : `${a}.${b}.${c}${stage}`;
}

function shadowClient(text: string): Client | undefined {
  const match = SHADOW_STYLE.exec(text);
  const name = SHADOW_CODES.get(match?.[1] ?? "");
  if (match === null || name === undefined) return undefined;
  const digits = (match[2] ?? "").replace(/-+$/, "");
  return { name, version: Array.from(digits, (digit) => SHADOW_DIGITS.indexOf(digit)).join(".") };
}

/** Clients that once wrote their version as two raw bytes: BitComet, BitLord and BitSpirit. */
function byteVersionClient(text: string): Client | undefined {
  const byte = (at: number) => text.charCodeAt(at);
  if (/^(?:exbc|FUTB|xUTB)/.test(text)) {
    const name = text.slice(6, 10) === "LORD" ? "BitLord" : "BitComet";
    return { name, version: `${byte(4)}.${String(byte(5)).padStart(2, "0")}` };
  }
  if (byte(0) === 0 && text.slice(2, 4) === "BS")
    return { name: "BitSpirit", version: String(Math.max(1, byte(1))) };
  return undefined;
}

function unknownClient(text: string): Client {
  const prefix = UNKNOWN_STYLE.exec(text)?.[1]?.replace(/^-+|-+$/g, "") ?? "";
  return { name: prefix === "" ? "Other" : `Other (${prefix})`, version: "" };
}
