/**
 * Which of the tracker's paths a request names. Called for every request. Exact bytes: `/announce/` and
 * `/announc%65` are other paths.
 */
import { asciiBytes, equalsBytes } from "./byte-class.ts";

export const ROUTE_OTHER = 0;
export const ROUTE_ANNOUNCE = 1;
export const ROUTE_SCRAPE = 2;
export const ROUTE_HEALTH = 3;

const ANNOUNCE = asciiBytes("/announce");
const SCRAPE = asciiBytes("/scrape");
const HEALTH = asciiBytes("/health");

/** The route of the path bytes[start..end). */
export function routeOfPath(bytes: Uint8Array, start: number, end: number): number {
  if (equalsBytes(bytes, start, end, ANNOUNCE)) return ROUTE_ANNOUNCE;
  if (equalsBytes(bytes, start, end, SCRAPE)) return ROUTE_SCRAPE;
  if (equalsBytes(bytes, start, end, HEALTH)) return ROUTE_HEALTH;
  return ROUTE_OTHER;
}
