/**
 * The client address that trusted proxies name in their header: a list of addresses, each proxy having added the
 * one it was asked by on the right. Called for each request that comes through a trusted proxy.
 *
 * The rightmost address that is not a trusted proxy itself is the client. Everything left of it was sent by the
 * client and may be forged. When all are trusted, the leftmost is the client: somebody inside the operator's own
 * network. IPv4 is read without allocation; IPv6 goes through the strict reader of texts.
 */
import { type Cidr, parseIpAddress } from "@swarmtide/bittorrent";
import { type HttpRequest, skipBlanks, skipBlanksBack } from "@swarmtide/http-protocol";
import { isTrusted } from "./trusted-proxies.ts";

/** A client address was read. */
export const FORWARDED_OK = 0;
/** The header is not there, or empty. */
export const FORWARDED_MISSING = 1;
/** The address that counts is not an IP address. */
const FORWARDED_BAD = 2;

const COMMA = 0x2c;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;

/** The longest text that can be an IP address. */
const ADDRESS_CHARACTERS_MAX = 45;

/** Reads client addresses for one thread. */
export class ForwardedAddress {
  /** The address in network order; `words` is the same memory. Valid after `FORWARDED_OK`. */
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** 4 or 6, after `FORWARDED_OK`. */
  family: 4 | 6 = 4;

  private readonly trustedProxies: readonly Cidr[];
  private readonly ipv4: Uint8Array;
  private readonly ipv6: Uint8Array;

  constructor(trustedProxies: readonly Cidr[]) {
    this.trustedProxies = trustedProxies;
    this.words = new Int32Array(4);
    this.bytes = new Uint8Array(this.words.buffer);
    this.ipv4 = this.bytes.subarray(0, 4);
    this.ipv6 = this.bytes;
  }

  /** Finds the client in the header lines that `request` kept. Returns one of the `FORWARDED_` constants. */
  read(request: HttpRequest, bytes: Uint8Array): number {
    let status = FORWARDED_MISSING;
    for (let line = request.forwardedCount - 1; line >= 0; line--) {
      const start = request.forwardedStarts[line];
      let end = request.forwardedEnds[line];
      while (end > start) {
        let at = end;
        while (at > start && bytes[at - 1] !== COMMA) at--;
        const itemStart = skipBlanks(bytes, at, end);
        const itemEnd = skipBlanksBack(bytes, itemStart, end);
        end = at - 1;
        if (itemStart === itemEnd) continue;
        if (!this.readAddress(bytes, itemStart, itemEnd)) return FORWARDED_BAD;
        status = FORWARDED_OK;
        const address = this.family === 4 ? this.ipv4 : this.ipv6;
        if (!isTrusted(this.trustedProxies, address)) return FORWARDED_OK;
      }
    }
    return status;
  }

  /** `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`. */
  private readAddress(bytes: Uint8Array, start: number, end: number): boolean {
    if (bytes[start] === BRACKET_OPEN) {
      let close = start + 1;
      while (close < end && bytes[close] !== BRACKET_CLOSE) close++;
      return isPortOrNothing(bytes, close + 1, end) && this.readText(bytes, start + 1, close);
    }
    const afterIpv4 = this.readIpv4(bytes, start, end);
    if (afterIpv4 > 0) return isPortOrNothing(bytes, afterIpv4, end);
    return this.readText(bytes, start, end);
  }

  /** Returns the offset behind `a.b.c.d`, or 0. */
  private readIpv4(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    for (let part = 0; part < 4; part++) {
      if (part > 0) {
        if (at >= end || bytes[at] !== DOT) return 0;
        at++;
      }
      const first = at;
      let value = 0;
      while (at < end && at - first < 3 && bytes[at] >= ZERO && bytes[at] <= NINE) {
        value = value * 10 + (bytes[at] - ZERO);
        at++;
      }
      if (at === first || value > 255 || (at - first > 1 && bytes[first] === ZERO)) return 0;
      this.bytes[part] = value;
    }
    this.words[1] = 0;
    this.words[2] = 0;
    this.words[3] = 0;
    this.family = 4;
    return at;
  }

  private readText(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start > ADDRESS_CHARACTERS_MAX) return false;
    let text = "";
    for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]); // IPv6 behind a proxy; at most 45 characters
    const address = parseIpAddress(text);
    if (address === undefined) return false;
    this.bytes.fill(0);
    this.bytes.set(address);
    this.family = address.length === 4 ? 4 : 6;
    return true;
  }
}

function isPortOrNothing(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  if (start > end || bytes[start] !== COLON || end - start < 2 || end - start > 6) return false;
  for (let at = start + 1; at < end; at++) if (bytes[at] < ZERO || bytes[at] > NINE) return false;
  return true;
}
