import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIpAddress } from "@swarmtide/bittorrent";
import { makeLimits, openScrapeRate } from "../limits.ts";
import { NO_LIMITS } from "../testing/limited-store.ts";
import type { ScrapeRate } from "./scrape-rate.ts";

function scrape(rate: ScrapeRate, address: string): boolean {
  const bytes = parseIpAddress(address);
  if (bytes === undefined) throw new TypeError(`${address} is not an IP address`);
  const words = new Int32Array(4);
  new Uint8Array(words.buffer).set(bytes);
  return rate.allows(words, 0, bytes.length === 4 ? 4 : 6);
}

const open = (maxScrapesPerAddress: number, exempt: readonly string[] = []) =>
  makeLimits({ ...NO_LIMITS, maxScrapesPerAddress, exempt });

for (const [family, own, again, other] of [
  [4, "192.0.2.1", "192.0.2.1", "192.0.2.2"],
  [6, "2001:db8::1", "2001:db8::ffff:0:0:2", "2001:db8:0:1::1"],
] as const)
  test(`an IPv${family} address may scrape as often as the limit in one second, and anew in the next`, () => {
    for (const max of [1, 3, 4000]) {
      const rate = openScrapeRate(open(max));
      for (const second of [0, 7, 8, 2 ** 20 + 7]) {
        rate.setNow(second);
        for (let i = 0; i < max; i++)
          assert.equal(scrape(rate, i % 2 ? own : again), true, `${i} of ${max} in ${second}`);
        assert.equal(scrape(rate, own), false);
        assert.equal(scrape(rate, again), false);
        assert.equal(scrape(rate, other), true);
        rate.setNow(second + 0.9);
        assert.equal(scrape(rate, own), false);
      }
    }
  });

test("workers count together", () => {
  const limits = open(3);
  const [one, other] = [openScrapeRate(limits), openScrapeRate(limits)];
  assert.equal(scrape(one, "192.0.2.1"), true);
  assert.equal(scrape(other, "192.0.2.1"), true);
  assert.equal(scrape(one, "192.0.2.1"), true);
  assert.equal(scrape(other, "192.0.2.1"), false);
  assert.equal(scrape(one, "192.0.2.1"), false);
});

test("exempt addresses have no limit, however many come; 0 means none", () => {
  const rate = openScrapeRate(open(2, ["192.0.2.0/24", "::1"]));
  for (let i = 0; i < 10_000; i++) {
    assert.equal(scrape(rate, "192.0.2.77"), true);
    assert.equal(scrape(rate, "::1"), true);
  }
  const off = openScrapeRate(open(0));
  for (let i = 0; i < 10_000; i++) assert.equal(scrape(off, "198.51.100.1"), true);
});

test("twenty thousand scrapers in one second do not disturb each other at the default of 100", () => {
  const rate = openScrapeRate(open(100));
  let refused = 0;
  for (let round = 0; round < 50; round++)
    for (let i = 0; i < 20_000; i++) if (!scrape(rate, `10.${i >> 8}.${i & 255}.1`)) refused++;
  assert.ok(refused / 1_000_000 < 0.001, `${refused} of a million`);
});
