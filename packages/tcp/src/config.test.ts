import assert from "node:assert/strict";
import { test } from "node:test";
import { formatCidr } from "@swarmtide/bittorrent";
import { defaultConfig, printDefaultConfig, readConfig, section } from "@swarmtide/toml-config";
import { webSection } from "./config.ts";
import { trustedProxiesOf } from "./conversation/conversation-keys.ts";

const file = section("", { web: webSection });
const read = (text: string) => readConfig(file, `[web]\n${text}\n`, "c.toml").web;

test("the printed default reads back as the defaults", () => {
  assert.deepEqual(readConfig(file, printDefaultConfig(file), "d.toml"), defaultConfig(file));
});

test("trusted proxies are blocks", () => {
  const config = read('trusted_proxies = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]');
  assert.deepEqual(trustedProxiesOf(config).map(formatCidr), [
    "127.0.0.1/32",
    "10.0.0.0/8",
    "2001:db8::/32",
  ]);
});

test("what cannot work is refused with the key to change", () => {
  const cases: [text: string, key: RegExp][] = [
    ['trusted_proxies = ["10.0.0.1/8"]', /web\.trusted_proxies.*10\.0\.0\.1\/8/],
    ["proxy_protocol = true", /web\.trusted_proxies/],
    ["workers = 256", /web\.workers.*from 0 to 255/],
    ['tls_address_ipv4 = "0.0.0.0:3443"', /web\.tls_certificate_path/],
    ['tls_address_ipv4 = "0.0.0.0:1"\ntls_certificate_path = "c.pem"', /web\.tls_private_key_path/],
    [
      'tls_address_ipv4 = "127.0.0.1:3000"\ntls_certificate_path = "c"\ntls_private_key_path = "k"',
      /web\.tls_address_ipv4.*another port than that of address_ipv4/,
    ],
    ["set_only_ipv6 = false", /web\.set_only_ipv6/],
    ['reverse_proxy_ip_header_name = "X Y"', /web\.reverse_proxy_ip_header_name/],
  ];
  for (const [text, key] of cases) assert.throws(() => read(text), key, text);
});
