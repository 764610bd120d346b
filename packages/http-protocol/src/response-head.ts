/**
 * The heads and fixed answers of the HTTP tracker, made once when a worker starts. Not per request: strings are fine.
 */
import { asciiBytes } from "./hot/byte-class.ts";
import { CONTENT_LENGTH_DIGITS } from "./hot/reply-writer.ts";

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  414: "URI Too Long",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

/** What the Connection header of an answer says; "" for none, which means keep-alive in HTTP/1.1. */
export type ConnectionHeader = "" | "close" | "keep-alive";

/** A response head with a blank Content-Length, for `writeResponseHead` and `writeContentLength`. */
export function makeResponseHead(
  status: number,
  connection: ConnectionHeader,
  furtherHeaders: readonly string[] = [],
): Uint8Array {
  const lines = [`HTTP/1.1 ${status} ${STATUS_TEXTS[status] ?? "Unknown"}`];
  lines.push("Content-Type: text/plain", ...furtherHeaders);
  if (connection !== "") lines.push(`Connection: ${connection}`);
  lines.push(`Content-Length: ${" ".repeat(CONTENT_LENGTH_DIGITS)}`);
  return asciiBytes(`${lines.join("\r\n")}\r\n\r\n`);
}

/** A whole response with a body of one line; `withBody` is false for the answer to HEAD. */
export function makeTextResponse(
  status: number,
  line: string,
  connection: ConnectionHeader,
  options: { readonly furtherHeaders?: readonly string[]; readonly withBody?: boolean } = {},
): Uint8Array {
  const head = makeResponseHead(status, connection, options.furtherHeaders ?? []);
  const body = asciiBytes(`${line}\n`);
  const digits = String(body.length);
  const response = new Uint8Array(head.length + (options.withBody === false ? 0 : body.length));
  response.set(head, 0);
  response.set(asciiBytes(digits), head.length - 4 - digits.length);
  if (options.withBody !== false) response.set(body, head.length);
  return response;
}
