/**
 * The answer to `compact=0`: a list of dictionaries with `ip` as text and `port` (BEP 3), without `peer id`, which
 * the store does not keep (as if `no_peer_id=1` were given). Called by the reply writer; allocates nothing.
 *
 * ```
 * d2:ip9:127.0.0.14:porti6881ee
 * ```
 */

import { writeBytes, writeDecimal, writeInteger } from "./bencode-writer.ts";
import { asciiBytes } from "./byte-class.ts";

const LIST = 0x6c;
const END = 0x65;
const COLON = 0x3a;
const DOT = 0x2e;

const HEX_DIGITS = asciiBytes("0123456789abcdef");
const ENTRY_START = asciiBytes("d2:ip");
const KEY_PORT = asciiBytes("4:port");

/** `d2:ip39:` + 39 + `4:porti65535ee`: an IPv6 peer with eight full groups. */
export const PEER_LIST_ENTRY_BYTES_MAX = 61;

/** An address in text, before its length is known; the longest is 39 characters. */
const addressText = new Uint8Array(40);

/**
 * Writes `peersCount` compact peers that lie at `peersOffset` of the same buffer as a list of dictionaries.
 * Returns the offset behind it.
 */
export function writePeerList(
  output: Uint8Array,
  offset: number,
  peersOffset: number,
  peersCount: number,
  isIpv6: boolean,
): number {
  const addressBytes = isIpv6 ? 16 : 4;
  let at = offset;
  let peer = peersOffset;
  output[at++] = LIST;
  for (let i = 0; i < peersCount; i++) {
    const length = isIpv6 ? formatIpv6(output, peer) : formatIpv4(output, peer);
    const port = (output[peer + addressBytes] << 8) | output[peer + addressBytes + 1];
    at = writeBytes(output, at, ENTRY_START);
    at = writeDecimal(output, at, length);
    output[at++] = COLON;
    for (let k = 0; k < length; k++) output[at + k] = addressText[k];
    at = writeBytes(output, at + length, KEY_PORT);
    at = writeInteger(output, at, port);
    output[at++] = END;
    peer += addressBytes + 2;
  }
  output[at] = END;
  return at + 1;
}

function formatIpv4(bytes: Uint8Array, offset: number): number {
  let at = writeDecimal(addressText, 0, bytes[offset]);
  for (let i = 1; i < 4; i++) {
    addressText[at++] = DOT;
    at = writeDecimal(addressText, at, bytes[offset + i]);
  }
  return at;
}

/** Eight groups without leading zeros; none is left out, which every parser of addresses accepts. */
function formatIpv6(bytes: Uint8Array, offset: number): number {
  let at = 0;
  for (let group = 0; group < 8; group++) {
    if (group !== 0) addressText[at++] = COLON;
    const value = (bytes[offset + 2 * group] << 8) | bytes[offset + 2 * group + 1];
    if (value > 0xfff) addressText[at++] = HEX_DIGITS[value >> 12];
    if (value > 0xff) addressText[at++] = HEX_DIGITS[(value >> 8) & 15];
    if (value > 0xf) addressText[at++] = HEX_DIGITS[(value >> 4) & 15];
    addressText[at++] = HEX_DIGITS[value & 15];
  }
  return at;
}
