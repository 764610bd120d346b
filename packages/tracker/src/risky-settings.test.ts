import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";
import { riskySettings } from "./risky-settings.ts";

const told = (text: string) => riskySettings(readConfig(trackerSchema, text, "c.toml"));

test("the defaults are not risky", () => {
  assert.deepEqual(told(""), []);
  assert.deepEqual(told('[privileges]\ndrop_privileges = true\nchroot_path = "/var/empty"\n'), []);
  assert.deepEqual(told('[privileges]\nuser = "root"\nchroot_path = "/"\n'), []);
  assert.deepEqual(told('[web]\ntrusted_proxies = ["127.0.0.1", "10.0.0.0/8", "::1"]\n'), []);
});

test("proxies that are everybody are told, however they are written", () => {
  const [line = "", ...others] = told('[web]\ntrusted_proxies = ["0.0.0.0/1", "128.0.0.0/1"]\n');
  assert.match(line, /^web\.trusted_proxies cover every IPv4 address: .*; list your own/);
  assert.deepEqual(others, []);
  assert.equal(told('[web]\ntrusted_proxies = ["0.0.0.0/0", "::/0"]\n').length, 2);
  assert.deepEqual(
    told('[http]\nenabled = false\n[ws]\nenabled = false\n[web]\ntrusted_proxies = ["::/0"]\n'),
    [],
  );
});

test("privileges that are dropped to root's are told, and a new root that is the old one", () => {
  const lines = told(
    '[privileges]\ndrop_privileges = true\nuser = "root"\ngroup = "0"\nchroot_path = "/../"\n',
  );
  assert.match(lines[0] ?? "", /^privileges\.user = "root": the tracker goes on as root; /);
  assert.match(lines[1] ?? "", /^privileges\.group = "0": /);
  assert.match(lines[2] ?? "", /^privileges\.chroot_path = "\/\.\.\/" is \/ itself/);
  assert.equal(lines.length, 3);
});
