import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ConfigError } from "./config-error.ts";
import {
  boolean,
  choice,
  integer,
  list,
  optionalInteger,
  optionalSocketAddress,
  socketAddress,
  text,
} from "./keys.ts";
import { type ConfigLayer, optionsLayer, settingsLayer, tomlLayer } from "./layers.ts";
import { readLayers, readOptions } from "./read.ts";
import { type ConfigOptionsOf, section } from "./schema.ts";

const schema = section("A tracker.", {
  log_level: choice({ default: "info", choices: ["off", "info"], doc: "" }),
  udp: section(
    "UDP.",
    {
      workers: integer({ default: 1, min: 0, max: 1024, doc: "" }),
      use_ipv4: boolean({ default: true, doc: "" }),
      use_ipv6: boolean({ default: true, doc: "" }),
      port: optionalInteger({ default: undefined, min: 0, max: 65535, doc: "" }),
      address_ipv4: socketAddress({ default: { host: "0.0.0.0", port: 1 }, family: 4, doc: "" }),
      page_address: optionalSocketAddress({
        default: { host: "::1", port: 9 },
        family: "any",
        doc: "",
      }),
    },
    (values) =>
      values.useIpv4 || values.useIpv6
        ? undefined
        : { key: "use_ipv6", expected: "true where use_ipv4 is false" },
  ),
  web: section("Web.", {
    user: text({ default: "nobody", doc: "" }),
    proxies: list({ default: [], of: text({ default: "", doc: "" }), doc: "" }),
  }),
});

/** Every line of the error that layers earn. */
function complaintsOf(...layers: readonly ConfigLayer[]): string[] {
  try {
    readLayers(schema, layers);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message.split("\n");
  }
  return [];
}

describe("options of a program", () => {
  const complaints = (options: object) => complaintsOf(optionsLayer(options));

  test("replace the defaults key by key; none at all give every default", () => {
    const defaults = readLayers(schema, []);
    assert.deepEqual(readOptions(schema, {}), defaults);
    const options: ConfigOptionsOf<typeof schema> = {
      udp: { port: 0, addressIpv4: "127.0.0.1:80" },
      web: { proxies: ["10.0.0.0/8"] },
    };
    const { udp, web } = readOptions(schema, options);
    assert.deepEqual(udp, {
      ...defaults.udp,
      port: 0,
      addressIpv4: { host: "127.0.0.1", port: 80 },
    });
    assert.deepEqual(web, { user: "nobody", proxies: ["10.0.0.0/8"] });
  });

  test("that are a whole configuration give the same configuration", () => {
    const text = '[udp]\npage_address = ""\nport = 7\n[web]\nproxies = ["::1"]';
    const config = readLayers(schema, [tomlLayer(text, "c.toml")]);
    assert.equal(config.udp.pageAddress, undefined);
    assert.deepEqual(readOptions(schema, config), config);
  });

  test("that are undefined have their default, or are off where a key can be", () => {
    const { udp } = readOptions(schema, { udp: { workers: undefined, pageAddress: undefined } });
    assert.deepEqual([udp.workers, udp.pageAddress], [1, undefined]);
  });

  test("are checked like a file, and errors name keys as the program writes them", () => {
    assert.deepEqual(complaints({ logLevel: "of", udp: { workers: 1.5, useIpv4: 1 } }), [
      'options: logLevel = "of": expected one of "off", "info" (did you mean "off"?)',
      "options: udp.workers = 1.5: expected a whole number from 0 to 1024",
      "options: udp.useIpv4 = 1: expected true or false",
    ]);
    assert.deepEqual(complaints({ udp: { useIpv4: false, useIpv6: false } }), [
      "options: udp.useIpv6 = false: expected true where useIpv4 is false",
    ]);
    assert.deepEqual(complaints({ udp: { addressIPv4: "x" }, http: {}, user: "me" }), [
      "options: http: unknown section, known are udp, web",
      "options: user: unknown key, it belongs in web",
      "options: udp.addressIPv4: unknown key, did you mean udp.addressIpv4?",
    ]);
    assert.deepEqual(complaints({ udp: { use_ipv4: true } }), [
      "options: udp.use_ipv4: unknown key, did you mean udp.useIpv4?",
    ]);
    assert.deepEqual(complaints({ udp: 5, web: { proxies: "::1" } }), [
      "options: udp = 5: expected a section, written udp",
      'options: web.proxies = "::1": expected a list in [ ], of which each is a text in quotes',
    ]);
  });
});

describe("settings", () => {
  const setting = (name: string, value: string, source = "--set") => ({
    ...{ path: name.split("."), text: value, source },
  });

  test("are TOML or plain text, whatever their key takes", () => {
    const layer = settingsLayer([
      setting("log_level", "off"),
      setting("udp.workers", "4"),
      setting("udp.use_ipv4", "false"),
      setting("udp.address_ipv4", "127.0.0.1:80"),
      setting("udp.page_address", ""),
      setting("web.user", "1000"),
      setting("web.proxies", '["::1", "::2"]'),
    ]);
    const { logLevel, udp, web } = readLayers(schema, [layer]);
    assert.equal(logLevel, "off");
    assert.deepEqual(
      [udp.workers, udp.useIpv4, udp.addressIpv4, udp.pageAddress],
      [4, false, { host: "127.0.0.1", port: 80 }, undefined],
    );
    assert.deepEqual(web, { user: "1000", proxies: ["::1", "::2"] });
  });

  test("count before the file, and the later of two before the earlier", () => {
    const file = tomlLayer("[udp]\nworkers = 1\nport = 1\nuse_ipv4 = false", "c.toml");
    const environment = settingsLayer([setting("udp.workers", "2"), setting("udp.port", "2")]);
    const line = settingsLayer([setting("udp.workers", "3"), setting("udp.workers", "4")]);
    const { udp } = readLayers(schema, [file, environment, line]);
    assert.deepEqual([udp.workers, udp.port, udp.useIpv4], [4, 2, false]);
  });

  test("are named in errors by where they stand, and the file by its line", () => {
    const file = tomlLayer('[udp]\nworkers = "x"\nuse_ipv4 = false', "c.toml");
    assert.deepEqual(
      complaintsOf(file, settingsLayer([setting("udp.port", "many", "SWARMTIDE__UDP__PORT")])),
      [
        'SWARMTIDE__UDP__PORT: udp.port = many: expected a whole number from 0 to 65535, or "" for none',
        'c.toml:2: udp.workers = "x": expected a whole number from 0 to 1024',
      ],
    );
    assert.deepEqual(
      complaintsOf(settingsLayer([setting("udp.worker", "2"), setting("dns.port", "2")])),
      [
        "--set: dns: unknown section, known are [udp], [web]",
        "--set: udp.worker: unknown key, did you mean udp.workers?",
      ],
    );
    assert.deepEqual(
      complaintsOf(
        tomlLayer("[udp]\nuse_ipv4 = false", "c.toml"),
        settingsLayer([setting("udp.use_ipv6", "false")]),
      ),
      ["--set: udp.use_ipv6 = false: expected true where use_ipv4 is false"],
    );
  });
});
