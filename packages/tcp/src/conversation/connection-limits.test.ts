import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCidr, parseIpAddress } from "@swarmtide/bittorrent";
import { peerAt } from "@swarmtide/http";
import { ConnectionLimits, LIMIT_ADDRESS, LIMIT_OK, LIMIT_TOTAL } from "./connection-limits.ts";

const trusted = [parseCidr("10.0.0.0/8")].filter((cidr) => cidr !== undefined);
const peer = (address: string) => peerAt(parseIpAddress(address) ?? new Uint8Array(4), trusted);

test("each address has its own limit and gets its room back", () => {
  const limits = new ConnectionLimits(100, 2);
  const open = (address: string) => limits.open(peer(address));
  assert.deepEqual([open("192.0.2.1"), open("192.0.2.1")], [LIMIT_OK, LIMIT_OK]);
  assert.equal(open("192.0.2.1"), LIMIT_ADDRESS);
  assert.equal(open("192.0.2.2"), LIMIT_OK);
  limits.close(peer("192.0.2.1"));
  assert.equal(open("192.0.2.1"), LIMIT_OK);
  assert.equal(limits.count, 3);
});

test("an IPv6 /48 counts as one address, its neighbour as another", () => {
  const limits = new ConnectionLimits(100, 2);
  const open = (address: string) => limits.open(peer(address));
  assert.equal(open("2001:db8:1:2::1"), LIMIT_OK);
  assert.equal(open("2001:db8:1:ffff::2"), LIMIT_OK);
  assert.equal(open("2001:db8:1::3"), LIMIT_ADDRESS);
  assert.equal(open("2001:db8:2::1"), LIMIT_OK);
  assert.equal(open("2001:db9:1::1"), LIMIT_OK);
});

test("the limit in all holds for everybody, the one by address not for trusted proxies", () => {
  const limits = new ConnectionLimits(4, 1);
  for (let i = 0; i < 4; i++) assert.equal(limits.open(peer("10.0.0.1")), LIMIT_OK);
  assert.equal(limits.open(peer("10.0.0.1")), LIMIT_TOTAL);
  assert.equal(limits.open(peer("192.0.2.1")), LIMIT_TOTAL);
  limits.close(peer("10.0.0.1"));
  assert.equal(limits.open(peer("192.0.2.1")), LIMIT_OK);
});

test("nothing is kept of addresses that have left", () => {
  const limits = new ConnectionLimits(1000, 2);
  for (let i = 0; i < 200; i++) limits.open(peer(`192.0.2.${i}`));
  for (let i = 0; i < 200; i++) limits.close(peer(`192.0.2.${i}`));
  assert.deepEqual([limits.count, limits.addressCount], [0, 0]);
});
