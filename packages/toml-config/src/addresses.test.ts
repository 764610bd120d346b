import assert from "node:assert/strict";
import { test } from "node:test";
import { socketAddresses } from "./keys.ts";
import { settingsLayer } from "./layers.ts";
import { printDefaultConfig } from "./print.ts";
import { readConfig, readLayers, readOptions } from "./read.ts";
import { section } from "./schema.ts";

const one = { host: "0.0.0.0", port: 3000 };
const schema = section("A server.", {
  plain: socketAddresses({ default: [one], family: 4, doc: "" }),
  secure: socketAddresses({ default: [], family: 6, doc: "" }),
});

const complaintOf = (text: string): string => {
  try {
    readConfig(schema, text, "c.toml");
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
  return "";
};

test("one address in quotes and several in a list both give a list, in their order", () => {
  const config = readConfig(
    schema,
    'plain = "192.0.2.1:80"\nsecure = ["[::1]:443", "[::]:444"]',
    "c.toml",
  );
  assert.deepEqual(config, {
    plain: [{ host: "192.0.2.1", port: 80 }],
    secure: [
      { host: "::1", port: 443 },
      { host: "::", port: 444 },
    ],
  });
});

test('addresses whose default is none are switched off by "" and by an empty list', () => {
  for (const text of ['secure = ""', "secure = []", ""])
    assert.deepEqual(readConfig(schema, text, "c.toml").secure, []);
});

test("the default prints as one address, as a list, or as an empty text, and reads back", () => {
  assert.match(printDefaultConfig(schema), /\nplain = "0\.0\.0\.0:3000"\n/);
  assert.match(printDefaultConfig(schema), /\nsecure = ""\n/);
  const two = section("", {
    both: socketAddresses({ default: [one, { ...one, port: 1 }], family: 4, doc: "" }),
  });
  assert.match(printDefaultConfig(two), /\nboth = \["0\.0\.0\.0:3000", "0\.0\.0\.0:1"\]\n/);
});

test("a program and a command line give them in the same forms", () => {
  const { plain } = readOptions(schema, { plain: ["1.2.3.4:5", one], secure: "[::1]:1" });
  assert.deepEqual(plain, [{ host: "1.2.3.4", port: 5 }, one]);
  assert.deepEqual(readOptions(schema, { plain: one }).plain, [one]);
  const set = (text: string) =>
    readLayers(schema, [settingsLayer([{ path: ["plain"], text, source: "--set" }])]).plain;
  assert.deepEqual(set("1.2.3.4:5"), [{ host: "1.2.3.4", port: 5 }]);
  assert.equal(set('["1.2.3.4:5", "1.2.3.4:6"]').length, 2);
});

test("a bad one among several, none at all, and one listed twice are refused", () => {
  const expected = 'expected an IPv4 address and port such as "0.0.0.0:3000", or several';
  for (const text of ['["1.2.3.4:1", "[::]:2"]', "[]", '["1.2.3.4:1", "1.2.3.4:1"]', '""'])
    assert.ok(complaintOf(`plain = ${text}`).includes(`plain = ${text}: ${expected}`), text);
  assert.equal(complaintOf('plain = ["1.2.3.4:0", "1.2.3.4:0"]'), "");
});
