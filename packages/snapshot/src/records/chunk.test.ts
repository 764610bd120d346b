import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  decodeChunkHeader,
  decodeStreamHeader,
  decodeTotals,
  encodeChunkHeader,
  encodeStreamHeader,
  encodeTotals,
} from "./chunk.ts";
import { compress, decompress, hasCompression } from "./compression.ts";
import { crc32, crc32ByTable } from "./crc32.ts";
import { CHUNK_END, CHUNK_SWARMS } from "./layout.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const unhex = (text: string) => new Uint8Array(Buffer.from(text.replace(/\s/g, ""), "hex"));

test("the headers of the worked example are written and read as documented", () => {
  const stream = { compression: "none", begunAtSeconds: 1764080000 } as const;
  const streamBytes = unhex(
    "8953 5752 4d0d 0a1a 0001 00 00 000000006925b980 0000000000000000 c7018935",
  );
  assert.equal(hex(encodeStreamHeader(stream)), hex(streamBytes));
  assert.deepEqual(decodeStreamHeader(streamBytes), stream);
  const chunk = {
    kind: CHUNK_SWARMS,
    number: 0,
    atSeconds: 2,
    records: 1,
    peersIpv4: 2,
    peersIpv6: 1,
    bodyBytes: 66,
    storedBytes: 66,
    bodyCrc: 0x2d793204,
  } as const;
  const chunkBytes = unhex(
    "53574152 00000000 00000002 00000001 00000002 00000001 00000042 00000042 2d793204 94457fc1",
  );
  assert.equal(hex(encodeChunkHeader(chunk)), hex(chunkBytes));
  assert.deepEqual(decodeChunkHeader(chunkBytes), chunk);
});

test("the end of the worked example is written and read as documented", () => {
  const totals = { records: 1, peersIpv4: 2, peersIpv6: 1, bodyBytes: 66 };
  const body = unhex("0000000000000001 0000000000000002 0000000000000001 0000000000000042");
  assert.equal(hex(encodeTotals(totals)), hex(body));
  const nothing = { records: 0, peersIpv4: 0, peersIpv6: 0 };
  const sizes = { bodyBytes: 32, storedBytes: 32, bodyCrc: crc32(body) };
  const end = { kind: CHUNK_END, number: 1, atSeconds: 2, ...nothing, ...sizes } as const;
  const bytes = unhex(
    "444f4e45 00000001 00000002 00000000 00000000 00000000 00000020 00000020 e714619b 39385a06",
  );
  assert.equal(hex(encodeChunkHeader(end)), hex(bytes));
  assert.deepEqual(decodeChunkHeader(bytes), end);
});

test("headers and totals are read as they were written, up to 2^53", () => {
  const number = fc.nat(0xffffffff);
  const large = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(number, fc.nat(2 ** 20), large, large, (small, bodyBytes, a, b) => {
      const chunk = {
        kind: CHUNK_SWARMS,
        number: small,
        atSeconds: small,
        records: small,
        peersIpv4: small,
        peersIpv6: small,
        bodyBytes,
        storedBytes: bodyBytes >>> 1,
        bodyCrc: small,
      } as const;
      assert.deepEqual(decodeChunkHeader(encodeChunkHeader(chunk)), chunk);
      const totals = { records: a, peersIpv4: b, peersIpv6: a, bodyBytes: b };
      assert.deepEqual(decodeTotals(encodeTotals(totals)), totals);
      const stream = { compression: "zstd", begunAtSeconds: a } as const;
      assert.deepEqual(decodeStreamHeader(encodeStreamHeader(stream)), stream);
    }),
  );
});

