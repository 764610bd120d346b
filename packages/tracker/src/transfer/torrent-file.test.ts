import assert from "node:assert/strict";
import { test } from "node:test";
import { bencode, makeTorrent } from "./torrent-file.ts";

test("bencode writes numbers, texts, bytes, and dictionaries with sorted keys", () => {
  const value = { spam: "eggs", a: { n: -3 }, cow: new Uint8Array([0x6d, 0x6f, 0x6f]) };
  assert.equal(bencode(value).toString(), "d1:ad1:ni-3ee3:cow3:moo4:spam4:eggse");
});

test("a torrent has one SHA-1 per piece, the last piece short, and is private", () => {
  const torrent = makeTorrent({
    announceUrl: "udp://t.test:3000/announce",
    fileName: "f",
    content: Buffer.from("abcde"),
    pieceBytes: 3,
  });
  assert.equal(
    torrent.bytes.toString("latin1"),
    "d8:announce26:udp://t.test:3000/announce4:infod6:lengthi5e4:name1:f12:piece lengthi3e6:pieces40:" +
      // sha1("abc"), sha1("de")
      Buffer.from(
        "a9993e364706816aba3e25717850c26c9cd0d89d600ccd1b71569232d01d110bc63e906beab04d8c",
        "hex",
      ).toString("latin1") +
      "7:privatei1eee",
  );
  assert.match(torrent.infoHashHex, /^[0-9a-f]{40}$/);
});
