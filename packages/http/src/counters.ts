/**
 * What the HTTP tracker counts. Each worker adds to its own row of a `NamedCounterTable` made with `HTTP_COUNTER_NAMES`;
 * the constants are the columns. Statistics and the exporter read all rows.
 */

/** Requests of each kind by the address family of the asker. */
export const COUNT_ANNOUNCES_IPV4 = 0;
export const COUNT_ANNOUNCES_IPV6 = 1;
export const COUNT_SCRAPES_IPV4 = 2;
export const COUNT_SCRAPES_IPV6 = 3;
export const COUNT_HEALTH_CHECKS = 4;
/** Answers that are a bencoded failure: bad parameters, refused torrents, missing proxy headers. */
export const COUNT_FAILURES = 5;
/** Of the failures: the access list refused the torrent. */
export const COUNT_REFUSED_TORRENTS = 6;
/** Of the failures: a trusted proxy did not say for whom it asks. */
export const COUNT_PROXY_HEADER_ERRORS = 7;
/** Announces answered although there was no room to keep the peer. */
export const COUNT_NOT_STORED = 8;
/** Info hashes cut off scrapes that had more than the maximum. */
export const COUNT_SCRAPE_CUT_OFF = 9;
/** Announces from untrusted addresses that carry a header such as X-Forwarded-For. */
export const COUNT_UNTRUSTED_FORWARDING = 10;
/** WebSocket upgrades handed on. */
export const COUNT_UPGRADES = 11;
/** Answers with a status other than 200. */
export const COUNT_STATUS_400 = 12;
export const COUNT_STATUS_404 = 13;
export const COUNT_STATUS_405 = 14;
export const COUNT_STATUS_413 = 15;
export const COUNT_STATUS_414 = 16;
export const COUNT_STATUS_431 = 17;
export const COUNT_STATUS_505 = 18;

/** The names of the columns, in their order. */
export const HTTP_COUNTER_NAMES: readonly string[] = [
  "announces_ipv4",
  "announces_ipv6",
  "scrapes_ipv4",
  "scrapes_ipv6",
  "health_checks",
  "failures",
  "refused_torrents",
  "proxy_header_errors",
  "not_stored",
  "scrape_cut_off",
  "untrusted_forwarding",
  "upgrades",
  "status_400",
  "status_404",
  "status_405",
  "status_413",
  "status_414",
  "status_431",
  "status_505",
];

/** The column that counts answers with an HTTP status; -1 for those that are not counted. */
export function columnOfStatus(status: number): number {
  switch (status) {
    case 400:
      return COUNT_STATUS_400;
    case 404:
      return COUNT_STATUS_404;
    case 405:
      return COUNT_STATUS_405;
    case 413:
      return COUNT_STATUS_413;
    case 414:
      return COUNT_STATUS_414;
    case 431:
      return COUNT_STATUS_431;
    case 505:
      return COUNT_STATUS_505;
    default:
      return -1;
  }
}