test("a stream header that is short, of something else, damaged or of another version is told apart", () => {
  const bytes = encodeStreamHeader({ compression: "gzip", begunAtSeconds: 1 });
  const changed = (at: number, byte: number) => bytes.with(at, byte);
  for (let cut = 0; cut < bytes.length; cut++)
    assert.equal(decodeStreamHeader(bytes.slice(0, cut)), "short");
  assert.equal(decodeStreamHeader(new TextEncoder().encode("{}")), "magic");
  assert.equal(decodeStreamHeader(changed(0, 0)), "magic");
  assert.equal(decodeStreamHeader(changed(9, 2)), "version");
  assert.equal(decodeStreamHeader(changed(19, 2)), "crc");
  const unknown = changed(10, 9);
  new DataView(unknown.buffer).setUint32(28, crc32(unknown.subarray(0, 28)));
  assert.equal(decodeStreamHeader(unknown), "compression");
});

test("a chunk header with any bit changed is none", () => {
  const chunk = { number: 3, atSeconds: 1, records: 0, peersIpv4: 0, peersIpv6: 0, bodyCrc: 5 };
  const bytes = encodeChunkHeader({ ...chunk, kind: CHUNK_END, bodyBytes: 32, storedBytes: 32 });
  assert.ok(decodeChunkHeader(bytes) !== undefined);
  for (let bit = 0; bit < bytes.length * 8; bit++)
    assert.equal(
      decodeChunkHeader(bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)))),
      undefined,
    );
  for (let cut = 0; cut < bytes.length; cut++)
    assert.equal(decodeChunkHeader(bytes.slice(0, cut)), undefined);
});

test("a chunk header that is whole but contradicts itself is none", () => {
  const chunk = { number: 0, atSeconds: 0, records: 1, peersIpv4: 0, peersIpv6: 0, bodyCrc: 0 };
  for (const [kind, bodyBytes, storedBytes] of [
    [CHUNK_SWARMS, 2 ** 20 + 1, 10],
    [CHUNK_SWARMS, 10, 11],
    [CHUNK_END, 33, 33],
    [CHUNK_END, 32, 31],
  ] as const)
    assert.equal(
      decodeChunkHeader(encodeChunkHeader({ ...chunk, kind, bodyBytes, storedBytes })),
      undefined,
    );
  const kind = 0x12345678 as typeof CHUNK_END;
  const unknown = encodeChunkHeader({ ...chunk, kind, bodyBytes: 1, storedBytes: 1 });
  assert.equal(decodeChunkHeader(unknown), undefined);
});

test("CRC-32 of 123456789 is 0xCBF43926, by zlib and by the table, and they agree on any bytes", () => {
  const digits = new TextEncoder().encode("123456789");
  assert.equal(crc32(digits), 0xcbf43926);
  assert.equal(crc32ByTable(digits), 0xcbf43926);
  fc.assert(fc.property(fc.uint8Array(), (bytes) => crc32(bytes) === crc32ByTable(bytes)));
});

test("bodies come back from every compression that this Node has", () => {
  const random = Uint8Array.from({ length: 5000 }, (_, i) => Math.imul(i, 2654435761) >>> 11);
  const regular = new Uint8Array(5000).fill(7);
  for (const compression of ["none", "gzip", "zstd"] as const) {
    if (!hasCompression(compression)) continue;
    for (const body of [random, regular]) {
      const stored = compress(body, compression);
      assert.ok(stored.length <= body.length);
      assert.deepEqual(new Uint8Array(decompress(stored, body.length, compression) ?? []), body);
    }
  }
  assert.ok(compress(regular, "gzip").length < 100);
});

test("a stored body that swells beyond its header, falls short of it or is not such a body is refused", () => {
  const stored = compress(new Uint8Array(5000), "gzip");
  assert.equal(decompress(stored, 4999, "gzip"), undefined);
  assert.equal(decompress(stored, 5001, "gzip"), undefined);
  assert.equal(decompress(stored.slice(0, -5), 5000, "gzip"), undefined);
  assert.equal(decompress(new Uint8Array(9), 5000, "gzip"), undefined);
  assert.equal(decompress(stored, 5000, "none"), undefined);
});
