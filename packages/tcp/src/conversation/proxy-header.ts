/**
 * The PROXY protocol, versions 1 and 2: what a proxy writes before the first byte of a connection to name the client for which it
 * connects. Read once per connection that a proxy makes, before TLS, hence not in hot/. Source: HAProxy's proxy-protocol.txt.
 *
 * Version 1 is a line of at most 107 bytes: `PROXY TCP4 192.0.2.1 198.51.100.1 4711 443` CR LF. Version 2 is binary:
 *
 * | offset | bytes | name      | meaning                                                             |
 * |-------:|------:|-----------|---------------------------------------------------------------------|
 * | 0      | 12    | signature | 0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a                                 |
 * | 12     | 1     | version   | high 4 bits 2; low 4 bits 0 LOCAL (the proxy itself) or 1 PROXY     |
 * | 13     | 1     | family    | high 4 bits 1 IPv4, 2 IPv6; low 4 bits 1 stream                     |
 * | 14     | 2     | length    | bytes that follow, network order                                    |
 * | 16     | 4/16  | source    | client address; then destination address, both ports, extensions    |
 *
 * Example: `0d0a0d0a000d0a515549540a 21 11 000c c0000201 c6336401 1267 01bb` says that 192.0.2.1:4711 connects.
 */
import { type Cidr, parseIpAddress } from "@swarmtide/bittorrent";
import { type HttpPeer, setPeerAddress } from "@swarmtide/http";

/** The bytes so far are the beginning of a header. */
export const PROXY_MORE = 0;
/** The header is whole: `length` bytes of it, and `address` if it names one. */
export const PROXY_OK = 1;
/** This is not a PROXY protocol header. */
export const PROXY_BAD = 2;

/** Longer version 2 headers (extensions included) are refused. */
export const PROXY_HEADER_BYTES_MAX = 4096;

const LINE_BYTES_MAX = 107;
const SIGNATURE = Uint8Array.of(0xd, 0xa, 0xd, 0xa, 0, 0xd, 0xa, 0x51, 0x55, 0x49, 0x54, 0xa);
const FIXED_BYTES = 16;
const LINE_START = "PROXY ";

/** What was read of a header. */
export interface ProxyHeader {
  readonly status: number;
  /** Bytes of the header, after `PROXY_OK`. */
  readonly length: number;
  /** 4 or 16 bytes of the client address; undefined when the proxy speaks for itself or does not know. */
  readonly address: Uint8Array | undefined;
}

const MORE: ProxyHeader = { status: PROXY_MORE, length: 0, address: undefined };
const BAD: ProxyHeader = { status: PROXY_BAD, length: 0, address: undefined };

/** What `takeProxyHeader` returns instead of a length. */
export const PROXY_HEADER_IS_SHORT = 0;
export const PROXY_HEADER_IS_BAD = -1;

/**
 * Reads the header that begins a connection from bytes[start, end) and says in `peer` who connects. Returns the length of
 * the header, or a `PROXY_HEADER_IS_` constant.
 */
export function takeProxyHeader(
  peer: HttpPeer,
  bytes: Uint8Array,
  start: number,
  end: number,
  trustedProxies: readonly Cidr[],
): number {
  const header = parseProxyHeader(bytes.subarray(start, end));
  if (header.status === PROXY_MORE) return PROXY_HEADER_IS_SHORT;
  if (header.status === PROXY_BAD) return PROXY_HEADER_IS_BAD;
  // Whoever connects to a unix socket has no address of its own to speak for.
  const isUnix = peer.isTrustedProxy && peer.family === 4 && peer.word0 === 0;
  if (header.address === undefined) peer.isTrustedProxy = isUnix;
  else setPeerAddress(peer, header.address, trustedProxies);
  return header.length;
}

/** Reads the header that begins a connection. What it returns depends on the bytes, not on how they arrive. */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader {
  if (bytes.length === 0) return MORE;
  return bytes[0] === SIGNATURE[0] ? parseVersion2(bytes) : parseVersion1(bytes);
}

function parseVersion1(bytes: Uint8Array): ProxyHeader {
  const start = Math.min(bytes.length, LINE_START.length);
  for (let i = 0; i < start; i++) if (bytes[i] !== LINE_START.charCodeAt(i)) return BAD;
  const lineFeed = bytes.subarray(0, LINE_BYTES_MAX).indexOf(0x0a);
  if (lineFeed < 0) return bytes.length >= LINE_BYTES_MAX ? BAD : MORE;
  if (bytes[lineFeed - 1] !== 0x0d) return BAD;
  const line = String.fromCharCode(...bytes.subarray(LINE_START.length, lineFeed - 1));
  const length = lineFeed + 1;
  if (/^UNKNOWN( |$)/.test(line)) return { status: PROXY_OK, length, address: undefined };
  const match = /^TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/.exec(line);
  if (match === null || Number(match[4]) > 65535 || Number(match[5]) > 65535) return BAD;
  const [, family, source = "", destination = ""] = match;
  const isIpv6 = family === "6";
  if (source.includes(":") !== isIpv6 || destination.includes(":") !== isIpv6) return BAD;
  const address = parseIpAddress(source);
  if (address === undefined || parseIpAddress(destination) === undefined) return BAD;
  return { status: PROXY_OK, length, address };
}

function parseVersion2(bytes: Uint8Array): ProxyHeader {
  const known = Math.min(bytes.length, SIGNATURE.length);
  for (let i = 0; i < known; i++) if (bytes[i] !== SIGNATURE[i]) return BAD;
  if (bytes.length > 12 && bytes[12] !== 0x20 && bytes[12] !== 0x21) return BAD;
  if (bytes.length < FIXED_BYTES) return MORE;
  const isLocal = bytes[12] === 0x20;
  const length = FIXED_BYTES + (((bytes[14] ?? 0) << 8) | (bytes[15] ?? 0));
  if (length > PROXY_HEADER_BYTES_MAX) return BAD;
  const family = bytes[13];
  const addressBytes = family === 0x11 ? 4 : family === 0x21 ? 16 : 0;
  // Both addresses, then both ports.
  if (!isLocal && addressBytes !== 0 && length < FIXED_BYTES + 2 * addressBytes + 4) return BAD;
  if (bytes.length < length) return MORE;
  if (isLocal || addressBytes === 0) return { status: PROXY_OK, length, address: undefined };
  const address = bytes.slice(FIXED_BYTES, FIXED_BYTES + addressBytes);
  return { status: PROXY_OK, length, address };
}
