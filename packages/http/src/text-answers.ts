/**
 * The answers of the HTTP tracker that are the same every time, and the heads of those that are not. Made once when a
 * worker starts, in each form a connection can need: going on (HTTP/1.1 and 1.0) or closing, with or without body.
 */
import {
  type ConnectionHeader,
  describeHttpStatus,
  HTTP_OK,
  HTTP_STATUS_COUNT,
  httpStatusOf,
  makeResponseHead,
  makeTextResponse,
} from "@swarmtide/http-protocol";

/** How the connection goes on: HTTP/1.1 says nothing, HTTP/1.0 must be told that it stays. */
export const GOES_ON = 0;
export const CLOSES = 1;
export const GOES_ON_HTTP_1_0 = 2;
const CONNECTION_HEADERS: readonly ConnectionHeader[] = ["", "close", "keep-alive"];

/** Answers to requests that are HTTP but not for a tracker. */
export const ANSWER_HEALTH = 0;
export const ANSWER_NOT_FOUND = 1;
export const ANSWER_BAD_METHOD = 2;
export const ANSWER_BODY = 3;

const ANSWERS: readonly (readonly [status: number, line: string, ...headers: string[]])[] = [
  [200, "ok"],
  [404, "this tracker answers /announce, /scrape and /health"],
  [405, "this tracker answers GET and HEAD", "Allow: GET, HEAD"],
  [413, "this tracker reads no request bodies"],
];

/** One constant answer in all its forms. */
export interface TextAnswer {
  readonly status: number;
  /** By `GOES_ON`, `CLOSES`, `GOES_ON_HTTP_1_0`. */
  readonly whole: readonly Uint8Array[];
  /** The same without body, for HEAD. */
  readonly headOnly: readonly Uint8Array[];
}

/** By `ANSWER_…`. */
export function makeTextAnswers(): readonly TextAnswer[] {
  return ANSWERS.map(([status, line, ...furtherHeaders]) => ({
    status,
    whole: CONNECTION_HEADERS.map((connection) =>
      makeTextResponse(status, line, connection, { furtherHeaders }),
    ),
    headOnly: CONNECTION_HEADERS.map((connection) =>
      makeTextResponse(status, line, connection, { furtherHeaders, withBody: false }),
    ),
  }));
}

/** By parse status: what answers a request that cannot be read. All of them close the connection. */
export function makeErrorAnswers(): readonly Uint8Array[] {
  return Array.from({ length: HTTP_STATUS_COUNT }, (_, status) =>
    status <= HTTP_OK
      ? new Uint8Array(0)
      : makeTextResponse(httpStatusOf(status), describeHttpStatus(status), "close"),
  );
}

/** By `GOES_ON`, `CLOSES`, `GOES_ON_HTTP_1_0`: the head of a bencoded answer. */
export function makeAnswerHeads(): readonly Uint8Array[] {
  return CONNECTION_HEADERS.map((connection) => makeResponseHead(200, connection));
}
