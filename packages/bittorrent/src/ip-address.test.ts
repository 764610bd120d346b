import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalAddress, formatIpAddress, isMappedIpv4, parseIpAddress } from "./ip-address.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const hexOf = (text: string) => {
  const address = parseIpAddress(text);
  return address === undefined ? undefined : Buffer.from(address).toString("hex");
};

test("plain IPv4 and IPv6 texts are read into network order", () => {
  assert.equal(hexOf("0.0.0.0"), "00000000");
  assert.equal(hexOf("192.0.2.255"), "c00002ff");
  assert.equal(hexOf("::"), "0".repeat(32));
  assert.equal(hexOf("::1"), `${"0".repeat(31)}1`);
  assert.equal(hexOf("2001:DB8::a:0"), "20010db80000000000000000000a0000");
  assert.equal(hexOf("1:2:3:4:5:6:7:8"), "00010002000300040005000600070008");
  assert.equal(hexOf("1::"), `0001${"0".repeat(28)}`);
  assert.equal(hexOf("1:2:3:4:5:6:7::"), "00010002000300040005000600070000");
  assert.equal(hexOf("::2:3:4:5:6:7:8"), "00000002000300040005000600070008");
  assert.equal(hexOf("64:ff9b::192.0.2.33"), "0064ff9b0000000000000000c0000221");
  assert.equal(hexOf("::1.2.3.4"), "00000000000000000000000001020304");
  assert.equal(hexOf("1:2:3:4:5:6:1.2.3.4"), "00010002000300040005000601020304");
});

test("an IPv4-mapped address is its IPv4 address, however it is written", () => {
  const spellings = [
    "::ffff:1.2.3.4",
    "::FFFF:102:304",
    "0:0:0:0:0:ffff:1.2.3.4",
    "0::ffff:0102:0304",
  ];
  for (const text of spellings) assert.equal(hexOf(text), "01020304", text);
  assert.equal(isMappedIpv4(bytes(`ee${"00".repeat(10)}ffff01020304`), 1), true);
  assert.equal(isMappedIpv4(bytes(`${"00".repeat(9)}01ffff01020304`)), false);
  assert.deepEqual(canonicalAddress(bytes(`${"00".repeat(10)}ffff0a000001`)), bytes("0a000001"));
  assert.deepEqual(canonicalAddress(bytes("0a000001")), bytes("0a000001"));
});

const LENIENT_SPELLINGS = [
  ...["", " ", ".", "1", "127.1", "127.0.1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.", "1.2.3.4.5"],
  ...["0177.0.0.1", "01.2.3.4", "1.2.3.00", "0x7f.0.0.1", "0x7f000001", "2130706433", "1.2.3.256"],
  ...[
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.4\n",
    "1.2.3.4\0",
    "1.2.3.-4",
    "+1.2.3.4",
    "1.2.3.1e1",
    "1,2,3,4",
  ],
  ...["1.2.3.4/32", "1.2.3.4:80", "１.2.3.4", "1.2.3.٤", "1..2.3", "999.1.1.1", "1.2.3.1000"],
  ...[":", ":::", "1:", ":1", "1:2", "::1::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9"],
  ...[
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1:2:3:4::5:6:7:8",
    "12345::",
    "::g",
    "1:2:3:4:5:6:7:",
  ],
  ...[
    "fe80::1%eth0",
    "fe80::1%",
    "[::1]",
    "::1]",
    "::ffff:127.1",
    "::fFFf:0177.0.0.1",
    "::ffff:1.2.3.256",
  ],
  ...[
    "::1.2.3.4:5",
    "1.2.3.4::",
    "::1.2.3",
    "1:2:3:4:5:6:7:1.2.3.4",
    "::1 ",
    " ::1",
    "0x1::",
    "::-1",
  ],
  "1".repeat(4000),
  ":".repeat(4000),
];

test("lenient spellings that have fooled other readers are refused", () => {
  for (const text of LENIENT_SPELLINGS) assert.equal(hexOf(text), undefined, JSON.stringify(text));
});

test("writing follows RFC 5952", () => {
  const canonical: Record<string, string> = {
    "20010db8000000000000000000000001": "2001:db8::1",
    "20010db8000000010001000100010001": "2001:db8:0:1:1:1:1:1",
    "20010000000000010000000000000001": "2001:0:0:1::1",
    "20010db8000000000001000000000001": "2001:db8::1:0:0:1",
    "00000000000000000000000000000000": "::",
    "00000000000000000000000000000001": "::1",
    "00010000000000000000000000000000": "1::",
    "00010002000300040005000600000008": "1:2:3:4:5:6:0:8",
    abcdef01abcdef01abcdef01abcdef01: "abcd:ef01:abcd:ef01:abcd:ef01:abcd:ef01",
    "00000000000000000000ffff01020304": "::ffff:1.2.3.4",
    c0a80001: "192.168.0.1",
  };
  for (const [hex, text] of Object.entries(canonical))
    assert.equal(formatIpAddress(bytes(hex)), text);
  assert.throws(() => formatIpAddress(new Uint8Array(6)), RangeError);
});

test("what is written is read back, for every address", () => {
  const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  });
  fc.assert(
    fc.property(groups, (words) => {
      const address = Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
      assert.deepEqual(parseIpAddress(formatIpAddress(address)), canonicalAddress(address));
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (address) => {
      assert.deepEqual(parseIpAddress(formatIpAddress(address)), address);
    }),
  );
});

test("on random and nearly right texts it agrees with Node's own reader, zone ids aside", () => {
  const piece = fc.constantFrom(
    ..."0123456789abcdefABCDEF",
    "::",
    ":",
    ".",
    "ffff",
    "255",
    "0",
    "10",
    "1:",
    "1.",
  );
  const nearlyRight = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(""));
  const text = fc.oneof(nearlyRight, fc.ipV4(), fc.ipV6(), fc.string());
  fc.assert(
    fc.property(text, (candidate) => {
      const expected = candidate.includes("%") ? 0 : isIP(candidate);
      assert.equal(parseIpAddress(candidate) !== undefined, expected !== 0, candidate);
    }),
    { numRuns: 5000 },
  );
});
