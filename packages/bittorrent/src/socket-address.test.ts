import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalAddress } from "./ip-address.ts";
import { formatSocketAddress, parsePort, parseSocketAddress } from "./socket-address.ts";

test("the two spellings of a listening address are read", () => {
  assert.deepEqual(parseSocketAddress("0.0.0.0:3000"), { address: new Uint8Array(4), port: 3000 });
  assert.deepEqual(parseSocketAddress("[::]:0"), { address: new Uint8Array(16), port: 0 });
  assert.deepEqual(parseSocketAddress("[::ffff:127.0.0.1]:65535"), {
    address: Uint8Array.of(127, 0, 0, 1),
    port: 65535,
  });
});

test("anything else is refused", () => {
  const refused = [
    ...[
      "",
      ":",
      ":80",
      "1.2.3.4",
      "1.2.3.4:",
      "[::1]",
      "[::1]:",
      "::1:80",
      "[1.2.3.4]:80",
      "[::1:80",
    ],
    ...[
      "::1]:80",
      "[]:80",
      "[[::1]]:80",
      "1.2.3.4:65536",
      "1.2.3.4:-1",
      "1.2.3.4:080",
      "1.2.3.4:+80",
    ],
    ...[
      "1.2.3.4:8 ",
      "1.2.3.4: 80",
      "1.2.3.4:0x50",
      "1.2.3.4:1e3",
      "localhost:80",
      "[fe80::1%lo]:80",
    ],
    ...["[::1]80", "[::1]::80", "1.2.3.4:80:80", "*:80", "1.2.3.4:99999999999999999999"],
  ];
  for (const text of refused) assert.equal(parseSocketAddress(text), undefined, text);
  assert.equal(parsePort("00"), undefined);
});

test("what is written is read back", () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 0xffff }), (bytes, port) => {
      const canonical = { address: canonicalAddress(bytes), port };
      assert.deepEqual(parseSocketAddress(formatSocketAddress(canonical)), canonical);
    }),
  );
});
