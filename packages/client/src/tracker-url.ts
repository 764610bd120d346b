/**
 * A tracker's URL as people write it in torrents and on command lines, taken apart once for all protocols.
 *
 * Called by the client of each protocol and by checks. BEP 15 (udp), BEP 3 (http, https), BEP 48 (where to scrape).
 */
import { ClientError } from "./client-error.ts";

/** The protocols that the client speaks. */
export type TrackerProtocol = "udp" | "http" | "https" | "ws" | "wss";

/** Where a tracker is. */
export interface TrackerUrl {
  readonly protocol: TrackerProtocol;
  /** A name or an address, an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query of an announce, as in the URL: `/announce`, `/announce?key=1`. Never empty. */
  readonly announcePath: string;
  /** The URL in its normal form. */
  readonly href: string;
}

/** UDP has no default port; trackers name theirs. */
const DEFAULT_PORTS: Readonly<Record<TrackerProtocol, number | undefined>> = {
  udp: undefined,
  http: 80,
  https: 443,
  ws: 80,
  wss: 443,
};

const isProtocol = (text: string): text is TrackerProtocol => Object.hasOwn(DEFAULT_PORTS, text);

/** Reads `udp://host:port`, `http(s)://host[:port]/announce` or `ws(s)://host[:port]`. Throws `ClientError`. */
export function parseTrackerUrl(text: string): TrackerUrl {
  if (!URL.canParse(text) || !text.includes("://"))
    throw new ClientError(
      "url",
      `"${text}" is not the URL of a tracker: expected udp://HOST:PORT, http(s)://HOST/announce or ws(s)://HOST`,
    );
  const url = new URL(text);
  const protocol = url.protocol.slice(0, -1);
  if (!isProtocol(protocol))
    throw new ClientError(
      "url",
      `"${text}" has the scheme ${protocol}: expected udp, http, https, ws or wss`,
    );
  const port = url.port === "" ? DEFAULT_PORTS[protocol] : Number(url.port);
  if (port === undefined || port === 0)
    throw new ClientError("url", `"${text}" names no port: expected udp://HOST:PORT`);
  if (url.hostname === "") throw new ClientError("url", `"${text}" names no host`);
  const path = `${url.pathname}${url.search}`;
  const isBare = url.pathname === "" || url.pathname === "/";
  const isHttp = protocol === "http" || protocol === "https";
  return {
    protocol,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port,
    announcePath: isBare && isHttp ? `/announce${url.search}` : path || "/",
    href: url.href,
  };
}

/** The path of a scrape: the last `/announce` becomes `/scrape` (BEP 48). Throws where the convention does not apply. */
export function scrapePath(url: TrackerUrl): string {
  const mark = url.announcePath.indexOf("?");
  const path = mark < 0 ? url.announcePath : url.announcePath.slice(0, mark);
  const query = mark < 0 ? "" : url.announcePath.slice(mark);
  const last = path.lastIndexOf("/");
  if (!path.startsWith("/announce", last))
    throw new ClientError(
      "url",
      `${url.href} cannot be scraped: the last part of its path does not begin with "announce" (BEP 48)`,
    );
  return `${path.slice(0, last)}/scrape${path.slice(last + "/announce".length)}${query}`;
}
