/**
 * IP addresses as bytes: strict reading and RFC 5952 writing of their text, and the canonical form.
 *
 * Called with configuration, proxy headers and for log lines. The canonical form is 4 bytes for IPv4 and 16 for IPv6 in
 * network order, where an IPv4-mapped IPv6 address (`::ffff:1.2.3.4`) is always folded into its IPv4 address, so that one
 * peer never stands in two swarms and a rule for `10.0.0.0/8` cannot be passed by writing the address differently.
 *
 * The reader is our own and takes one spelling only, because lenient readers have let forged addresses through
 * (CVE-2023-42282, CVE-2024-29415): no octal or hexadecimal parts, no leading zeros, no `127.1`, no zone ids, no
 * brackets, no blanks.
 */
import { hexDigitValue } from "./info-hash.ts";

/** Bytes of an IPv4 address. */
export const IPV4_BYTES = 4;
/** Bytes of an IPv6 address. */
export const IPV6_BYTES = 16;

/** The longest text that can be an IP address: eight groups, the last two in dotted form. */
const ADDRESS_TEXT_CHARACTERS_MAX = 45;

const DOT = 0x2e;
const COLON = 0x3a;

/** Whether the 16 bytes at `offset` are `::ffff:a.b.c.d`. Does not allocate. */
export function isMappedIpv4(bytes: Uint8Array, offset = 0): boolean {
  for (let i = offset; i < offset + 10; i++) if (bytes[i] !== 0) return false;
  return bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff;
}

/** The canonical form of 4 or 16 address bytes: itself, or the last 4 bytes of an IPv4-mapped IPv6 address. */
export function canonicalAddress(address: Uint8Array): Uint8Array {
  return address.length === IPV6_BYTES && isMappedIpv4(address) ? address.slice(12) : address;
}

/** Reads IPv4 or IPv6 text into canonical bytes (4 or 16 of them); `undefined` when it is not exactly one address. */
export function parseIpAddress(text: string): Uint8Array | undefined {
  if (text.length > ADDRESS_TEXT_CHARACTERS_MAX) return undefined;
  if (!text.includes(":")) {
    const address = new Uint8Array(IPV4_BYTES);
    return readDottedQuad(text, 0, address, 0) ? address : undefined;
  }
  const address = parseIpv6(text);
  return address === undefined ? undefined : canonicalAddress(address);
}

/** Reads `a.b.c.d` from `start` to the end of the text into four bytes at `offset`. */
function readDottedQuad(text: string, start: number, into: Uint8Array, offset: number): boolean {
  let at = start;
  for (let part = 0; part < IPV4_BYTES; part++) {
    if (part > 0 && text.charCodeAt(at++) !== DOT) return false;
    const first = at;
    let value = 0;
    while (at < text.length && at - first < 3) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    const digits = at - first;
    if (digits === 0 || value > 255) return false;
    if (digits > 1 && text.charCodeAt(first) === 0x30) return false;
    into[offset + part] = value;
  }
  return at === text.length;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const address = new Uint8Array(IPV6_BYTES);
  let at = 0; // in the text
  let filled = 0; // bytes written
  let gap = -1; // byte position of "::"
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return undefined;
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    if (filled === IPV6_BYTES) return undefined;
    const end = endOfGroup(text, at);
    if (text.charCodeAt(end) === DOT) {
      if (filled > IPV6_BYTES - IPV4_BYTES) return undefined;
      if (!readDottedQuad(text, at, address, filled)) return undefined;
      filled += IPV4_BYTES;
      break;
    }
    const value = groupValue(text, at, end);
    if (value < 0) return undefined;
    address[filled++] = value >> 8;
    address[filled++] = value & 0xff;
    if (end === text.length) break;
    if (text.charCodeAt(end) !== COLON) return undefined;
    at = end + 1;
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return undefined;
      gap = filled;
      at++;
    } else if (at === text.length) {
      return undefined; // a single colon at the end
    }
  }
  if (gap < 0) return filled === IPV6_BYTES ? address : undefined;
  // "::" stands for at least one group, as RFC 4291 has it.
  if (filled === IPV6_BYTES) return undefined;
  address.copyWithin(IPV6_BYTES - (filled - gap), gap, filled);
  address.fill(0, gap, IPV6_BYTES - (filled - gap));
  return address;
}

/** The position behind the hexadecimal digits that begin at `at`. */
function endOfGroup(text: string, at: number): number {
  while (at < text.length && hexDigitValue(text.charCodeAt(at)) >= 0) at++;
  return at;
}

/** The value of one to four hexadecimal digits, or -1 for another count. */
function groupValue(text: string, start: number, end: number): number {
  if (end === start || end - start > 4) return -1;
  return Number.parseInt(text.slice(start, end), 16);
}

/**
 * The text of 4 or 16 address bytes: dotted for IPv4, RFC 5952 for IPv6 (lower case, the first longest run of two or
 * more zero groups as `::`), and `::ffff:1.2.3.4` for an IPv4-mapped address that has not been folded.
 */
export function formatIpAddress(address: Uint8Array): string {
  if (address.length === IPV4_BYTES) return formatDottedQuad(address, 0);
  if (address.length !== IPV6_BYTES)
    throw new RangeError(`an IP address has 4 or 16 bytes, not ${address.length}`);
  if (isMappedIpv4(address)) return `::ffff:${formatDottedQuad(address, 12)}`;
  const view = new DataView(address.buffer, address.byteOffset, IPV6_BYTES);
  const groups = Array.from({ length: IPV6_BYTES / 2 }, (_, index) => view.getUint16(2 * index));
  const { start, count } = longestZeroRun(groups);
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  if (count < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + count))}`;
}

function formatDottedQuad(bytes: Uint8Array, offset: number): string {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; count: number } {
  let best = { start: 0, count: 0 };
  let start = 0;
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.count) best = { start, count: index + 1 - start };
  });
  return best;
}
