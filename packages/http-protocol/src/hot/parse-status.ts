/**
 * What the request parser can say, as small integers. The parser returns them, the HTTP tracker answers with the
 * status line and the reason of `describeHttpStatus` and counts them one by one.
 */

/** The bytes so far are the beginning of a request: ask again with more. */
export const HTTP_MORE = 0;
/** A whole request was read. */
export const HTTP_OK = 1;
export const HTTP_BAD_REQUEST_LINE = 2;
export const HTTP_BAD_TARGET = 3;
export const HTTP_BAD_PERCENT = 4;
export const HTTP_BAD_VERSION = 5;
export const HTTP_BARE_LINE_BREAK = 6;
export const HTTP_BAD_HEADER_NAME = 7;
export const HTTP_FOLDED_HEADER = 8;
export const HTTP_BAD_HEADER_VALUE = 9;
export const HTTP_BAD_CONTENT_LENGTH = 10;
export const HTTP_TWO_CONTENT_LENGTHS = 11;
export const HTTP_BOTH_LENGTHS = 12;
export const HTTP_NO_HOST = 13;
export const HTTP_TWO_HOSTS = 14;
export const HTTP_TARGET_TOO_LONG = 15;
export const HTTP_HEADERS_TOO_LONG = 16;
export const HTTP_TOO_MANY_HEADERS = 17;
/** A Host with a character that no host may have (RFC 9112 section 3.2). */
export const HTTP_BAD_HOST = 18;
/** One past the last status. */
export const HTTP_STATUS_COUNT = 19;

const HTTP_STATUSES: readonly number[] = [
  0, 200, 400, 400, 400, 505, 400, 400, 400, 400, 400, 400, 400, 400, 400, 414, 431, 431, 400,
];

const REASONS: readonly string[] = [
  "the request is not complete",
  "the request is in order",
  "the request line is not METHOD TARGET HTTP/1.1",
  "the request target is not a path or an http URL, or has a blank, a # or a control character",
  "a percent sign in the request target is not followed by two hex digits",
  "only HTTP/1.0 and HTTP/1.1 are spoken here",
  "a line does not end in CR LF",
  "a header name is empty or has a character that is not a token character",
  "a header continues on a second line",
  "a header value has a control character",
  "Content-Length is not a number",
  "there is more than one Content-Length",
  "there is a Content-Length beside a Transfer-Encoding",
  "the Host header is missing",
  "there is more than one Host header",
  "the request line is too long",
  "the headers are too long",
  "there are too many headers",
  "the Host header has a character that no host may have",
];

/** The HTTP status code that answers a parse status (200 for `HTTP_OK`, 0 for `HTTP_MORE`). */
export function httpStatusOf(parseStatus: number): number {
  return HTTP_STATUSES[parseStatus];
}

/** One line in plain words for whoever sent the request. */
export function describeHttpStatus(parseStatus: number): string {
  return REASONS[parseStatus];
}
