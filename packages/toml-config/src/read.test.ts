import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ConfigError } from "./config-error.ts";
import {
  boolean,
  choice,
  decimal,
  integer,
  list,
  optionalSocketAddress,
  path,
  socketAddress,
  text,
} from "./keys.ts";
import { defaultConfig, readConfig, readLayers } from "./read.ts";
import { fileLayer } from "./read-file.ts";
import { type ConfigOf, section } from "./schema.ts";

const schema = section("A tracker.", {
  log_level: choice({ default: "info", choices: ["off", "info", "debug"], doc: "How much." }),
  udp: section(
    "The UDP tracker.",
    {
      workers: integer({ default: 1, min: 0, max: 1024, doc: "Threads." }),
      peer_announce_interval: integer({
        default: 900,
        min: 1,
        max: 86400,
        unit: "seconds",
        doc: "",
      }),
      use_ipv4: boolean({ default: true, doc: "" }),
      use_ipv6: boolean({ default: true, doc: "" }),
      address_ipv4: socketAddress({ default: { host: "0.0.0.0", port: 3000 }, family: 4, doc: "" }),
      address_ipv6: socketAddress({ default: { host: "::", port: 3000 }, family: 6, doc: "" }),
    },
    (values) =>
      values.useIpv4 || values.useIpv6
        ? undefined
        : { key: "use_ipv6", expected: "true where use_ipv4 is false" },
  ),
  web: section("Web.", {
    tls_address: optionalSocketAddress({ default: undefined, family: "any", doc: "" }),
    trusted_proxies: list({
      default: [],
      of: text({
        default: "::1",
        pattern: /^[0-9a-f:./]+$/,
        expected: "an address range",
        doc: "",
      }),
      doc: "",
    }),
    list_path: path({ default: "./list.txt", doc: "" }),
  }),
});

/** Every line of the error that a text earns. */
function complaintsOf(source: string): string[] {
  try {
    readConfig(schema, source, "c.toml");
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message.split("\n");
  }
  return [];
}

test("a number with a fraction may be given without one, and not beyond its bounds", () => {
  const schema = section("", { share: decimal({ default: 0.5, min: 0, max: 1, doc: "" }) });
  assert.equal(defaultConfig(schema).share, 0.5);
  assert.equal(readConfig(schema, "share = 0.25", "c").share, 0.25);
  assert.equal(readConfig(schema, "share = 1", "c").share, 1);
  assert.throws(() => readConfig(schema, "share = 1.5", "c"), /expected a number from 0 to 1/);
});

test("an empty file gives every default, with camelCase keys", () => {
  const config: ConfigOf<typeof schema> = readConfig(schema, "", "c.toml");
  assert.deepEqual(config, {
    logLevel: "info",
    udp: {
      workers: 1,
      peerAnnounceInterval: 900,
      useIpv4: true,
      useIpv6: true,
      addressIpv4: { host: "0.0.0.0", port: 3000 },
      addressIpv6: { host: "::", port: 3000 },
    },
    web: { tlsAddress: undefined, trustedProxies: [], listPath: "./list.txt" },
  });
  assert.deepEqual(defaultConfig(schema), config);
});

test("values of a file replace the defaults, in sections, inline tables and dotted keys alike", () => {
  const source =
    '\uFEFFlog_level = "off"\nudp = { workers = 0, address_ipv6 = "[::1]:0" }\n' +
    'web.trusted_proxies = ["10.0.0.0/8", "::1"]\nweb.tls_address = "[::1]:443"';
  const config = readConfig(schema, source, "c.toml");
  assert.equal(config.logLevel, "off");
  assert.equal(config.udp.workers, 0);
  assert.deepEqual(config.udp.addressIpv6, { host: "::1", port: 0 });
  assert.deepEqual(config.web.trustedProxies, ["10.0.0.0/8", "::1"]);
  assert.deepEqual(config.web.tlsAddress, { host: "::1", port: 443 });
});

