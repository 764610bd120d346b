/**
 * Which client passes a file to which, and how each of them announces: the list that transfer.test.ts runs and whose
 * results table-reporter.ts shows.
 */
import { aria2, type Client, libtorrent, qBittorrent, rtorrent, transmission } from "./clients.ts";

/** How a client reaches the tracker; the number is the version of IP. */
export type Protocol = "udp4" | "udp6" | "http4" | "http6" | "https4";

export interface Transfer {
  readonly seeder: Client;
  readonly leecher: Client;
  /** Who is there first. Only the second one learns of the other at once. */
  readonly first: "seeder" | "leecher";
  /** How each of them announces: the seeder, then the leecher. */
  readonly over: readonly [seeder: Protocol, leecher: Protocol];
}

/** What a client cannot do, whoever the tracker is. */
export interface Inability {
  readonly client: string;
  readonly protocol: Protocol;
  readonly reason: string;
}

const READS_IPV4_PEERS_ONLY =
  "announces, but reads the 18-byte peers of the answer as three of 6 bytes: needs a partner that comes to it";

export const INABILITIES: readonly Inability[] = [
  { client: transmission.name, protocol: "udp6", reason: READS_IPV4_PEERS_ONLY },
  { client: rtorrent.name, protocol: "udp6", reason: READS_IPV4_PEERS_ONLY },
  { client: aria2.name, protocol: "udp6", reason: "has no UDP announces over IPv6" },
];

const EACH_TO_ITSELF: readonly (readonly [Client, ...Protocol[]])[] = [
  // Those that wait longest come first, so that they do not wait at the end alone.
  [transmission, "udp4", "http4", "http6", "https4"],
  [aria2, "udp4", "http4", "http6", "https4"],
  [libtorrent, "udp4", "udp6", "http4", "http6", "https4"],
  [qBittorrent, "udp4", "udp6", "http4", "http6", "https4"],
  [rtorrent, "udp4", "http4", "http6", "https4"],
];

const MIXED: readonly (readonly [Client, Protocol, Client, Protocol, first?: "leecher first"])[] = [
  [transmission, "udp4", aria2, "udp4"],
  [transmission, "udp6", libtorrent, "udp6"],
  [libtorrent, "udp6", transmission, "udp6", "leecher first"],
  [transmission, "udp4", aria2, "http4"],
  [libtorrent, "udp4", transmission, "http4"],
  [libtorrent, "http4", transmission, "udp4"],
  [transmission, "udp4", libtorrent, "https4"],
  [aria2, "udp4", transmission, "https4"],
  [aria2, "udp4", libtorrent, "udp4"],
  [aria2, "udp4", libtorrent, "http4"],
  [libtorrent, "udp4", aria2, "https4"],
  [rtorrent, "udp6", qBittorrent, "udp6"],
  [rtorrent, "udp4", qBittorrent, "http4"],
  [qBittorrent, "https4", rtorrent, "udp4"],
  [qBittorrent, "http6", libtorrent, "udp6"],
];

export const TRANSFERS: readonly Transfer[] = [
  ...EACH_TO_ITSELF.flatMap(([client, ...protocols]) =>
    protocols.map((protocol): Transfer => {
      return { seeder: client, leecher: client, first: "seeder", over: [protocol, protocol] };
    }),
  ),
  ...MIXED.map(([seeder, seederOver, leecher, leecherOver, first]): Transfer => {
    const over = [seederOver, leecherOver] as const;
    return { seeder, leecher, first: first === undefined ? "seeder" : "leecher", over };
  }),
];

/** The name of a test, which `partsOf` reads again. */
export const titleOf = (
  seeder: string,
  leecher: string,
  [seederOver, leecherOver]: readonly [string, string],
): string =>
  `${seeder} seeds to ${leecher} over ${seederOver}${seederOver === leecherOver ? "" : ` and ${leecherOver}`}`;

export interface TransferParts {
  readonly seeder: string;
  readonly leecher: string;
  readonly over: readonly [seeder: string, leecher: string];
}

/** What the name of a test says, or undefined where it is not about passing a file on. */
export function partsOf(title: string): TransferParts | undefined {
  const found = /^(.+) seeds to (.+) over (\w+)(?: and (\w+))?(?:, .*)?$/.exec(title);
  if (!found) return undefined;
  const [, seeder = "", leecher = "", seederOver = "", leecherOver = seederOver] = found;
  return { seeder, leecher, over: [seederOver, leecherOver] };
}

export interface AppParts {
  readonly app: string;
  readonly tracker: string;
}

/** The name of a test of an application, which `appPartsOf` reads again. */
export const appTitleOf = (library: string, what: string, tracker: string): string =>
  `${library}: ${what}, tracked by ${tracker}`;

/** What the name of such a test says, or undefined where it is another's. */
export function appPartsOf(title: string): AppParts | undefined {
  const found = /^(.+: .+), tracked by (\S+)$/.exec(title);
  if (!found) return undefined;
  const [, app = "", tracker = ""] = found;
  return { app, tracker };
}
