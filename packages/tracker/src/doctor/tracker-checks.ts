/** What the configuration wants of this host, and whether it gets it. Called by `examine`. */
import { networkInterfaces } from "node:os";
import { cidrContains, parseCidr, parseIpAddress } from "@swarmtide/bittorrent";
import { lockableBytesMax, missingFamily } from "@swarmtide/linux";
import { webListenersOf } from "@swarmtide/tcp";
import { udpEngineObstacles, udpEngines, udpPlacesOf } from "@swarmtide/udp";
import type { TrackerConfig } from "../config.ts";
import { openFilesLimit, tooFewForConnections, tooFewForThreads } from "../open-files.ts";
import { riskySettings } from "../risky-settings.ts";
import type { Finding } from "./finding.ts";

/** Splits one of the start's own lines, "what there is; what to do", into reason and remedy. */
function split(line: string): { reason: string; remedy?: string } {
  const at = line.lastIndexOf("; ");
  return at < 0 ? { reason: line } : { reason: line.slice(0, at), remedy: line.slice(at + 2) };
}

/** Descriptors for the threads and for every connection. */
export function checkOpenFiles(config: TrackerConfig, threads: number): Finding[] {
  const limit = openFilesLimit();
  const tooFew = tooFewForThreads(limit, threads);
  if (tooFew !== undefined) return [{ what: "open files", grade: "error", ...split(tooFew) }];
  const isTcp = config.http.enabled || config.ws.enabled;
  const forConnections = tooFewForConnections(limit, threads, config.web.maxConnections);
  if (isTcp && forConnections !== undefined)
    return [{ what: "open files", grade: "warning", ...split(forConnections) }];
  return [
    { what: "open files", grade: "ok", reason: `at most ${limit ?? "any number"} (ulimit -n)` },
  ];
}

/** Memory that the kernel and a worker share is locked; most engines have none. Which one lacks it is told at the engine. */
export function checkLockedMemory(lockableBytes: number = lockableBytesMax()): Finding[] {
  const what = "locked memory";
  const isUnlimited = !Number.isFinite(lockableBytes);
  const limit = isUnlimited ? "any number of" : `at most ${lockableBytes}`;
  const reason = `${limit} bytes (ulimit -l); only a UDP engine that shares its buffers with a network card locks any`;
  return [{ what, grade: isUnlimited ? "ok" : "note", reason }];
}

/** Families that are switched on and that this kernel does not have. */
export function checkFamilies({ udp, web, http, ws }: TrackerConfig): Finding[] {
  const isTcp = http.enabled || ws.enabled;
  const wanted = {
    4: (udp.enabled && udp.useIpv4) || (isTcp && web.useIpv4),
    6: (udp.enabled && udp.useIpv6) || (isTcp && web.useIpv6),
  };
  return ([4, 6] as const).flatMap((family): Finding[] => {
    if (!wanted[family]) return [];
    const reason = missingFamily(family);
    if (reason === undefined)
      return [
        {
          what: `IPv${family}`,
          grade: "ok",
          reason: "this kernel has it; an IPv6 listener takes no IPv4, which has its own",
        },
      ];
    return [
      {
        what: `IPv${family}`,
        grade: "warning",
        reason: `${reason}: peers of that family are not served`,
        remedy: `turn the family on, or set use_ipv${family} = false`,
      },
    ];
  });
}

/** Which engines move datagrams here, and why others do not. */
export function checkEngines({ udp }: TrackerConfig): Finding[] {
  if (!udp.enabled) return [];
  return udpEngines.map((engine): Finding => {
    const supported = engine.supported();
    const what = `UDP engine ${engine.name}`;
    const isWanted = udp.engine === engine.name;
    const [obstacle] = isWanted && supported === true ? udpEngineObstacles(udp) : [];
    if (obstacle !== undefined) return { what, grade: "error", ...obstacle };
    if (supported === true) return { what, grade: "ok", reason: "works here" };
    return { what, grade: isWanted ? "error" : "note", reason: `needs ${supported}` };
  });
}

/** When this was written: a clock before it has never been set. */
const CLOCK_MILLISECONDS_MIN = Date.UTC(2026, 10, 25);

/** The tracker's own times follow a clock that nobody sets; certificates and log lines follow this one. */
export function checkClock(nowMilliseconds: number = Date.now()): Finding[] {
  const time = new Date(nowMilliseconds).toISOString();
  if (nowMilliseconds >= CLOCK_MILLISECONDS_MIN)
    return [{ what: "clock", grade: "ok", reason: `${time}; peers age by the monotonic clock` }];
  return [
    {
      what: "clock",
      grade: "warning",
      reason: `it says ${time}: certificates are judged and log lines dated by it`,
      remedy: "timedatectl set-ntp true",
    },
  ];
}

/** Settings that are allowed and hardly meant. */
export function checkSettings(config: TrackerConfig): Finding[] {
  return riskySettings(config).map((line) => ({
    what: "setting",
    grade: "warning",
    ...split(line),
  }));
}

/** Ranges that are not reachable from everywhere (RFC 6890), as far as interfaces have them. */
const LOCAL_RANGES = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16"],
  ...["100.64.0.0/10", "192.0.2.0/24", "::1/128", "fe80::/10", "fc00::/7", "2001:db8::/32"],
].flatMap((text) => parseCidr(text) ?? []);

/** Whether this address is one that the whole internet can reach. */
export function isGlobal(text: string): boolean {
  const address = parseIpAddress(text);
  return address !== undefined && !LOCAL_RANGES.some((range) => cidrContains(range, address));
}

/** What can be told from here of being reached from outside. */
export function checkReachability(
  { udp, web, http, ws }: TrackerConfig,
  addresses: readonly string[] = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .map(({ address }) => address),
): Finding[] {
  const named = (protocol: string, places: readonly { readonly port: number }[]) =>
    places.length === 0
      ? []
      : [`${protocol} ${[...new Set(places.map(({ port }) => port))].join(", ")}`];
  const ports = [
    ...named("UDP", udp.enabled ? udpPlacesOf(udp) : []),
    ...named(
      "TCP",
      http.enabled || ws.enabled
        ? webListenersOf(web).filter(({ path }) => path === undefined)
        : [],
    ),
  ].join(" and ");
  const found = addresses.filter(isGlobal);
  if (found.length > 0)
    return [
      {
        what: "reachable",
        grade: "note",
        reason: `this host has ${found.join(", ")}; whether a firewall in front of it lets ${ports} through is seen from outside only: swarmtide check URL, from another network`,
      },
    ];
  return [
    {
      what: "reachable",
      grade: "note",
      reason: `no interface has a public address: peers of the internet reach this host only where a router forwards ${ports} to it`,
    },
  ];
}
