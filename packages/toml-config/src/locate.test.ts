import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lineOfKey, lineOfNamedKey, locateStatements } from "./locate.ts";

const linesOf = (text: string) =>
  locateStatements(text).map((place) => `${place.path.join(".")}:${place.line}`);

test("keys and headers have their lines, comments and blank lines in between", () => {
  const text = "# head\na = 1 # x = 2\n\n[udp] # [web]\nb = 2\r\n\tc = 3\n[a.b]\nd = 4";
  assert.deepEqual(linesOf(text), ["a:2", "udp:4", "udp.b:5", "udp.c:6", "a.b:7", "a.b.d:8"]);
});

test("lists, inline tables and strings over several lines are passed over", () => {
  const text = [
    'a = """', // 1
    "[not]", // 2
    'b = 1 \\""" ', // 3: an escaped quote, then the fence's remainder keeps the string open
    '"""', // 4
    "c = [ # ]", // 5
    '  "]", [1],', // 6
    "]", // 7
    'd = { x = \'}\', y = "\\"}" }', // 8
    "e = '''", // 9
    "f = 1'''", // 10
    "g = 2", // 11
  ].join("\n");
  assert.deepEqual(linesOf(text), ["a:1", "c:5", "d:8", "e:9", "g:11"]);
});

test("quoted and dotted keys are read as TOML reads them", () => {
  const text = '"u\\u0064p" . \'work ers\' = 1\n[ "a.b" . c ]\n[[x]]\ny = 1';
  assert.deepEqual(
    locateStatements(text).map((place) => place.path),
    [["udp", "work ers"], ["a.b", "c"], ["x"], ["x", "y"]],
  );
});

test("a key inside an inline table has the line of the key that holds the table", () => {
  const places = locateStatements("\nudp = { workers = 1 }");
  assert.equal(lineOfKey(places, ["udp", "workers"]), 2);
  assert.equal(lineOfKey(places, ["web", "workers"]), undefined);
});

test("of the keys that a message names the first that the file sets is found", () => {
  const text = '[web]\nworkers = 1\naddress_ipv4 = "0.0.0.0:1"\n[udp]\nworkers = 2';
  assert.equal(lineOfNamedKey(text, "web.address_ipv4: bind 0.0.0.0:1 failed"), 3);
  assert.equal(lineOfNamedKey(text, "too many threads: lower udp.workers or web.workers"), 5);
  assert.equal(lineOfNamedKey(text, "c.pem (web.tls_path) is not udp.workers"), 5);
  assert.equal(lineOfNamedKey(text, "web.work, xweb.workers and web are none"), undefined);
});

test("any text is walked to an end without an exception", () => {
  const character = fc.constantFrom(..."ab=.[]{}\"'#\\\n\r ,1", "é");
  const source = fc.array(character, { maxLength: 60 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(source, (text) => {
      const lineCount = text.split("\n").length;
      for (const place of locateStatements(text))
        assert.ok(place.line >= 1 && place.line <= lineCount);
    }),
    { numRuns: 2000 },
  );
});
