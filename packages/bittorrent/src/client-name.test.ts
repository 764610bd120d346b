import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AZUREUS_CODES } from "./client-codes.ts";
import { detectClient } from "./client-name.ts";

const detect = (prefix: string) => {
  const peerId = Buffer.from(prefix.padEnd(20, "x"), "latin1");
  const { name, version } = detectClient(peerId);
  return version === "" ? name : `${name} ${version}`;
};

test("the clients most often met are named with their version", () => {
  const known: Record<string, string> = {
    "-TR4060-": "Transmission 4.0.6",
    "-TR400X-": "Transmission 4.0.0 dev",
    "-TR3000-": "Transmission 3.00",
    "-TR294Z-": "Transmission 2.94 dev",
    "-TR0072-": "Transmission 0.72",
    "-TR0006-": "Transmission 0.6",
    "-qB4650-": "qBittorrent 4.6.5",
    "-qB50A0-": "qBittorrent 5.0.10",
    "-LT20B0-": "libtorrent (Rasterbar) 2.0.11",
    "-lt0D80-": "libTorrent (Rakshasa) 0.13.8",
    "-DE13F0-": "Deluge 1.3.15",
    "-DE211s-": "Deluge 2.1.1",
    "-DE211d-": "Deluge 2.1.1 dev",
    "-UT355W": "µTorrent 3.5.5W",
    "-UT341B-": "µTorrent 3.4.1 beta",
    "-UM1870-": "µTorrent Mac 1.8.7",
    "-BT7a5S-": "BitTorrent 7.10.5",
    "-AZ5760-": "Vuze 5.7.6.0",
    "-BI3300-": "BiglyBT 3.3.0.0",
    "-BC0172-": "BitComet 1.72",
    "-KT5110-": "KTorrent 5.1.1",
    "-KT42R1-": "KTorrent 4.2 rc1",
    "-WW0201-": "WebTorrent 2.1",
    "-WD0024-": "WebTorrent Desktop 0.24",
    "A2-1-36-0-": "aria2 1.36.0",
    "M4-3-6--": "Mainline 4.3.6",
    "M7-10-5-": "Mainline 7.10.5",
    "Q1-10-0-": "Queen Bee 1.10.0",
    "-ML2.7.2-": "MLdonkey 2.7.2",
    "TIX0284-": "Tixati 2.84",
  };
  for (const [prefix, client] of Object.entries(known))
    assert.equal(detect(prefix), client, prefix);
});

test("clients of the early years are still told apart", () => {
  const known: Record<string, string> = {
    "S58B-----": "Shadow's client 5.8.11",
    "T03A0----": "BitTornado 0.3.10.0",
    "R370-----": "Tribler 3.7.0",
    "A310-----": "ABC 3.1.0",
    "exbc\x00\x38": "BitComet 0.56",
    "exbc\x00\x38LORD": "BitLord 0.56",
    "FUTB\x00\x07": "BitComet 0.07",
    "\x00\x03BS": "BitSpirit 3",
    OP7685: "Opera 7685",
    "XBT054d-": "XBT Client 0.5.4",
    "Mbrst1-1-3": "burst! 1.1.3",
    "-G3g3rmz    ": "G3 Torrent",
    "-WT-0000": "BitLet",
    "-FL3000-": "Folx 3.0",
    "-BB1234-": "BitBuddy 1.234",
  };
  for (const [prefix, client] of Object.entries(known))
    assert.equal(detect(prefix), client, prefix);
});

test("unknown codes and peer ids without a pattern are Other", () => {
  assert.equal(detect("-Zz1230-"), "Other (Zz) 1.2.3.0");
  assert.equal(detect("Dummy-"), "Other (Dummy)");
  assert.equal(detect("ab-cd-"), "Other (ab-cd)");
  assert.equal(detect("--------"), "Other");
  assert.equal(detect(""), "Other");
  assert.deepEqual(detectClient(new Uint8Array(20)), { name: "Other", version: "" });
});

test("at least forty Azureus-style codes are known and each gives its name", () => {
  assert.ok(AZUREUS_CODES.size >= 40);
  for (const [code, [name]] of AZUREUS_CODES)
    assert.equal(detectClient(Buffer.from(`-${code}1234-abcdefghijkl`)).name, name);
});

test("whatever bytes a peer id holds, the answer is short and free of markup", () => {
  const prefix = fc.constantFrom(
    "-UT",
    "-WW",
    "-<b",
    "M",
    "T",
    "exbc",
    "\0\x01BS",
    "Dum",
    "-TR",
    "-ML",
    "A2-",
    "",
  );
  fc.assert(
    fc.property(prefix, fc.uint8Array({ minLength: 20, maxLength: 20 }), (start, peerId) => {
      peerId.set(Buffer.from(start, "latin1"));
      const { name, version } = detectClient(peerId);
      assert.match(`${name} ${version}`, /^[A-Za-z0-9µ~!+.'() -]{1,60}$/);
    }),
    { numRuns: 3000 },
  );
});

test("the peer id is read at its offset, and one that is cut off is a mistake of the caller", () => {
  const buffer = Buffer.from("..-TR4060-abcdefghijkl..");
  assert.equal(detectClient(buffer, 2).name, "Transmission");
  assert.throws(() => detectClient(buffer, 5), RangeError);
});
