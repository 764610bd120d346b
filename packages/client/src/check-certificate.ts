/** Looks at the certificate that a tracker shows over TLS. Called by `checkTracker` for https and wss. */
import { once } from "node:events";
import { isIP } from "node:net";
import { connect } from "node:tls";
import { openDeadline } from "./deadline.ts";
import type { Findings } from "./findings.ts";
import type { RequestOptions } from "./requests.ts";
import { resolveTracker } from "./resolve.ts";
import type { TrackerUrl } from "./tracker-url.ts";

/** Renewal usually happens 30 days before the end; a fortnight before it, something is wrong with it. */
const DAYS_LEFT_MIN = 14;
const MILLISECONDS_A_DAY = 86_400_000;

/** Adds whether the chain is trusted and how long the certificate holds. */
export async function certificateFinding(
  url: TrackerUrl,
  options: RequestOptions,
  found: Findings,
): Promise<void> {
  const deadline = openDeadline(url, options);
  const to = await resolveTracker(url, options, deadline);
  const socket = connect({
    host: to.address,
    port: url.port,
    rejectUnauthorized: false,
    ...(isIP(url.host) ? {} : { servername: url.host }),
  });
  try {
    await once(socket, "secureConnect", { signal: deadline.signal });
    const { valid_to: validTo } = socket.getPeerCertificate();
    const days = Math.floor((Date.parse(validTo) - Date.now()) / MILLISECONDS_A_DAY);
    const problem = socket.authorizationError;
    if (problem)
      found.add("certificate", "error", `not trusted (${String(problem)}), ${days} days left`);
    else found.judge("certificate", days >= DAYS_LEFT_MIN, "warning", `trusted, ${days} days left`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    found.add("certificate", "error", message);
  } finally {
    socket.destroy();
  }
}
