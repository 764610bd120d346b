/**
 * The configuration of the TCP side: the section [web] of the file. It serves HTTP and WebTorrent alike; what they
 * answer stands in [http] and [ws]. Read on the main thread; workers get the plain object.
 */
import { parseCidr } from "@swarmtide/bittorrent";
import {
  boolean,
  type ConfigOf,
  choice,
  integer,
  optionalInteger,
  path,
  type SocketAddress,
  section,
  socketAddresses,
  standsTwice,
  text,
} from "@swarmtide/toml-config";
import { conversationKeys } from "./conversation/conversation-keys.ts";
import { tcpEngines } from "./engines/engines.ts";

/** The WebTorrent tracker names a worker in eight bits, in which peers of other nodes take the place of one further worker. */
export const WEB_WORKERS_MAX = 255;

/** [web]: listeners, TLS, proxies, limits and timeouts. */
export const webSection = section(
  "Where HTTP and WebTorrent listen, and what a connection may do.",
  {
    workers: integer({
      default: 1,
      min: 0,
      max: WEB_WORKERS_MAX,
      doc: 'Threads for HTTPS, WebTorrent and for plain HTTP with the engine "net"; 0 takes one for each core, 255 at most.',
    }),
    engine: choice({
      default: "auto",
      choices: ["auto", ...tcpEngines.map(({ name }) => name)],
      doc: `How plain HTTP is read and sent: ${tcpEngines.map(({ name, doc }) => `"${name}" ${doc}`).join(", ")}. "auto" takes the first of them that works. HTTPS always goes through Node.`,
    }),
    use_ipv4: boolean({ default: true, doc: "Listen on address_ipv4." }),
    use_ipv6: boolean({ default: true, doc: "Listen on address_ipv6." }),
    port: optionalInteger({
      default: undefined,
      min: 0,
      max: 65_535,
      doc: 'Port of address_ipv4 and address_ipv6, instead of the ports in these keys; 0 takes a free one, the same for both families. "" leaves the ports of the addresses.',
    }),
    address_ipv4: socketAddresses({
      default: [{ host: "0.0.0.0", port: 3000 }],
      family: 4,
      doc: "IPv4 addresses and ports for plain HTTP; port 0 takes a free one, which the start-up lines name.",
    }),
    address_ipv6: socketAddresses({
      default: [{ host: "::", port: 3000 }],
      family: 6,
      doc: "IPv6 addresses and ports for plain HTTP; port 0 takes a free one, which the start-up lines name, the same as for IPv4 where both have 0.",
    }),
    tls_address_ipv4: socketAddresses({
      default: [],
      family: 4,
      doc: 'IPv4 addresses and ports for HTTPS, such as "0.0.0.0:3443"; "" for none.',
    }),
    tls_address_ipv6: socketAddresses({
      default: [],
      family: 6,
      doc: 'IPv6 addresses and ports for HTTPS, such as "[::]:3443"; "" for none.',
    }),
    unix_socket: text({
      default: "",
      pattern: /^(\/(?!.*\0).{1,106})?$/s,
      expected: 'an absolute path of at most 107 characters, or "" for none',
      doc: 'A unix socket for plain HTTP behind a reverse proxy of this machine, such as "/run/swarmtide/http.sock"; "" for none. Whoever connects counts as a trusted proxy and must name its client.',
    }),
    unix_socket_mode: text({
      default: "660",
      pattern: /^[0-7]{3}$/,
      expected: 'three octal digits, such as "660"',
      doc: "Permissions of the unix socket; a proxy needs permission to write.",
    }),
    unix_socket_group: text({
      default: "",
      doc: 'Group of the unix socket, by name or number, such as that of the proxy; "" leaves the group that the tracker starts with.',
    }),
    set_only_ipv6: boolean({
      default: true,
      doc: "Keeps IPv4 traffic off the IPv6 sockets (IPV6_V6ONLY).",
    }),
    tcp_backlog: integer({
      default: 1024,
      min: 1,
      max: 65535,
      doc: "Connections that may wait to be accepted; the kernel grants at most net.core.somaxconn.",
    }),
    tls_certificate_path: path({
      reload: true,
      default: "",
      optional: true,
      doc: "Certificate chain in PEM, the server's own first. Read again on SIGUSR1 and SIGHUP.",
    }),
    tls_private_key_path: path({
      reload: true,
      default: "",
      optional: true,
      doc: "Private key in PEM: PKCS#8, PKCS#1 or EC, without a passphrase.",
    }),
    ...conversationKeys,
    max_request_size: integer({
      default: 8192,
      min: 512,
      max: 65536,
      unit: "bytes",
      doc: "The longest request, its headers included.",
    }),
    max_headers: integer({
      reload: true,
      default: 64,
      min: 8,
      max: 1000,
      doc: "Header lines of one request.",
    }),
    max_requests_per_connection: integer({
      reload: true,
      default: 100_000,
      min: 1,
      max: 1_000_000_000,
      doc: "Requests after which a kept connection is closed. 1 closes each connection after its answer.",
    }),
    max_connections: integer({
      default: 65_536,
      min: 1,
      max: 1_000_000,
      doc: "Open connections, over all workers of a kind. Further ones are closed at once. The default is lowered on a host with less memory than they may take; the start line says to how many.",
    }),
  },
  (values) => {
    const hasTls = values.tlsAddressIpv4.length > 0 || values.tlsAddressIpv6.length > 0;
    if (hasTls && values.tlsCertificatePath === "")
      return { key: "tls_certificate_path", expected: "a path where a tls_address is set" };
    if (hasTls && values.tlsPrivateKeyPath === "")
      return { key: "tls_private_key_path", expected: "a path where a tls_address is set" };
    for (const [plain, tls, isOn, key] of [
      [values.addressIpv4, values.tlsAddressIpv4, values.useIpv4, "tls_address_ipv4"],
      [values.addressIpv6, values.tlsAddressIpv6, values.useIpv6, "tls_address_ipv6"],
    ] as const) {
      const plainPorts = isOn ? plain.map(({ port }) => values.port ?? port) : [];
      if (tls.some(({ port }) => port !== 0 && plainPorts.includes(port)))
        return { key, expected: `another port than that of ${key.slice("tls_".length)}` };
    }
    const { port, addressIpv4, addressIpv6 } = values;
    if (port && [addressIpv4, addressIpv6].some((all) => standsTwice(placedAt(port, all))))
      return { key: "port", expected: '"" where an address key lists a host twice' };
    const wrong = values.trustedProxies.find((proxy) => parseCidr(proxy) === undefined);
    if (wrong !== undefined)
      return {
        key: "trusted_proxies",
        expected: `addresses and networks without bits behind the prefix, not "${wrong}"`,
      };
    if (values.proxyProtocol && values.trustedProxies.length === 0 && values.unixSocket === "")
      return { key: "trusted_proxies", expected: "at least one where proxy_protocol = true" };
    if (values.useIpv4 && values.useIpv6 && !values.setOnlyIpv6)
      return { key: "set_only_ipv6", expected: "true where use_ipv4 and use_ipv6 are both true" };
    return undefined;
  },
);

const placedAt = (port: number, addresses: readonly SocketAddress[]): SocketAddress[] =>
  addresses.map(({ host }) => ({ host, port }));

export type WebConfig = ConfigOf<typeof webSection>;