const cases: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "a wrong type",
    '[udp]\n\nworkers = "x"',
    ['c.toml:3: udp.workers = "x": expected a whole number from 0 to 1024'],
  ],
  [
    "a fraction where a whole number is wanted",
    "[udp]\nworkers = 1.0",
    ["c.toml:2: udp.workers = 1: expected a whole number from 0 to 1024"],
  ],
  [
    "a number out of range, with its unit",
    "[udp]\npeer_announce_interval = 0",
    [
      "c.toml:2: udp.peer_announce_interval = 0: expected a whole number of seconds from 1 to 86400",
    ],
  ],
  [
    "a number beyond 2^53",
    "[udp]\nworkers = 99999999999999999999",
    ["c.toml:2: udp.workers = 99999999999999999999: expected a whole number from 0 to 1024"],
  ],
  [
    "a number that is none",
    "[udp]\nworkers = nan",
    ["c.toml:2: udp.workers = NaN: expected a whole number from 0 to 1024"],
  ],
  [
    "an unknown key, with the nearest known one",
    "[udp]\nworker = 2",
    ["c.toml:2: udp.worker: unknown key, did you mean udp.workers?"],
  ],
  [
    "an unknown key that another section knows",
    "[web]\nworkers = 2",
    ["c.toml:2: web.workers: unknown key, it belongs in [udp]"],
  ],
  [
    "a key of the file's head inside a section",
    '[web]\nlog_level = "info"',
    ["c.toml:2: web.log_level: unknown key, it belongs above the first [section]"],
  ],
  [
    "an unknown key that resembles nothing",
    "zzzzzzzzzzz = 2",
    ["c.toml:1: zzzzzzzzzzz: unknown key, known here are log_level"],
  ],
  [
    "a key named like a property of every object",
    "__proto__ = 1\nconstructor = 2",
    [
      "c.toml:1: __proto__: unknown key, known here are log_level",
      "c.toml:2: constructor: unknown key, known here are log_level",
    ],
  ],
  [
    "an unknown section, with the nearest known one",
    "[upd]\nworkers = 2",
    ["c.toml:1: upd: unknown section, did you mean [udp]?"],
  ],
  [
    "a section inside a section",
    "[udp.workers2]\na = 2",
    ["c.toml:1: udp.workers2: a section inside a section"],
  ],
  [
    "a section where a value belongs",
    "[log_level]\na = 2",
    ['c.toml:1: log_level = { a = 2 }: expected one of "off", "info", "debug"'],
  ],
  [
    "a value where a section belongs",
    "udp = 3",
    ["c.toml:1: udp = 3: expected a section, written [udp]"],
  ],
  [
    "a section in double brackets",
    "[[udp]]\nworkers = 3",
    ["c.toml:1: udp = [{ workers = 3 }]: expected one section, written [udp] with single brackets"],
  ],
  [
    "a section that appears twice",
    "[udp]\nworkers = 1\n[web]\n[udp]\nworkers = 2",
    [
      "c.toml:4: [udp]: is set a second time, first on line 1; keep one",
      "c.toml:5: udp.workers: is set a second time, first on line 2; keep one",
    ],
  ],
  [
    "a key that appears twice",
    "[udp]\nworkers = 1\nworkers = 1",
    ["c.toml:3: udp.workers: is set a second time, first on line 2; keep one"],
  ],
  [
    "a bad choice, with the nearest good one",
    'log_level = "inof"',
    ['c.toml:1: log_level = "inof": expected one of "off", "info", "debug" (did you mean "info"?)'],
  ],
  [
    "bad addresses",
    '[udp]\naddress_ipv4 = "[::]:3000"\naddress_ipv6 = "localhost:3000"\n[web]\ntls_address = "1.2.3.4:65536"',
    [
      'c.toml:2: udp.address_ipv4 = "[::]:3000": expected an IPv4 address and port such as "0.0.0.0:3000"',
      'c.toml:3: udp.address_ipv6 = "localhost:3000": expected an IPv6 address and port such as "[::]:3000"',
      'c.toml:5: web.tls_address = "1.2.3.4:65536": expected an IP address and port such as "127.0.0.1:9000" or "[::1]:9000", or "" for off',
    ],
  ],
  [
    "a list with one bad item",
    '[web]\ntrusted_proxies = ["::1", "proxy"]',
    [
      'c.toml:2: web.trusted_proxies = ["::1", "proxy"]: expected a list in [ ], of which each is an address range',
    ],
  ],
  [
    "an empty path",
    '[web]\nlist_path = ""',
    ['c.toml:2: web.list_path = "": expected a path in quotes'],
  ],
  [
    "a date",
    "[udp]\nworkers = 2026-01-02",
    ["c.toml:2: udp.workers = 2026-01-02: expected a whole number from 0 to 1024"],
  ],
  [
    "keys that exclude each other",
    "[udp]\nuse_ipv4 = false\nuse_ipv6 = false",
    ["c.toml:3: udp.use_ipv6 = false: expected true where use_ipv4 is false"],
  ],
  ["text that is not TOML", "[udp]\nworkers =\n", ["c.toml:2: not valid TOML: invalid value"]],
];

