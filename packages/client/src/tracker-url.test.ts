import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientError } from "./client-error.ts";
import { parseTrackerUrl, scrapePath } from "./tracker-url.ts";

const refuses = (text: string, message: RegExp) =>
  assert.throws(
    () => parseTrackerUrl(text),
    (error: unknown) => {
      assert.ok(error instanceof ClientError);
      assert.equal(error.reason, "url");
      assert.match(error.message, message);
      return true;
    },
  );

test("a UDP tracker is a host and a port, and a path if it wants one", () => {
  const { protocol, host, port, announcePath } = parseTrackerUrl("udp://tracker.example.org:6969");
  assert.deepEqual([protocol, host, port, announcePath], ["udp", "tracker.example.org", 6969, "/"]);
  assert.equal(parseTrackerUrl("udp://[2001:db8::1]:6969/announce").host, "2001:db8::1");
  assert.equal(parseTrackerUrl("udp://a:1/announce?key=2").announcePath, "/announce?key=2");
});

test("HTTP and WebSocket have default ports, and an HTTP URL without a path announces at /announce", () => {
  assert.equal(parseTrackerUrl("http://a").port, 80);
  assert.equal(parseTrackerUrl("https://a/x/announce").port, 443);
  assert.equal(parseTrackerUrl("wss://a").port, 443);
  assert.equal(parseTrackerUrl("ws://a:8000").port, 8000);
  assert.equal(parseTrackerUrl("http://a").announcePath, "/announce");
  assert.equal(parseTrackerUrl("https://a/x/announce?k=1").announcePath, "/x/announce?k=1");
});

test("what is not the URL of a tracker is refused with what was expected", () => {
  refuses("tracker.example.org:6969", /expected udp:\/\/HOST:PORT/);
  refuses("ftp://a/announce", /has the scheme ftp: expected udp, http, https, ws or wss/);
  refuses("udp://a", /names no port/);
  refuses("", /is not the URL of a tracker/);
});

test("a scrape goes where BEP 48 says, and nowhere else", () => {
  const path = (text: string) => scrapePath(parseTrackerUrl(text));
  assert.equal(path("http://a/announce"), "/scrape");
  assert.equal(path("http://a/x/announce.php?k=1"), "/x/scrape.php?k=1");
  assert.throws(() => path("http://a/x/tracker"), /cannot be scraped/);
});
