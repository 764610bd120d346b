/**
 * Which of IPv4 and IPv6 this system offers. Asked by the main thread before it opens listeners: a kernel without a family
 * (built or booted without it, or kept from it by RestrictAddressFamilies= of systemd) refuses the socket (socket(2),
 * EAFNOSUPPORT); one that has IPv6 switched off on every interface opens the socket, and nobody can reach it
 * (Documentation/networking/ip-sysctl, disable_ipv6).
 */
import { readdirSync, readFileSync } from "node:fs";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { EAFNOSUPPORT } from "./errno.ts";
import { foreignLibrary } from "./ffi.ts";
import { libc, linuxSupported } from "./libc.ts";
import { addressFamily, type IpFamily } from "./socket-address.ts";
import { SOCK_CLOEXEC, SOCK_DGRAM } from "./socket-numbers.ts";

const IPV6_INTERFACES = "/proc/sys/net/ipv6/conf";
/** Not interfaces: what all have in common, and what new ones begin with. */
const SETTINGS = ["all", "default"];

/** Why nobody can use a family here, in words; undefined where it can be used. */
export function missingFamily(family: IpFamily): string | undefined {
  if (!linuxSupported()) return missingOfInterfaces(family, Object.values(networkInterfaces()));
  const fd = libc().socket(addressFamily(family), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return foreignLibrary().lastErrno() === EAFNOSUPPORT
      ? `the kernel offers no IPv${family} (EAFNOSUPPORT)`
      : undefined;
  libc().close(fd);
  return family === 6 && isIpv6SwitchedOff()
    ? "IPv6 is switched off on every interface (sysctl net.ipv6.conf.*.disable_ipv6)"
    : undefined;
}

function isIpv6SwitchedOff(): boolean {
  try {
    const interfaces = readdirSync(IPV6_INTERFACES).filter((name) => !SETTINGS.includes(name));
    return (
      interfaces.length > 0 &&
      interfaces.every(
        (name) => readFileSync(`${IPV6_INTERFACES}/${name}/disable_ipv6`, "utf8").trim() === "1",
      )
    );
  } catch {
    return false; // No /proc, or an interface that has just gone: opening the listener tells.
  }
}

/** Off Linux: a family that no interface has an address of, while another family has one. */
export function missingOfInterfaces(
  family: IpFamily,
  interfaces: readonly (readonly Pick<NetworkInterfaceInfo, "family">[] | undefined)[],
): string | undefined {
  const families = new Set(interfaces.flatMap((all) => (all ?? []).map((one) => one.family)));
  if (families.size === 0 || families.has(`IPv${family}`)) return undefined;
  return `no interface has an IPv${family} address`;
}
