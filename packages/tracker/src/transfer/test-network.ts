/**
 * Three hosts on one machine for a transfer test: the tracker, the seeder and the leecher, each a network namespace of
 * Linux with its own addresses, joined by a bridge, with no way out.
 *
 * Loopback will not do: Transmission takes no peer with a loopback address, knows a peer by its address without the
 * port, and announces over IPv6 only from a host that has a global IPv6 address and a default route. Here every client
 * is a host of its own with its default ports, as at a user's home. The addresses are from 10.0.0.0/8 and from the
 * documentation range 2001:db8::/32; the default route leads to the tracker's host, which forwards nothing.
 *
 * Needs root and the `ip` command. What a test makes, `close` removes, and so does the end of the process.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type HostName = "tracker" | "seeder" | "leecher";

/** The tracker's names in the hosts files: one per family, so that an announce URL chooses the family. */
export const TRACKER_NAMES = { ipv4: "tracker4.test", ipv6: "tracker6.test" } as const;

export const TRACKER_ADDRESSES = { ipv4: "10.77.0.1", ipv6: "2001:db8:77::1" } as const;

const HOSTS: readonly HostName[] = ["tracker", "seeder", "leecher"];

const HOSTS_FILE = `127.0.0.1 localhost
::1 localhost
${TRACKER_ADDRESSES.ipv4} ${TRACKER_NAMES.ipv4}
${TRACKER_ADDRESSES.ipv6} ${TRACKER_NAMES.ipv6}
`;

function ip(...args: readonly string[]): void {
  const result = spawnSync("ip", args, { encoding: "utf8" });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`ip ${args.join(" ")}: ${result.stderr.trim()}`);
}

/** The namespaces of this machine, one a line. */
export function listNamespaces(): string {
  return spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout ?? "";
}

/** One that is not there is what was wanted: no failure. */
export function removeNamespace(name: string): void {
  spawnSync("ip", ["netns", "delete", name]);
}

/**
 * Removes what test processes left that were killed before they could. One may close its own and end between the listing
 * and the question whether it lives, and two tests may sweep at once.
 */
export function sweepNamespaces(listed = listNamespaces()): void {
  for (const [, name = "", pid = ""] of listed.matchAll(/^(swarmtide-(\d+)-\S+)/gm))
    if (!existsSync(`/proc/${pid}`)) removeNamespace(name);
}

let networks = 0;

export class TestNetwork {
  /** A folder of this network's own; `close` removes it. */
  readonly folder: string;
  readonly #prefix: string;
  readonly #hostsFile: string;
  readonly #onExit = (): void => this.close();

  private constructor() {
    networks += 1;
    this.#prefix = `swarmtide-${process.pid}-${networks}`;
    this.folder = mkdtempSync(join(tmpdir(), "swarmtide-transfer-"));
    this.#hostsFile = join(this.folder, "hosts");
    writeFileSync(this.#hostsFile, HOSTS_FILE);
    process.on("exit", this.#onExit);
  }

  /** Makes the hosts; throws with the failing command where the machine does not allow it. */
  static open(): TestNetwork {
    const network = new TestNetwork();
    try {
      network.#connectHosts();
    } catch (error) {
      network.close();
      throw error;
    }
    return network;
  }

  #connectHosts(): void {
    const hub = this.#namespace("tracker");
    for (const host of HOSTS) {
      ip("netns", "add", this.#namespace(host));
      ip("-n", this.#namespace(host), "link", "set", "lo", "up");
    }
    ip("-n", hub, "link", "add", "bridge0", "type", "bridge");
    this.#giveAddresses("tracker", "bridge0", 1);
    for (const [index, host] of (["seeder", "leecher"] as const).entries()) {
      const own = this.#namespace(host);
      ip("-n", hub, "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", own);
      ip("-n", hub, "link", "set", host, "master", "bridge0", "up");
      this.#giveAddresses(host, "eth0", index + 2);
      ip("-n", own, "-6", "route", "add", "default", "via", TRACKER_ADDRESSES.ipv6);
    }
  }

  #giveAddresses(host: HostName, device: string, number: number): void {
    const own = this.#namespace(host);
    ip("-n", own, "address", "add", `10.77.0.${number}/24`, "dev", device);
    // Without "nodad" the address could not be used for a second: the kernel asks first whether another host has it.
    ip("-n", own, "address", "add", `2001:db8:77::${number}/64`, "dev", device, "nodad");
    ip("-n", own, "link", "set", device, "up");
  }

  #namespace(host: HostName): string {
    return `${this.#prefix}-${host}`;
  }

  /**
   * The command line that runs `command` on a host with our hosts file as /etc/hosts. It stays one process with one pid
   * through all of these, and dies with ours even where ours is killed.
   */
  commandOn(host: HostName, command: readonly string[]): readonly [string, ...string[]] {
    // `ip netns exec` gives the process mounts of its own, so nobody else sees this one.
    const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
    return [
      ...(["setpriv", "--pdeathsig", "KILL"] as const),
      ...["ip", "netns", "exec", this.#namespace(host)],
      ...["sh", "-c", script, this.#hostsFile, ...command],
    ];
  }

  /** Processes on the hosts must have ended: a namespace lives as long as a process is in it. */
  close(): void {
    process.off("exit", this.#onExit);
    for (const host of HOSTS) removeNamespace(this.#namespace(host));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Why this machine cannot have such a network, or undefined. */
export function networkProblem(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux'";
  try {
    sweepNamespaces();
    TestNetwork.open().close();
    return undefined;
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return `no network namespaces (run it as root; Debian: apt-get install iproute2): ${cause}`;
  }
}
