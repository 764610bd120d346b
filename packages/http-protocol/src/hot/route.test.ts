import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes } from "./byte-class.ts";
import {
  exactRouteOfPath,
  ROUTE_ANNOUNCE,
  ROUTE_HEALTH,
  ROUTE_OTHER,
  ROUTE_SCRAPE,
  routeOfPath,
} from "./route.ts";

/** In the middle of a request line, as the parser finds it. */
const route = (path: string, of = routeOfPath) =>
  of(asciiBytes(`GET ${path}?a=b`), 4, 4 + path.length);

const FORMS = (name: string) => [
  `/${name}`,
  `/${name}/`,
  `/${name}.php`,
  `/${name}.php/`,
  `/KEY/${name}`,
  `/0123456789abcdef0123456789abcdef/${name}`,
  `/%20.~/${name}/`,
  `/KEY/${name}.php`,
  `/KEY/${name}.php/`,
  `/${name}/${name}`,
  `/scrape.php/${name}`,
];

test("announce and scrape are found with a slash or .php behind them and one segment in front", () => {
  for (const path of FORMS("announce")) assert.equal(route(path), ROUTE_ANNOUNCE, path);
  for (const path of FORMS("scrape")) assert.equal(route(path), ROUTE_SCRAPE, path);
  assert.equal(route("/health"), ROUTE_HEALTH);
});

test("every other path is another", () => {
  for (const path of [
    ...["", "/", "//", "/a", ".php", "/.php", "/php", "x", "/announc", "/announcee", "/Announce"],
    ...["/announce//", "//announce", "/a/b/announce", "/a//announce", "a/announce", "/announce/a"],
    ...["/announce.php.php", "/announce/.php", "/announce.PHP", "/announce.phpx", "/announc%65"],
    ...["/health/", "/KEY/health", "/health.php", "/announcescrape", "announce", "/KEY/announce/x"],
  ])
    assert.equal(route(path), ROUTE_OTHER, path);
});

test("exact paths are the three alone", () => {
  assert.equal(route("/announce", exactRouteOfPath), ROUTE_ANNOUNCE);
  assert.equal(route("/scrape", exactRouteOfPath), ROUTE_SCRAPE);
  assert.equal(route("/health", exactRouteOfPath), ROUTE_HEALTH);
  for (const path of FORMS("announce").slice(1))
    assert.equal(route(path, exactRouteOfPath), ROUTE_OTHER, path);
});
