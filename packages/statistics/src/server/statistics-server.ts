/**
 * The statistics server: node:http (or node:https) on the main thread, never on a thread that answers peers. It reads no
 * swarms and makes each body at most once a second, so that a hundred pollers cost a hundred copies of one buffer.
 *
 * Hostile requests: only GET and HEAD, no bodies, a limit on headers (Node's, 16 KiB), on the target, on connections and on
 * the time of a request. Pages of other origins learn nothing (no CORS headers, a strict Content-Security-Policy).
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type Answer, type Answers, textAnswer } from "./answers.ts";

const TARGET_BYTES_MAX = 2048;
const CONNECTIONS_MAX = 1024;
const REQUEST_MILLISECONDS_MAX = 10_000;
const IDLE_MILLISECONDS_MAX = 15_000;

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cache-control": "no-store",
};

/** Probes need no token: whether the process lives is not a secret. */
const OPEN_PATHS: ReadonlySet<string> = new Set(["/health", "/ready"]);

export interface ServerOptions {
  readonly address: { readonly host: string; readonly port: number };
  /** Empty for none. */
  readonly token: string;
  /** PEM; undefined for plain HTTP. */
  readonly tls: { readonly cert: Buffer | string; readonly key: Buffer | string } | undefined;
  readonly answers: Answers;
  /** A descriptor that listens there already. */
  readonly fd?: number | undefined;
}

/** What is asked for; a reload replaces it. */
interface Token {
  digest: Buffer | undefined;
}

const digestOfToken = (token: string): Buffer | undefined =>
  token === "" ? undefined : digestOf(token);

export class StatisticsServer {
  readonly #server: Server;
  readonly #isTls: boolean;
  readonly #token: Token;

  private constructor(server: Server, isTls: boolean, token: Token) {
    this.#server = server;
    this.#isTls = isTls;
    this.#token = token;
  }

  /** Rejects with the error of Node where it cannot listen. */
  static async open(options: ServerOptions): Promise<StatisticsServer> {
    const { address, answers, tls } = options;
    const token: Token = { digest: digestOfToken(options.token) };
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      void serveRequest(request, response, answers, token.digest);
    };
    const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
    server.maxConnections = CONNECTIONS_MAX;
    server.requestTimeout = REQUEST_MILLISECONDS_MAX;
    server.headersTimeout = REQUEST_MILLISECONDS_MAX;
    server.keepAliveTimeout = IDLE_MILLISECONDS_MAX;
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      if (error.code === "ECONNRESET" || !socket.writable) return socket.destroy();
      const status = CLIENT_ERRORS.get(error.code ?? "") ?? "400 Bad Request";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return undefined;
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      const { host, port } = address;
      server.listen(options.fd === undefined ? { host, port } : { fd: options.fd }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    return new StatisticsServer(server, tls !== undefined, token);
  }

  /** `http://127.0.0.1:9000/`, with the port that was taken. */
  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    const host = family === "IPv6" ? `[${address}]` : address;
    return `${this.#isTls ? "https" : "http"}://${host}:${port}/`;
  }

  /** What it listens at, and its descriptor; undefined where the system has none. */
  get listener(): { readonly address: AddressInfo; readonly fd: number } | undefined {
    // Node has it, but does not document it.
    const { _handle: handle } = this.#server as {
      readonly _handle?: { readonly fd?: number } | null;
    };
    const fd = handle?.fd ?? -1;
    return fd < 0 ? undefined : { address: this.#server.address() as AddressInfo, fd };
  }

  /** Stops listening; connections that are open are served until `close`. */
  drain(): void {
    this.#server.close();
  }

  /** New connections get this certificate. */
  replaceTls(tls: { readonly cert: Buffer | string; readonly key: Buffer | string }): void {
    if ("setSecureContext" in this.#server)
      (this.#server as ReturnType<typeof createTlsServer>).setSecureContext(tls);
  }

  /** From the next request on this token is asked for; none where it is empty. */
  replaceToken(token: string): void {
    this.#token.digest = digestOfToken(token);
  }

  /** Stops listening and ends every connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }
}

const CLIENT_ERRORS: ReadonlyMap<string, string> = new Map([
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
]);

async function serveRequest(
  request: IncomingMessage,
  response: ServerResponse,
  answers: Answers,
  token: Buffer | undefined,
): Promise<void> {
  try {
    const answer = await answerOf(request, response, answers, token);
    send(request, response, answer);
  } catch {
    // Nothing that a client sends leads here; whoever sees it looks at the log of the collector.
    send(request, response, textAnswer(500, "internal error"));
  }
}

async function answerOf(
  request: IncomingMessage,
  response: ServerResponse,
  answers: Answers,
  token: Buffer | undefined,
): Promise<Answer> {
  const { method, headers, url: target = "" } = request;
  const hasBody =
    headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
  if (hasBody || target.length > TARGET_BYTES_MAX) response.setHeader("connection", "close");
  if (target.length > TARGET_BYTES_MAX) return textAnswer(414, "the path is too long");
  if (method !== "GET" && method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return textAnswer(405, "expected GET or HEAD");
  }
  if (hasBody) return textAnswer(413, "expected a request without a body");
  if (!target.startsWith("/")) return textAnswer(400, "expected a path that begins with /");
  const [path = "", query = ""] = splitTarget(target);
  if (token !== undefined && !OPEN_PATHS.has(path) && !isAllowed(headers.authorization, token)) {
    response.setHeader("www-authenticate", 'Basic realm="swarmtide", Bearer');
    return textAnswer(401, "expected the token of statistics.page_token");
  }
  return (
    (await answers.find(path, new URLSearchParams(query))) ??
    textAnswer(404, "nothing here; there are /, /metrics, /api/stats, /health and /ready")
  );
}

function splitTarget(target: string): [path: string, query: string] {
  const at = target.indexOf("?");
  return at < 0 ? [target, ""] : [target.slice(0, at), target.slice(at + 1)];
}

/** As `Authorization: Bearer TOKEN`, or as the password of `Basic`, which browsers ask for. */
function isAllowed(authorization: string | undefined, token: Buffer): boolean {
  const [, scheme = "", credentials = ""] = /^(\S+) +(\S+)$/.exec(authorization ?? "") ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
      return timingSafeEqual(digestOf(credentials), token);
    case "basic": {
      const decoded = Buffer.from(credentials, "base64").toString();
      return timingSafeEqual(digestOf(decoded.slice(decoded.indexOf(":") + 1)), token);
    }
    default:
      return false;
  }
}

/** Of one length, so that comparing tells nothing of the token's. */
const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const takesGzip = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
  const body = takesGzip ? (answer.gzipped ?? answer.body) : answer.body;
  if (answer.gzipped !== undefined) response.setHeader("vary", "accept-encoding");
  if (body === answer.gzipped) response.setHeader("content-encoding", "gzip");
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  response.writeHead(answer.status, {
    "content-type": answer.contentType,
    "content-length": body.length,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}
