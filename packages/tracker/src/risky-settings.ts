/**
 * Settings that are allowed and hardly meant: what `startTracker` tells an operator about them, one line each. Main thread.
 */
import { resolve } from "node:path";
import { wholeFamilies } from "@swarmtide/bittorrent";
import { trustedProxiesOf } from "@swarmtide/tcp";
import type { TrackerConfig } from "./config.ts";

export function riskySettings(config: TrackerConfig): string[] {
  const lines: string[] = [];
  if (config.http.enabled || config.ws.enabled)
    for (const family of wholeFamilies(trustedProxiesOf(config.web)))
      lines.push(
        `web.trusted_proxies cover every IPv${family} address: any client may name the address it likes; list your own proxies alone`,
      );
  const { dropPrivileges, user, group, chrootPath } = config.privileges;
  if (!dropPrivileges) return lines;
  if (isRoot(user))
    lines.push(
      `privileges.user = "${user}": the tracker goes on as root; give an account without rights, such as "nobody"`,
    );
  if (isRoot(group))
    lines.push(
      `privileges.group = "${group}": the tracker keeps the group of root; give one without rights, such as "nogroup"`,
    );
  if (chrootPath !== "" && resolve(chrootPath) === "/")
    lines.push(
      `privileges.chroot_path = "${chrootPath}" is / itself and shuts nothing off; give a folder of its own, or "" for none`,
    );
  return lines;
}

/** By name or number. */
const isRoot = (name: string): boolean => name === "root" || /^0+$/.test(name);
