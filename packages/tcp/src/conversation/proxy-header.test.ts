import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIpAddress } from "@swarmtide/bittorrent";
import { asciiBytes } from "@swarmtide/http-protocol";
import fc from "fast-check";
import {
  PROXY_BAD,
  PROXY_HEADER_BYTES_MAX,
  PROXY_MORE,
  PROXY_OK,
  parseProxyHeader,
} from "./proxy-header.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const SIGNATURE = "0d0a0d0a000d0a515549540a";

/** The client of a whole header: its address, "" for none, undefined when it is bad. */
function clientOf(header: Uint8Array): string | undefined {
  const whole = parseProxyHeader(Uint8Array.from([...header, 0x47]));
  for (let end = 0; end < header.length; end++) {
    const { status } = parseProxyHeader(header.subarray(0, end));
    assert.ok(status === PROXY_MORE || status === whole.status, `at ${end}`);
    if (whole.status === PROXY_OK) assert.equal(status, PROXY_MORE, `at ${end}`);
  }
  if (whole.status !== PROXY_OK) return undefined;
  assert.equal(whole.length, header.length);
  return whole.address === undefined ? "" : formatIpAddress(whole.address);
}

test("version 1, golden, at every truncation", () => {
  const line = (text: string) => clientOf(asciiBytes(`${text}\r\n`));
  assert.equal(line("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443"), "192.0.2.1");
  assert.equal(line("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535"), "2001:db8::1");
  assert.equal(line("PROXY UNKNOWN"), "");
  assert.equal(line("PROXY UNKNOWN ffff::1 ffff::2 1 2"), "");
});

test("version 2, golden, at every truncation", () => {
  //                    version family length source    destination ports
  const ipv4 = hex(`${SIGNATURE} 21 11 000c c0000201 c6336401 1267 01bb`);
  assert.equal(clientOf(ipv4), "192.0.2.1");
  const ipv6 = hex(
    `${SIGNATURE} 21 21 0024 20010db8${"00".repeat(11)}07 ${"00".repeat(16)} 0001 0002`,
  );
  assert.equal(clientOf(ipv6), "2001:db8::7");
  const extended = hex(`${SIGNATURE} 21 11 0010 c0000201 c6336401 1267 01bb 04000100`);
  assert.equal(clientOf(extended), "192.0.2.1");
  assert.equal(clientOf(hex(`${SIGNATURE} 20 00 0000`)), "");
  assert.equal(clientOf(hex(`${SIGNATURE} 21 31 0004 00000000`)), "");
});

test("anything else is refused as soon as it is seen", () => {
  for (const text of [
    "GET / HTTP/1.1\r\n",
    "PROXY",
    "PROXYTCP4 1.2.3.4 1.2.3.4 1 1\r\n",
    "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
    "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
    "PROXY TCP4 1.2.3.400 1.2.3.4 1 1\r\n",
    "PROXY TCP4 ::1 ::1 1 1\r\n",
    "PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n",
    "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n",
    "PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n",
    `PROXY UNKNOWN ${"x".repeat(100)}\r\n`,
  ]) {
    const { status } = parseProxyHeader(asciiBytes(text));
    assert.equal(status, text === "PROXY" ? PROXY_MORE : PROXY_BAD, text);
  }
  assert.equal(parseProxyHeader(hex("0d0a0d0a00ff")).status, PROXY_BAD);
  assert.equal(parseProxyHeader(hex(`${SIGNATURE} 11`)).status, PROXY_BAD);
  assert.equal(parseProxyHeader(hex(`${SIGNATURE} 21 11 0008`)).status, PROXY_BAD);
  assert.equal(parseProxyHeader(hex(`${SIGNATURE} 21 11 ffff`)).status, PROXY_BAD);
});

test("random bytes never throw and never ask for more than the maximum", () => {
  const noise = fc.uint8Array({ maxLength: 150 });
  const start = fc.constantFrom(
    hex(SIGNATURE),
    hex(`${SIGNATURE} 2111`),
    asciiBytes("PROXY TCP4 "),
    new Uint8Array(0),
  );
  fc.assert(
    fc.property(start, noise, (before, after) => {
      const header = parseProxyHeader(Uint8Array.from([...before, ...after]));
      assert.ok(header.length <= PROXY_HEADER_BYTES_MAX);
    }),
    { numRuns: 1000 },
  );
});
