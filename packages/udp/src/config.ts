/**
 * The configuration of the UDP tracker: the section [udp] of the file. The program composes its whole schema from sections like these. Key names are those of aquatic where the
 * meaning is the same. Read on the main thread; workers get the plain objects.
 */
import {
  boolean,
  type ConfigOf,
  choice,
  integer,
  optionalInteger,
  type SocketAddress,
  section,
  socketAddresses,
  standsTwice,
  text,
} from "@swarmtide/toml-config";
import { udpEngines } from "./engines/engines.ts";
import { peersThatFit } from "./reply-bytes.ts";
import { requestKeys } from "./request-keys.ts";

/** [udp]: BEP 15. */
export const udpSection = section(
  "The UDP tracker (BEP 15).",
  {
    enabled: boolean({ default: true, doc: "Whether to run it." }),
    workers: integer({
      default: 1,
      min: 0,
      max: 1024,
      doc: "Threads that answer requests; 0 takes one for each core. One thread answers some two hundred thousand requests a second.",
    }),
    engine: choice({
      default: "auto",
      choices: ["auto", ...udpEngines.map(({ name }) => name)],
      doc: `How datagrams are read and sent: ${udpEngines.map(({ name, doc }) => `"${name}" ${doc}`).join(", ")}. "auto" takes the first of ${udpEngines
        .filter(({ isAutomatic }) => isAutomatic)
        .map(({ name }) => `"${name}"`)
        .join(" and ")} that works.`,
    }),
    xdp_interface: text({
      default: "",
      doc: 'With engine = "xdp": the network interface whose packets it takes, as `ip link` names it.',
    }),
    xdp_mode: choice({
      default: "auto",
      choices: ["auto", "native", "generic"],
      doc: 'With engine = "xdp": "native" runs in the driver, "generic" behind it, with any driver; "auto" tries the first.',
    }),
    xdp_busy_poll: boolean({
      default: false,
      doc: 'With engine = "xdp": the worker itself fetches packets from the card (SO_PREFER_BUSY_POLL), where the driver can; fewer interrupts under load.',
    }),
    pin_workers: boolean({
      default: false,
      doc: "Keeps each worker on a core of its own (Linux).",
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
      doc: "IPv4 addresses and ports; port 0 takes a free one, which the start-up lines name.",
    }),
    address_ipv6: socketAddresses({
      default: [{ host: "::", port: 3000 }],
      family: 6,
      doc: "IPv6 addresses and ports; port 0 takes a free one, which the start-up lines name, the same as for IPv4 where both have 0.",
    }),
    set_only_ipv6: boolean({
      default: true,
      doc: "Keeps IPv4 traffic off the IPv6 socket (IPV6_V6ONLY). Turn it off only together with use_ipv4 = false.",
    }),
    socket_recv_buffer_size: integer({
      default: 8_000_000,
      min: 0,
      max: 2_000_000_000,
      unit: "bytes",
      doc: "Receive buffer of each socket (SO_RCVBUF); 0 leaves the system's default. Without CAP_NET_ADMIN the kernel grants at most net.core.rmem_max.",
    }),
    resend_buffer_max_len: integer({
      default: 0,
      min: 0,
      max: 65536,
      unit: "replies",
      doc: "Replies each worker keeps for a second try when the kernel has no room for them; 0 drops them, and clients ask again.",
    }),
    ...requestKeys,
  },
  (values) => {
    if (values.enabled && !values.useIpv4 && !values.useIpv6)
      return { key: "use_ipv6", expected: "true where use_ipv4 is false, or enabled = false" };
    if (values.enabled && values.useIpv4 && values.useIpv6 && !values.setOnlyIpv6)
      return { key: "set_only_ipv6", expected: "true where use_ipv4 and use_ipv6 are both true" };
    if (standsTwice(udpAddressesOf(values)))
      return { key: "port", expected: '"" where an address key lists a host twice' };
    const roomBytes = udpEngines.find(({ name }) => name === values.engine)?.replyBytesMax;
    const peersMax = peersThatFit(roomBytes ?? Number.POSITIVE_INFINITY);
    if (values.maxResponsePeers > peersMax)
      return {
        key: "max_response_peers",
        expected: `at most ${peersMax} with engine = "${values.engine}", whose replies fit one packet`,
      };
    return undefined;
  },
);

/** The keys that say where the tracker listens. */
interface Listening {
  readonly useIpv4: boolean;
  readonly useIpv6: boolean;
  readonly addressIpv4: readonly SocketAddress[];
  readonly addressIpv6: readonly SocketAddress[];
  readonly port: number | undefined;
}

/** Where the tracker listens, family by family. */
export function udpAddressesOf({
  useIpv4,
  useIpv6,
  addressIpv4,
  addressIpv6,
  port,
}: Listening): { family: 4 | 6; host: string; port: number }[] {
  const placed = (family: 4 | 6, addresses: readonly SocketAddress[]) =>
    addresses.map((address) => ({ family, host: address.host, port: port ?? address.port }));
  return [...(useIpv4 ? placed(4, addressIpv4) : []), ...(useIpv6 ? placed(6, addressIpv6) : [])];
}

export type UdpConfig = ConfigOf<typeof udpSection>;
