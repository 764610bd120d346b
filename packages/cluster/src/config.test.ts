import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type ConfigError, defaultConfig, readOptions } from "@swarmtide/toml-config";
import { clusterSection, nodeNameOf } from "./config.ts";
import { readAccess } from "./credentials.ts";

const defaults = defaultConfig(clusterSection);

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("servers, names and subjects that NATS would not take are refused with what is expected", () => {
  const refusal = (options: object): string => {
    try {
      readOptions(clusterSection, options);
      return "";
    } catch (error) {
      return (error as ConfigError).message;
    }
  };
  for (const servers of [["10.0.0.5:4222"], ["http://a:1"], ["nats://a b"], ["nats://"]])
    assert.match(refusal({ servers }), /NATS server such as "nats:\/\/127\.0\.0\.1:4222"/);
  assert.match(refusal({ name: "a.b" }), /letters, digits/);
  assert.match(refusal({ subject: "a.*" }), /letters, digits/);
  assert.match(refusal({ subject: "" }), /letters, digits/);
  assert.match(refusal({ password: "x" }), /a name beside password/);
  assert.match(refusal({ tlsCertificatePath: "x" }), /both tlsCertificatePath/);
  assert.match(refusal({ user: "x", nkeySeedPath: "y" }), /one of credentialsPath/);
  for (const server of ["nats://a", "tls://nats.example.org:4222", "nats://[::1]:4222"])
    assert.equal(refusal({ servers: [server] }), "");
});

test("without a name, the node has that of its host, in characters that a subject has", () => {
  assert.equal(nodeNameOf(defaults, "web1.example.org"), "web1-example-org");
  assert.equal(nodeNameOf(defaults, ""), "node");
  assert.equal(nodeNameOf({ ...defaults, name: "fra-1" }, "other"), "fra-1");
});

test("files that are missing, or hold something else, are told with key, path and what is expected", (t) => {
  const folder = folderOf(t);
  const path = join(folder, "file");
  const at = (key: keyof typeof defaults, text: string) => () => {
    writeFileSync(path, text);
    return readAccess({ ...defaults, [key]: path });
  };
  assert.throws(
    () => readAccess({ ...defaults, credentialsPath: join(folder, "none") }),
    /cluster\.credentials_path = ".*none": no such file/,
  );
  assert.throws(at("credentialsPath", "x"), /credentials_path.*expected a file that `nsc` makes/);
  assert.throws(at("nkeySeedPath", "x"), /nkey_seed_path.*expected the seed of a user/);
  assert.throws(at("tlsCaPath", "x"), /tls_ca_path.*expected a certificate in PEM/);
  const seed = `SU${"A".repeat(56)}`;
  assert.equal(at("nkeySeedPath", `${seed}\n`)().nkeySeed, seed);
});

test("a file that a chroot hides is not read again", (t) => {
  const path = join(folderOf(t), "seed");
  assert.throws(
    () => readAccess({ ...defaults, nkeySeedPath: path }, () => undefined),
    /outside of privileges\.chroot_path/,
  );
});
