import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runToEnd, temporaryFolder } from "@swarmtide/test-kit";

const WEB_TESTDATA = fileURLToPath(new URL("../../tcp/testdata/", import.meta.url));
const TLS_LINES = (certificate: string, key: string) =>
  `tls_address_ipv4 = "127.0.0.1:0"\ntls_certificate_path = "${certificate}"\ntls_private_key_path = "${key}"`;

/** What can be wrong, with the code and the one line that say so. */
type Mistake = readonly [text: string, code: string, message: RegExp];

/** What can be wrong in [web] and [http]. */
const HTTP_MISTAKES: readonly Mistake[] = [
  [
    `[web]\n${TLS_LINES(`${WEB_TESTDATA}ec.crt`, `${WEB_TESTDATA}rsa-pkcs8.key`)}`,
    "SWARMTIDE_TLS_KEY_MISMATCH",
    /^.*c\.toml:4: the key in .*rsa-pkcs8\.key \(web\.tls_private_key_path\) does not belong to .*ec\.crt \(web\.tls_certificate_path\): give .*\n$/,
  ],
  [
    `[web]\n${TLS_LINES(`${WEB_TESTDATA}ec.crt`, "/")}`,
    "SWARMTIDE_TLS_FILE_UNREADABLE",
    /^.*c\.toml:4: \/ \(web\.tls_private_key_path\) cannot be read: EISDIR, it is a folder; .*\n$/,
  ],
  [
    '[web]\ntls_address_ipv4 = "127.0.0.1:0"',
    "SWARMTIDE_CONFIG_INVALID",
    /^.*c\.toml:1: web\.tls_certificate_path = "": expected a path where a tls_address is set\n$/,
  ],
  [
    '[web]\n\ntrusted_proxies = ["10.0.0.0/8", "10.0.0.300"]',
    "SWARMTIDE_CONFIG_INVALID",
    /^.*c\.toml:3: web\.trusted_proxies = .*: expected addresses and networks .*, not "10\.0\.0\.300"\n$/,
  ],
  [
    "[web]\nworkers = 5000",
    "SWARMTIDE_CONFIG_INVALID",
    /^.*c\.toml:2: web\.workers = 5000: expected a whole number from 0 to 255\n$/,
  ],
  [
    '[http]\nworkers = "many"',
    "SWARMTIDE_CONFIG_INVALID",
    /^.*c\.toml:2: http\.workers = "many": expected a whole number from 0 to 1024\n$/,
  ],
  [
    '[web]\naddress_ipv4 = "localhost:3000"',
    "SWARMTIDE_CONFIG_INVALID",
    /^.*c\.toml:2: web\.address_ipv4 = "localhost:3000": expected an IPv4 address and port such as .*\n$/,
  ],
  [
    '[web]\nuse_ipv6 = false\naddress_ipv4 = "192.0.2.1:0"',
    "SWARMTIDE_ADDRESS_UNAVAILABLE",
    /^.*c\.toml:3: web\.address_ipv4: bind 192\.0\.2\.1:0 failed with EADDRNOTAVAIL: .*\n$/,
  ],
];

const MISTAKES: readonly Mistake[] = [
  [
    '[udp]\nworkers = "x"',
    "SWARMTIDE_CONFIG_INVALID",
    /^.*c\.toml:2: udp\.workers = "x": expected a whole number from 0 to 1024\n$/,
  ],
  [
    "[udp]\nworker = 1",
    "SWARMTIDE_CONFIG_INVALID",
    /^.*c\.toml:2: udp\.worker: unknown key, did you mean udp\.workers\?\n$/,
  ],
  [
    "[udp]\n[udp]",
    "SWARMTIDE_CONFIG_INVALID",
    /^.*c\.toml:2: \[udp\]: is set a second time, first on line 1; keep one\n$/,
  ],
  [
    "[udp]\nuse_ipv4 = false\nuse_ipv6 = false",
    "SWARMTIDE_CONFIG_INVALID",
    /^.*c\.toml:3: udp\.use_ipv6 = false: .*\n$/,
  ],
  [
    "[udp]\nenabled = false\n[http]\nenabled = false\n[ws]\nenabled = false",
    "SWARMTIDE_NOTHING_TO_RUN",
    /^.*c\.toml:2: nothing to run: udp\.enabled, http\.enabled and ws\.enabled are all false\n$/,
  ],
  [
    "[udp]\nenabled = false\n[web]\nuse_ipv4 = false\nuse_ipv6 = false",
    "SWARMTIDE_NOTHING_TO_RUN",
    /^.*c\.toml:4: nothing for HTTP and WebTorrent to listen on: web\.use_ipv4 and .*\n$/,
  ],
  [
    '[web]\ntls_address_ipv4 = "127.0.0.1:0"\ntls_certificate_path = "/no/such.crt"\ntls_private_key_path = "x"',
    "SWARMTIDE_TLS_FILE_UNREADABLE",
    /^.*c\.toml:3: \/no\/such\.crt \(web\.tls_certificate_path\) cannot be read: ENOENT, no such file; .*\n$/,
  ],
  ...HTTP_MISTAKES,
  [
    '[access_list]\nmode = "allow"\npath = "/no/such/list"',
    "SWARMTIDE_ACCESS_LIST_UNREADABLE",
    /^.*c\.toml:3: access list \/no\/such\/list \(access_list\.path\): no such file; .*\n$/,
  ],
];

test("a bad configuration ends with one clear message and code 1", { timeout: 60_000 }, (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "c.toml");
  for (const [text, errorCode, message] of MISTAKES) {
    writeFileSync(file, text);
    const { code, stdout, stderr } = runToEnd("-c", file);
    assert.ok(stderr.endsWith(` [${errorCode}]\n`), stderr);
    assert.match(stderr.replace(` [${errorCode}]`, ""), message);
    assert.equal(stdout, "");
    assert.equal(code, 1);
  }
  const missing = runToEnd("-c", join(folder, "none.toml"));
  assert.match(
    missing.stderr,
    /^.*none\.toml: no such file; --print-config .* \[SWARMTIDE_CONFIG_UNREADABLE\]\n$/,
  );
  assert.equal(missing.code, 1);
});