for (const [name, source, expected] of cases)
  test(`${name} is refused with its place and the remedy`, () => {
    assert.deepEqual(complaintsOf(source), expected);
  });

test("all problems of a file are reported at once, in the order of their lines", () => {
  const source = "[web]\nlist_path = 1\n[udp]\nuse_ipv4 = 1\nworkres = 2\nworkers = -1\n[x]\n";
  assert.deepEqual(
    complaintsOf(source).map((line) => line.split(":")[1]),
    ["2", "4", "5", "6", "7"],
  );
});

test("long values are cut in the error line", () => {
  const [line = ""] = complaintsOf(`log_level = "${"x".repeat(500)}"`);
  assert.ok(line.length > 60 && line.length < 160, line);
});

test("files that are missing, folders or not UTF-8 are each named", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "toml-config-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const bad = join(folder, "bad.toml");
  writeFileSync(bad, Buffer.from('# fine é\nlog_level = "info"\n# \xff\n', "latin1"));
  const messageOf = (file: string) => {
    try {
      return String(readLayers(schema, [fileLayer(file)]));
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.equal(messageOf(bad), `${bad}:1: not UTF-8 text; save the file as UTF-8`);
  writeFileSync(bad, Buffer.concat([Buffer.from("# é\n\n"), Buffer.from([0x61, 0xff, 0x0a])]));
  assert.equal(messageOf(bad), `${bad}:3: not UTF-8 text; save the file as UTF-8`);
  const missing = join(folder, "none.toml");
  assert.match(messageOf(missing), /none\.toml: no such file; --print-config prints/);
  assert.match(messageOf(folder), /: is a folder, expected a TOML file$/);
});

test("a key that was renamed is told its new name, and is not set", () => {
  const key = boolean({ default: true, doc: "" });
  const renamed = section("", { udp: section("", { b: key }, undefined, { a: "b" }) });
  assert.throws(() => readConfig(renamed, "[udp]\na = false\n", "c.toml"), {
    name: "ConfigError",
    message: "c.toml:2: udp.a: is now udp.b",
  });
  assert.throws(() => section("", { a: key, b: key }, undefined, { b: "a" }), /renamed, but still/);
});

test("a schema whose own default is not allowed is refused when it is built", () => {
  assert.throws(() => integer({ default: 9, min: 0, max: 8, doc: "" }), /the default 9 is not/);
  assert.throws(
    () => socketAddress({ default: { host: "::", port: 1 }, family: 4, doc: "" }),
    /the default "\[::\]:1" is not an IPv4 address/,
  );
  assert.throws(() => section("", { maxPeers: boolean({ default: true, doc: "" }) }), /snake_case/);
});
