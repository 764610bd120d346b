/**
 * Which of the tracker's paths a request names. Called for every request.
 *
 *     /announce  /announce/  /announce.php  /KEY/announce  /KEY/announce.php/      and the same with scrape
 *
 * Torrents carry all of these: other trackers answer under them. KEY is one segment of any bytes but a slash; this tracker
 * makes nothing of it. The bytes count as they are: `/announc%65` and `/Announce` are other paths.
 */
import { asciiBytes, equalsBytes } from "./byte-class.ts";

export const ROUTE_OTHER = 0;
export const ROUTE_ANNOUNCE = 1;
export const ROUTE_SCRAPE = 2;
export const ROUTE_HEALTH = 3;

const ANNOUNCE = asciiBytes("/announce");
const SCRAPE = asciiBytes("/scrape");
const HEALTH = asciiBytes("/health");
const PHP = asciiBytes(".php");

const SLASH = 0x2f;

/** The route of the path bytes[start..end). */
export function routeOfPath(bytes: Uint8Array, start: number, end: number): number {
  const route = exactRouteOfPath(bytes, start, end);
  if (route !== ROUTE_OTHER || end - start < 2) return route;
  let until = bytes[end - 1] === SLASH ? end - 1 : end;
  if (equalsBytes(bytes, until - PHP.length, until, PHP)) until -= PHP.length;
  let slash = until - 1;
  while (slash > start && bytes[slash] !== SLASH) slash--;
  if (slash > start && !isOneSegment(bytes, start, slash)) return ROUTE_OTHER;
  if (equalsBytes(bytes, slash, until, ANNOUNCE)) return ROUTE_ANNOUNCE;
  return equalsBytes(bytes, slash, until, SCRAPE) ? ROUTE_SCRAPE : ROUTE_OTHER;
}

/** Whether bytes[start..end) are a slash and at least one byte that is none. */
function isOneSegment(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== SLASH || end - start < 2) return false;
  for (let at = start + 1; at < end; at++) if (bytes[at] === SLASH) return false;
  return true;
}

/** The same, with `/announce`, `/scrape` and `/health` alone. */
export function exactRouteOfPath(bytes: Uint8Array, start: number, end: number): number {
  if (equalsBytes(bytes, start, end, ANNOUNCE)) return ROUTE_ANNOUNCE;
  if (equalsBytes(bytes, start, end, SCRAPE)) return ROUTE_SCRAPE;
  if (equalsBytes(bytes, start, end, HEALTH)) return ROUTE_HEALTH;
  return ROUTE_OTHER;
}
