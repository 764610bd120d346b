/** The address behind a tracker's name. Called once for each request. */
import { lookup } from "node:dns/promises";
import { formatSocketAddress, parseIpAddress } from "@swarmtide/bittorrent";
import { ClientError } from "./client-error.ts";
import type { Deadline } from "./deadline.ts";
import type { RequestOptions } from "./requests.ts";
import type { TrackerUrl } from "./tracker-url.ts";

/** An address that a request goes to. */
export interface Resolved {
  readonly address: string;
  readonly family: 4 | 6;
  /** With its port, as people write it. */
  readonly responder: string;
}

/** The first address of the tracker's name, of the wanted family if one is. Throws `ClientError`. */
export async function resolveTracker(
  url: TrackerUrl,
  options: RequestOptions,
  deadline: Deadline,
): Promise<Resolved> {
  const first = await Promise.race([lookUp(url.host, options.family), expiry(deadline)]);
  const bytes = parseIpAddress(first.address);
  const responder =
    bytes === undefined
      ? `${first.address}:${url.port}`
      : formatSocketAddress({ address: bytes, port: url.port });
  return { address: first.address, family: first.family === 6 ? 6 : 4, responder };
}

async function lookUp(host: string, family: 4 | 6 | undefined) {
  try {
    const found = await lookup(host, { family: family ?? 0 });
    // The resolver returns an address in place of a name as it is, of whatever family.
    if (family === undefined || found.family === family) return found;
    throw new Error(`it is an IPv${found.family} address`);
  } catch (error) {
    const isCoded = error instanceof Error && "code" in error;
    const code = isCoded ? String(error.code) : error instanceof Error ? error.message : "";
    const wanted = family === undefined ? "address" : `IPv${family} address`;
    throw new ClientError("unresolved", `${host} has no ${wanted} (${code})`);
  }
}

/** Rejects when the time is over: the resolver itself cannot be stopped. */
function expiry(deadline: Deadline): Promise<never> {
  return new Promise((_, reject) => {
    const expire = () => reject(deadline.error("the address of its name"));
    if (deadline.signal.aborted) expire();
    else deadline.signal.addEventListener("abort", expire, { once: true });
  });
}
