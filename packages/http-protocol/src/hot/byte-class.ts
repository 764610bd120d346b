/**
 * Tables that say in one load what a byte may be, and comparisons of byte ranges with constants. Made once per
 * thread; read by the parsers for every byte of a request. RFC 9110 section 5.6.2 (tokens), RFC 9112 section 3.
 */

/** 1 for the characters a method or a header name may have. */
export const IS_TOKEN = new Uint8Array(256);
/** 0 for a byte a request target may have, else 1; `%`, `?`, `#` and the blank are 1 as well and looked at singly. */
export const STOPS_TARGET = new Uint8Array(256);
/** 0 for a byte a header value may have, 1 for the control characters (CR and LF among them). */
export const STOPS_VALUE = new Uint8Array(256);
/** 1 for the characters of a host and port (RFC 3986 section 3.2.2, a literal IPv6 address in brackets included). */
export const IS_HOST = new Uint8Array(256);
/** The value of a hex digit, 255 for any other byte. */
export const HEX_VALUE = new Uint8Array(256).fill(255);

const HOST_PUNCTUATION = "-._~!$&'()*+,;=%:[]";
const TOKEN_PUNCTUATION = "!#$%&'*+-.^_|~\x60";

for (let byte = 0; byte < 256; byte++) {
  const character = String.fromCharCode(byte);
  const isLetterOrDigit =
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a);
  IS_TOKEN[byte] = isLetterOrDigit || TOKEN_PUNCTUATION.includes(character) ? 1 : 0;
  IS_HOST[byte] = isLetterOrDigit || HOST_PUNCTUATION.includes(character) ? 1 : 0;
  STOPS_TARGET[byte] = byte <= 0x20 || byte === 0x7f || "%?#".includes(character) ? 1 : 0;
  STOPS_VALUE[byte] = (byte < 0x20 && byte !== 0x09) || byte === 0x7f ? 1 : 0;
  const digit = "0123456789abcdef".indexOf(character.toLowerCase());
  if (digit >= 0) HEX_VALUE[byte] = digit;
}

/** The bytes of a text of ASCII characters. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length); // hot-allow: called when modules load
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Whether bytes[start..end) are exactly the expected ones. */
export function equalsBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  expected: Uint8Array,
): boolean {
  const length = expected.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== expected[i]) return false;
  return true;
}

/**
 * Whether bytes[start..end) are the expected lower-case ASCII letters, digits or hyphens in any case. `| 0x20`
 * makes a letter lower-case and leaves digits and the hyphen alone; the only other bytes it could turn into one
 * of those are control characters, which no caller lets through.
 */
export function equalsIgnoringCase(
  bytes: Uint8Array,
  start: number,
  end: number,
  expected: Uint8Array,
): boolean {
  const length = expected.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i];
    if (byte !== expected[i] && (byte | 0x20) !== expected[i]) return false;
  }
  return true;
}
