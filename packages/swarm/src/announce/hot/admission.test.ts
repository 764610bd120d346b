import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessList } from "../../access-list/access-list.ts";
import { Admission } from "./admission.ts";
import { Announce } from "./announce.ts";

/** An announce whose info hash is the letter, twenty times, after two other words. */
function announceOf(letter: string): Announce {
  const words = new Int32Array(7);
  new Uint8Array(words.buffer, 8).fill(letter.charCodeAt(0));
  const announce = new Announce(words, new Int32Array(4), new Uint16Array(0));
  announce.infoHashAt = 2;
  return announce;
}

const listed = (mode: "allow" | "deny" | "off") =>
  AccessList.attach(AccessList.build({ mode, hashes: new Uint8Array(20).fill(0x61) }));

test("an announce is admitted when the access list allows its info hash", () => {
  assert.equal(new Admission(listed("allow")).admits(announceOf("a")), true);
  assert.equal(new Admission(listed("allow")).admits(announceOf("b")), false);
  assert.equal(new Admission(listed("deny")).admits(announceOf("a")), false);
  assert.equal(new Admission(listed("off")).admits(announceOf("b")), true);
});

test("a scrape is asked about in the same way", () => {
  const { infoHash, infoHashAt } = announceOf("b");
  assert.equal(new Admission(listed("allow")).admitsTorrent(infoHash, infoHashAt), false);
  assert.equal(new Admission(listed("deny")).admitsTorrent(infoHash, infoHashAt), true);
});

test("a list that is replaced holds from the next request on", () => {
  const admission = new Admission(listed("off"));
  admission.replace(listed("deny"));
  assert.equal(admission.admits(announceOf("a")), false);
});
