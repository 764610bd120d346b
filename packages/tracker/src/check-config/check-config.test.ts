import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runToEnd, temporaryFolder } from "@swarmtide/test-kit";
import { readLayers, settingsLayer } from "@swarmtide/toml-config";
import { trackerSchema } from "../config.ts";
import { AQUATIC_KEYS } from "./aquatic-keys.ts";

const testdata = (name: string) =>
  fileURLToPath(new URL(`../../../tcp/testdata/${name}`, import.meta.url));

test("a configuration that is in order ends with code 0 and what would be served", (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "c.toml");
  const list = join(folder, "list.txt");
  writeFileSync(list, `${"ab".repeat(20)}\n`);
  writeFileSync(
    file,
    `[udp]\naddress_ipv4 = "127.0.0.1:81"\nuse_ipv6 = false\n[access_list]\nmode = "allow"\npath = "${list}"\n`,
  );
  const tls = ["--tls-cert", testdata("ec.crt"), "--tls-key", testdata("ec-sec1.key")];
  const { code, stdout, stderr } = runToEnd("check-config", "-c", file, "--udp", "--http", ...tls);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.match(stdout, /^.*c\.toml is in order\nUDP tracker: 127\.0\.0\.1:81\n/);
  assert.match(stdout, /\nHTTP tracker: http:\/\/0\.0\.0\.0:3000 .*https:\/\/0\.0\.0\.0:3443/);
  assert.doesNotMatch(stdout, /WebTorrent tracker:/);
  assert.match(stdout, /\ncertificate for DNS:localhost.* is valid for \d+ days\n/);
  assert.match(stdout, /\naccess list: allow, 1 entries\n/);
  assert.match(stdout, /\nMemory: /);
});

test("what a start would refuse ends with code 1 and the line of the file", (t) => {
  const file = join(temporaryFolder(t), "c.toml");
  for (const [text, message] of [
    [
      "[udp]\nworkers = -1",
      /^.*c\.toml:2: udp\.workers = -1: expected .* \[SWARMTIDE_CONFIG_INVALID\]\n$/,
    ],
    [
      '[access_list]\nmode = "deny"\npath = "/no/such/list"',
      /^.*c\.toml:3: access list \/no\/such\/list .* \[SWARMTIDE_ACCESS_LIST_UNREADABLE\]\n$/,
    ],
    [
      '[web]\ntls_address_ipv4 = "127.0.0.1:1"\ntls_certificate_path = "/no/such"\ntls_private_key_path = "x"',
      /^.*c\.toml:3: \/no\/such .* \[SWARMTIDE_TLS_FILE_UNREADABLE\]\n$/,
    ],
    [
      "[udp]\nenabled = false\n[http]\nenabled = false\n[ws]\nenabled = false",
      /nothing to run.* \[SWARMTIDE_NOTHING_TO_RUN\]\n$/,
    ],
  ] as const) {
    writeFileSync(file, text);
    const { code, stdout, stderr } = runToEnd("check-config", "-c", file);
    assert.match(stderr, message);
    assert.deepEqual([code, stdout], [1, ""]);
  }
});

/** A file of aquatic with all keys of one of its programs. */
const aquaticFile = (program: keyof typeof AQUATIC_KEYS): string => {
  const lines = Object.entries(AQUATIC_KEYS[program]).map(
    ([name, { usual }]) => `${name} = ${usual}`,
  );
  return `${lines.join("\n")}\n`;
};

for (const program of ["udp", "http", "ws"] as const) {
  test(`every key of aquatic_${program} is told what it is here, each with its value`, (t) => {
    const file = join(temporaryFolder(t), "aquatic.toml");
    writeFileSync(file, aquaticFile(program));
    const { code, stdout, stderr } = runToEnd("check-config", "-c", file);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, new RegExp(`aquatic\\.toml: this is a file of aquatic_${program};`));
    assert.doesNotMatch(stderr, /no key of aquatic/);
    for (const [name, { to, usual }] of Object.entries(AQUATIC_KEYS[program])) {
      const line = stderr.split("\n").find((one) => one.startsWith(`  ${name} = ${usual}: `));
      assert.ok(line !== undefined, name);
      assert.ok(
        to === undefined ? line.includes(": left out; ") : line.includes(`: is ${to} = `),
        line,
      );
    }
  });

  test(`each key that stands for one of aquatic_${program} takes the value that aquatic has by default`, () => {
    for (const [name, { to, usual }] of Object.entries(AQUATIC_KEYS[program])) {
      if (to === undefined) continue;
      // What goes together: a short interval needs a short minimum.
      const others =
        to === "http.peer_announce_interval" ? { "http.peer_min_announce_interval": "60" } : {};
      const settings = Object.entries({ ...others, [to]: usual }).map(([key, text]) => ({
        ...{ path: key.split("."), text, source: name },
      }));
      assert.doesNotThrow(() => readLayers(trackerSchema, [settingsLayer(settings)]), name);
    }
  });
}

test("an unknown key of aquatic's file is told so, an IPv6 address of aquatic_ws its key", (t) => {
  const file = join(temporaryFolder(t), "aquatic.toml");
  writeFileSync(file, 'socket_workers = 4\nmood = 1\n[network]\naddress = "[::1]:80"\n');
  const { stderr } = runToEnd("check-config", "-c", file);
  assert.match(stderr, /\n {2}socket_workers = 4: is web\.workers = 4\n/);
  assert.match(stderr, /\n {2}mood = 1: no key of aquatic that is known here\n/);
  assert.match(
    stderr,
    /\n {2}network\.address = "\[::1\]:80": is web\.address_ipv6 = "\[::1\]:80"; /,
  );
});

test("docs/moving-from-aquatic.md names every key of aquatic beside the one that stands for it", () => {
  const path = fileURLToPath(new URL("../../../../docs/moving-from-aquatic.md", import.meta.url));
  const sections = readFileSync(path, "utf8").split(/^## aquatic_/m);
  for (const [program, keys] of Object.entries(AQUATIC_KEYS)) {
    const section = sections.find((text) => text.startsWith(`${program}\n`)) ?? "";
    const rows = [...section.matchAll(/^\| `([^`]+)` \| (?:`([^`]+)`)? \|/gm)];
    const written = rows.map(([, name, to]) => [name, to]);
    assert.deepEqual(
      written,
      Object.entries(keys).map(([name, { to }]) => [name, to]),
    );
  }
});
