import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { test } from "node:test";
import { createLogger } from "@swarmtide/runtime";
import { PROGRAM, ServingProgram } from "@swarmtide/test-kit";
import { defaultConfig, readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";
import { withoutMissingFamilies } from "./missing-families.ts";

/** What becomes of a configuration where one family is missing, and what is logged. */
function without(family: 4 | 6, text: string) {
  const lines: string[] = [];
  const log = {
    ...createLogger({ logLevel: "off", logFormat: "text" }, "test"),
    warn: (line: string) => void lines.push(line),
  };
  const config = withoutMissingFamilies(readConfig(trackerSchema, text, "c.toml"), log, (asked) =>
    asked === family ? `no IPv${family} here` : undefined,
  );
  const { udp, web } = config;
  return { used: [udp.useIpv4, udp.useIpv6, web.useIpv4, web.useIpv6], lines };
}

test("the default listeners of a missing family are left out, which is said", () => {
  assert.deepEqual(without(6, ""), {
    used: [true, false, true, false],
    lines: ["udp.address_ipv6: left out, no IPv6 here", "web.address_ipv6: left out, no IPv6 here"],
  });
  assert.deepEqual(without(4, "").used, [false, true, false, true]);
});

test("a key that has its default value asks for nothing, whoever wrote it", () => {
  const text = '[udp]\nuse_ipv6 = true\naddress_ipv6 = "[::]:3000"\n';
  assert.deepEqual(without(6, text).used, [true, false, true, false]);
});

test("a listener of a missing family that was asked for is an error that names the key and the remedy", () => {
  for (const [text, message] of [
    [
      '[udp]\naddress_ipv6 = "[::]:6969"\n',
      /^OperatorError: udp\.address_ipv6 = "\[::\]:6969": no IPv6 here; .* set udp\.use_ipv6 = false$/,
    ],
    [
      '[web]\naddress_ipv6 = "[::1]:3000"\n',
      /^OperatorError: web\.address_ipv6 = "\[::1\]:3000": no IPv6 here/,
    ],
    [
      '[web]\ntls_address_ipv6 = "[::]:3443"\ntls_certificate_path = "c"\ntls_private_key_path = "k"\n',
      /^OperatorError: web\.tls_address_ipv6 = .* set the key to ""$/,
    ],
    ["[udp]\nuse_ipv4 = false\n", /^OperatorError: nothing for UDP to listen on/],
  ] as const)
    assert.throws(() => without(6, text), message);
});

test("what is off or not used needs no family", () => {
  const off =
    '[udp]\nenabled = false\naddress_ipv6 = "[::]:1"\n[web]\nuse_ipv6 = false\naddress_ipv6 = "[::]:1"\n';
  assert.deepEqual(without(6, off).lines, []);
  assert.equal(defaultConfig(trackerSchema).udp.useIpv6, true);
});

const SWITCH_OFF =
  "for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $f || exit 9; done";
const inOwnNetwork = ["-rn", "sh", "-c"];

test("the program starts on its defaults in a network without IPv6", {
  timeout: 60_000,
  skip:
    spawnSync("unshare", [...inOwnNetwork, SWITCH_OFF]).status !== 0 &&
    "needs unshare -rn and IPv6 in the kernel",
}, async (t) => {
  const child = spawn("unshare", [
    ...inOwnNetwork,
    `${SWITCH_OFF}; exec "$0" "$1"`,
    process.execPath,
    PROGRAM,
  ]);
  t.after(() => child.kill("SIGKILL"));
  const program = new ServingProgram(child);
  assert.deepEqual(await program.addresses(), ["0.0.0.0:3000"]);
  assert.match(
    program.stderr,
    /udp\.address_ipv6: left out, IPv6 is switched off on every interface/,
  );
  assert.match(program.stderr, /web\.address_ipv6: left out/);
  assert.equal(await program.end("SIGTERM"), 0);
});
