import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIpAddress, parseCidr, parseIpAddress } from "@swarmtide/bittorrent";
import { clientAddressOf } from "./client-address.ts";

const proxies = ["10.0.0.0/8", "2001:db8:f::/48"]
  .map(parseCidr)
  .filter((cidr) => cidr !== undefined);
const bytesOf = (text: string): Uint8Array => parseIpAddress(text) ?? new Uint8Array(4);

/** The client's address in text; undefined where nobody names it. */
function clientOf(from: string, forwarded?: string): string | undefined {
  const client = clientAddressOf(bytesOf(from), forwarded, proxies);
  if (client === undefined) return undefined;
  const bytes = new Uint8Array(client.words.buffer).slice(0, client.family === 4 ? 4 : 16);
  return formatIpAddress(bytes);
}

test("a connection counts for where it comes from, whatever a header of its own says", () => {
  assert.equal(clientOf("192.0.2.1"), "192.0.2.1");
  assert.equal(clientOf("192.0.2.1", "198.51.100.1"), "192.0.2.1");
  assert.equal(clientOf("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(clientOf("2001:db8::1"), "2001:db8::1");
});

test("behind a trusted proxy it counts for the rightmost address that is no trusted proxy", () => {
  assert.equal(clientOf("10.0.0.1", "198.51.100.1"), "198.51.100.1");
  assert.equal(clientOf("10.0.0.1", "203.0.113.9, 198.51.100.1 , 10.1.1.1"), "198.51.100.1");
  assert.equal(clientOf("10.0.0.1", "[2001:db8::5]:4711"), "2001:db8::5");
  assert.equal(clientOf("10.0.0.1", "2001:db8::5"), "2001:db8::5");
  assert.equal(clientOf("2001:db8:f::1", "192.0.2.3:80"), "192.0.2.3");
  assert.equal(clientOf("10.0.0.1", "10.2.2.2, 10.1.1.1"), "10.2.2.2");
});

test("nobody is named by a trusted proxy without a header, or with one that names no address", () => {
  assert.equal(clientOf("10.0.0.1"), undefined);
  assert.equal(clientOf("10.0.0.1", ""), undefined);
  assert.equal(clientOf("10.0.0.1", "198.51.100.1, unknown"), undefined);
});
