import assert from "node:assert/strict";
import { test } from "node:test";
import { formatSocketAddress } from "./socket-address.ts";

test("an IPv6 address stands in brackets, an IPv4 address does not", () => {
  const text = formatSocketAddress({ address: Uint8Array.of(1, 2, 3, 4), port: 80 });
  assert.equal(text, "1.2.3.4:80");
  const loopback = new Uint8Array(16);
  loopback[15] = 1;
  assert.equal(formatSocketAddress({ address: loopback, port: 65535 }), "[::1]:65535");
});
