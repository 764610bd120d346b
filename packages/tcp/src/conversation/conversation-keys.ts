/**
 * The keys of [web] that decide how long and from whom a conversation is held, and what it makes of them. `config.ts` puts them
 * into the section; conversations of every engine read `ConversationSettings`, so that a key stands here and where it is used.
 */
import { type Cidr, parseCidr } from "@swarmtide/bittorrent";
import { UNIX_SOCKET_CLIENTS } from "@swarmtide/runtime";
import {
  boolean,
  type ConfigOf,
  integer,
  list,
  type SectionSchema,
  text,
} from "@swarmtide/toml-config";

export const conversationKeys = {
  trusted_proxies: list({
    reload: true,
    default: [],
    doc: 'Addresses and networks of your own reverse proxies, such as ["127.0.0.1", "10.0.0.0/8"]. Only they may name the client they ask for, and they must.',
    of: text({
      default: "127.0.0.1",
      doc: "",
      expected: 'an IP address or network, such as "10.0.0.0/8"',
    }),
  }),
  reverse_proxy_ip_header_name: text({
    reload: true,
    default: "X-Forwarded-For",
    pattern: /^[A-Za-z0-9-]{1,64}$/,
    expected: "the name of a header: letters, digits and hyphens",
    doc: "Header in which trusted proxies pass the client's address. If it lists several, the rightmost one that is not a trusted proxy counts.",
  }),
  proxy_protocol: boolean({
    reload: true,
    default: false,
    doc: "Trusted proxies open each connection with a PROXY protocol header (version 1 or 2). Connections from other addresses are then refused.",
  }),
  max_connections_per_address: integer({
    reload: true,
    default: 1024,
    min: 1,
    max: 1_000_000,
    doc: "Open connections from one IPv4 address or one IPv6 /48 network, over all workers of a kind. Trusted proxies are exempt.",
  }),
  max_connection_idle: integer({
    reload: true,
    default: 120,
    min: 1,
    max: 86400,
    unit: "seconds",
    doc: "Time after which a connection without requests is closed.",
  }),
  request_timeout: integer({
    reload: true,
    default: 10,
    min: 1,
    max: 3600,
    unit: "seconds",
    doc: "Time limit for a request to arrive, from its first byte to its last, and for the client to read its answer.",
  }),
  tls_handshake_timeout: integer({
    reload: true,
    default: 10,
    min: 1,
    max: 3600,
    unit: "seconds",
    doc: "Time limit of a TLS handshake.",
  }),
};

/** The values of these keys; the unix socket's clients count as trusted proxies. */
export type ConversationConfig = ConfigOf<SectionSchema<typeof conversationKeys>> & {
  readonly unixSocket: string;
};

/** What a conversation reads of [web], for one of so many workers: a line for each key. A reload replaces all of it. */
export const conversationSettingsOf = (web: ConversationConfig, workers: number) => ({
  trustedProxies: trustedProxiesOf(web),
  /** Trusted proxies open with a PROXY protocol header; nobody else may connect. */
  proxyProtocol: web.proxyProtocol,
  connectionsPerAddressMax: shareOf(web.maxConnectionsPerAddress, workers),
  /** For a request from its first byte to its last, and for a reader to take its answer. */
  requestTimeoutMilliseconds: web.requestTimeout * 1000,
  idleTimeoutMilliseconds: web.maxConnectionIdle * 1000,
  /** Of no use to an engine without TLS. */
  handshakeTimeoutMilliseconds: web.tlsHandshakeTimeout * 1000,
});

export type ConversationSettings = Readonly<ReturnType<typeof conversationSettingsOf>>;

/** One worker's share of a limit of all. */
export const shareOf = (limit: number, workers: number): number =>
  Math.max(1, Math.ceil(limit / workers));

/** The blocks of `trusted_proxies`, and the clients of the unix socket. */
export function trustedProxiesOf({
  trustedProxies,
  unixSocket,
}: ConversationConfig): readonly Cidr[] {
  const trusted = unixSocket === "" ? trustedProxies : [...trustedProxies, UNIX_SOCKET_CLIENTS];
  return trusted.map(parseCidr).filter((cidr) => cidr !== undefined);
}
