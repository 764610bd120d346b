/**
 * What becomes of a listener whose family this system does not offer. Called by `startTracker` before it opens anything, on
 * the main thread. A key that has its default value asks for nothing, whoever wrote it: the listener is left out, and the
 * operator told. Any other value was meant, and is an error.
 */
import { missingFamily } from "@swarmtide/linux";
import { type Logger, OperatorError } from "@swarmtide/runtime";
import { defaultConfig, type SocketAddress } from "@swarmtide/toml-config";
import { type TrackerConfig, trackerSchema } from "./config.ts";

type Family = 4 | 6;
type Missing = (family: Family) => string | undefined;
/** What [udp] and [web] have alike. */
type Listening = Pick<TrackerConfig["udp"], "useIpv4" | "useIpv6" | "addressIpv4" | "addressIpv6">;

/** The configuration without default listeners of families that are missing. Throws OperatorError. */
export function withoutMissingFamilies(
  config: TrackerConfig,
  log: Logger,
  missing: Missing = missingFamily,
): TrackerConfig {
  const defaults = defaultConfig(trackerSchema);
  let { udp, web } = config;
  for (const family of [4, 6] as const) {
    const reason = missing(family);
    if (reason === undefined) continue;
    if (config.udp.enabled && leavesOut("udp", family, udp, defaults.udp, reason, log))
      udp = { ...udp, ...unused(family) };
    if (!config.http.enabled && !config.ws.enabled) continue;
    const tls = family === 4 ? web.tlsAddressIpv4 : web.tlsAddressIpv6;
    if (tls.length > 0)
      throw new OperatorError(
        `web.tls_address_ipv${family} = ${show(tls)}: ${reason}; turn the family on or set the key to ""`,
        { code: "SWARMTIDE_ADDRESS_UNAVAILABLE" },
      );
    if (leavesOut("web", family, web, defaults.web, reason, log))
      web = { ...web, ...unused(family) };
  }
  if (config.udp.enabled && !udp.useIpv4 && !udp.useIpv6)
    throw new OperatorError(
      "nothing for UDP to listen on: set udp.use_ipv4 or udp.use_ipv6 to true, or udp.enabled to false",
      { code: "SWARMTIDE_NOTHING_TO_RUN" },
    );
  return { ...config, udp, web };
}

const unused = (family: Family) => (family === 4 ? { useIpv4: false } : { useIpv6: false });

/** Whether the listener would be opened and is not asked for, which is logged. Throws OperatorError where it is. */
function leavesOut(
  name: "udp" | "web",
  family: Family,
  section: Listening,
  defaults: Listening,
  reason: string,
  log: Logger,
): boolean {
  if (!(family === 4 ? section.useIpv4 : section.useIpv6)) return false;
  const [address, usual] =
    family === 4
      ? [section.addressIpv4, defaults.addressIpv4]
      : [section.addressIpv6, defaults.addressIpv6];
  if (show(address) !== show(usual))
    throw new OperatorError(
      `${name}.address_ipv${family} = ${show(address)}: ${reason}; turn the family on or set ${name}.use_ipv${family} = false`,
      { code: "SWARMTIDE_ADDRESS_UNAVAILABLE" },
    );
  log.warn(`${name}.address_ipv${family}: left out, ${reason}`);
  return true;
}

/** As the configuration has it: `"[::]:3000"`. */
const show = (addresses: readonly SocketAddress[]): string => {
  const texts = addresses.map(({ host, port }) =>
    host.includes(":") ? `"[${host}]:${port}"` : `"${host}:${port}"`,
  );
  return texts.length === 1 ? texts.join() : `[${texts.join(", ")}]`;
};
