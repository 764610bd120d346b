/**
 * Each way in which a node shows a real NATS server who it is, and knows the server: nodes meet, and what is wrong is refused in
 * words that say which key, which server, what was wanted and what to do.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { nkeys } from "@nats-io/transport-node";
import { makeCertificate, NatsServer, natsMissing } from "@swarmtide/test-kit";
import type { ClusterConfig } from "./config.ts";
import { LiveNode } from "./testing/live-node.ts";
import { Tokens } from "./testing/nats-tokens.ts";

const EXAMPLE = new URL("../../../packaging/nats/nats-server.conf", import.meta.url);
const PASSWORDS = { FRA_1_PASSWORD: "one", AMS_1_PASSWORD: "two" };

/** What the example allows a node. */
const rightsOf = (name: string) =>
  [
    [`records.${name}`, `to.*.${name}`, `ws.all.${name}`, `ws.to.*.${name}`],
    ["records.*", `to.${name}.*`, "ws.all.*", `ws.to.${name}.*`],
  ].map((subjects) => subjects.map((subject) => `swarmtide.v1.${subject}`)) as [string[], string[]];

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-nats-access-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function fileIn(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

type Settings = Partial<ClusterConfig>;

async function meet(t: TestContext, fra: Settings, ams: Settings) {
  const nodes = [
    new LiveNode(t, { ...fra, name: "fra-1" }),
    new LiveNode(t, { ...ams, name: "ams-1" }),
  ] as const;
  await nodes[0].says(/node ams-1 joined/);
  await nodes[1].says(/node fra-1 joined/);
  // A busy machine may let a first attempt to connect run out of time.
  for (const { lines } of nodes)
    assert.deepEqual(
      lines.filter((line) => /^(error|warn)/.test(line) && !/timeout/i.test(line)),
      [],
    );
  return nodes;
}

/** An error of a node with these settings. */
const refusal = (t: TestContext, settings: Settings, error: RegExp): Promise<string> =>
  new LiveNode(t, { name: "fra-1", ...settings }).says(error);

describe("access to a NATS server", {
  concurrency: true,
  timeout: 60_000,
  skip: natsMissing,
}, () => {
  test("user and password over TLS, with the example of permissions: a node publishes as itself only", async (t) => {
    const folder = folderOf(t);
    const { certificate, privateKey } = makeCertificate(folder, "127.0.0.1");
    const config = readFileSync(EXAMPLE, "utf8")
      .replace("/etc/nats/server.pem", certificate)
      .replace("/etc/nats/server-key.pem", privateKey);
    const server = await NatsServer.start(t, config, PASSWORDS);
    const common = { servers: [`tls://127.0.0.1:${server.port}`], tlsCaPath: certificate };
    const fra = { ...common, user: "fra-1", password: "one" };
    const ams = { ...common, user: "ams-1", password: "two" };
    const [fraNode, amsNode] = await meet(t, fra, ams);
    fraNode.bus.publish("swarmtide.v1.records.ams-1", Buffer.from("as another"));
    await fraNode.says(
      /cluster\.name = "fra-1": NATS server tls:\/\/127\.0\.0\.1:\d+: .*Permissions Violation.*expected a NATS user that may publish swarmtide\.v1\.records\.ams-1; give this node the name that its user belongs to/,
    );
    assert.ok(amsNode.heard.length > 0);
    assert.deepEqual(
      amsNode.heard.filter((subject) => !subject.endsWith(".fra-1")),
      [],
    );
    const wrong = await refusal(
      t,
      { ...fra, password: "wrong" },
      /^error cluster\.user = "fra-1": NATS server tls:\S+: .*Authorization Violation.*expected a user that this server lists, and its password; correct cluster\.user and cluster\.password/,
    );
    assert.doesNotMatch(wrong, /password: |wrong/);
    await refusal(
      t,
      common,
      /cluster\.user = "": .*expected a user; set cluster\.user and cluster\.password, credentials_path or/,
    );
    await refusal(
      t,
      { ...fra, name: "ams-1" },
      /cluster\.name = "ams-1": .*expected a NATS user that may (publish|subscribe to) swarmtide\.v1\.\S*ams-1/,
    );
  });

  test("credentials of an operator's account", async (t) => {
    const folder = folderOf(t);
    const tokens = new Tokens();
    const server = await NatsServer.start(t, tokens.serverConfig);
    const access = (of: Tokens, name: string) => ({
      servers: [server.url],
      credentialsPath: fileIn(folder, `${name}.creds`, of.credentials(name, ...rightsOf(name))),
    });
    const [fraNode] = await meet(t, access(tokens, "fra-1"), access(tokens, "ams-1"));
    fraNode.bus.publish("swarmtide.v1.records.ams-1", Buffer.from("as another"));
    await fraNode.says(
      /^error cluster\.name = "fra-1": .*may publish swarmtide\.v1\.records\.ams-1/,
    );
    await refusal(
      t,
      access(new Tokens(), "stranger"),
      /cluster\.credentials_path = ".*stranger\.creds": NATS server nats:\S+: .*Authorization Violation.*expected credentials of a user whose account this server knows.*; make them anew with `nsc/,
    );
  });

  test("nkeys", async (t) => {
    const folder = folderOf(t);
    const keys = { "fra-1": nkeys.createUser(), "ams-1": nkeys.createUser() };
    const users = Object.entries(keys).map(([name, key]) => {
      const [publish, subscribe] = rightsOf(name);
      const permissions = JSON.stringify({ publish, subscribe });
      return `{ nkey: ${key.getPublicKey()}, permissions: ${permissions} }`;
    });
    const config = `authorization { users: [ ${users.join(", ")} ] }`;
    const server = await NatsServer.start(t, config);
    const access = (name: string, key: { getSeed(): Uint8Array }) => ({
      servers: [server.url],
      nkeySeedPath: fileIn(folder, name, Buffer.from(key.getSeed()).toString()),
    });
    await meet(t, access("fra-1", keys["fra-1"]), access("ams-1", keys["ams-1"]));
    await refusal(
      t,
      access("stranger", nkeys.createUser()),
      /cluster\.nkey_seed_path = ".*stranger": NATS server nats:\S+: .*Authorization Violation.*expected the seed of a user that this server lists; add its public key/,
    );
  });

  test("TLS with certificates of the nodes", async (t) => {
    const folder = folderOf(t);
    const authority = makeCertificate(folder, "authority");
    const { certificate, privateKey } = makeCertificate(folder, "localhost", authority);
    const server = await NatsServer.start(
      t,
      `tls { cert_file: "${certificate}", key_file: "${privateKey}", ca_file: "${authority.certificate}", verify: true }`,
    );
    const servers = [`tls://localhost:${server.port}`];
    const common = { servers, tlsCaPath: authority.certificate };
    const own = (name: string, by?: typeof authority) => {
      const files = makeCertificate(folder, name, by);
      return { tlsCertificatePath: files.certificate, tlsPrivateKeyPath: files.privateKey };
    };
    const fra = own("fra-1", authority);
    await meet(t, { ...common, ...fra }, { ...common, ...own("ams-1", authority) });
    for (const [wrong, path] of [
      [{}, ""],
      [own("stranger"), ".*stranger\\.crt"],
    ] as const)
      await refusal(
        t,
        { ...common, ...wrong },
        new RegExp(
          `cluster\\.tls_certificate_path = "${path}": NATS server tls:\\S+: .*expected a certificate of an authority that this server accepts.*; give a certificate and key`,
        ),
      );
    await refusal(
      t,
      { servers, ...fra, tlsCaPath: fra.tlsCertificatePath },
      /cluster\.tls_ca_path = ".*fra-1\.crt": NATS server tls:\S+: .*expected the authority that signed the server's certificate.*; give the file of that authority/,
    );
    await refusal(
      t,
      { ...common, ...fra, servers: [`tls://127.0.0.1:${server.port}`] },
      /cluster\.servers = \["tls:\/\/127\.0\.0\.1:\d+"\]: .*expected a name or address that stands in the server's certificate; /,
    );
  });

  test("a server without TLS, and none at all", async (t) => {
    const server = await NatsServer.start(t);
    const place = `127.0.0.1:${server.port}`;
    await refusal(
      t,
      { servers: [`tls://${place}`] },
      /cluster\.servers = \["tls:\S+"\]: .*does not support 'tls'; expected a server with TLS.*; set tls in the server's configuration/,
    );
    await server.kill();
    await refusal(
      t,
      { servers: [`nats://${place}`] },
      /cluster\.servers = \["nats:\S+"\]: .*refused.*; expected a NATS server that answers there; start it, or correct the address/,
    );
  });
});
