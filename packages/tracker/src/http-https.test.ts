import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { Agent as AgentPlain, get as getPlain } from "node:http";
import { Agent as AgentSecure, get as getSecure } from "node:https";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { announceQueryString, readAnnounceReply } from "@swarmtide/http-protocol";
import {
  LOOPBACK_CONFIG,
  startProgram,
  temporaryFolder,
  UdpClient,
  until,
} from "@swarmtide/test-kit";
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";
import { startTracker } from "./start-tracker.ts";

const TIMEOUT = { timeout: 60_000 };
const INFO_HASH = Buffer.from("0123456789abcdef0123456789abcdef01234567", "hex");
const testdata = (name: string) =>
  fileURLToPath(new URL(`../../tcp/testdata/${name}`, import.meta.url));

interface Got {
  readonly status: number | undefined;
  readonly body: Buffer;
  readonly keyType: string | undefined;
}

/** A GET with a client that is not ours. */
function get(url: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? getSecure : getPlain;
    const request = send(url, { rejectUnauthorized: false, agent: false }, (response) => {
      const { socket } = response;
      const keyType =
        "getPeerX509Certificate" in socket
          ? (socket as TLSSocket).getPeerX509Certificate()?.publicKey.asymmetricKeyType
          : undefined;
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode, body: Buffer.concat(chunks), keyType }),
      );
    });
    request.on("error", reject);
  });
}

/** A client that keeps one connection; `connections` counts how many it needed. */
class KeptClient {
  readonly #agent: AgentPlain | AgentSecure;
  readonly #url: string;
  readonly #sockets = new Set<unknown>();

  constructor(t: TestContext, url: string) {
    this.#url = url;
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = url.startsWith("https:")
      ? new AgentSecure({ ...options, rejectUnauthorized: false })
      : new AgentPlain(options);
    t.after(() => this.#agent.destroy());
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** A GET that must be answered 200. */
  async ask(path = "/health", headers: Record<string, string> = {}): Promise<void> {
    const send = this.#url.startsWith("https:") ? getSecure : getPlain;
    await new Promise<void>((resolve, reject) => {
      const request = send(this.#url + path, { agent: this.#agent, headers }, (response) => {
        this.#sockets.add(response.socket);
        response.resume();
        response.on("end", () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode}`)),
        );
      });
      request.on("error", reject);
    });
  }
}

async function announce(url: string, port: number, left: number, infoHash = INFO_HASH) {
  const peerId = Buffer.from("-ST0001-abcdefghijkl");
  const query = announceQueryString({ infoHash, peerId, port, left });
  const { status, body } = await get(`${url}/announce?${query}`);
  assert.equal(status, 200);
  return readAnnounceReply(body);
}

for (const engine of ["epoll", "net"])
  test(
    `a peer over UDP and one over HTTP find each other, engine ${engine}`,
    TIMEOUT,
    async (t) => {
      const config = LOOPBACK_CONFIG.replace("[web]", `[web]\nengine = "${engine}"`);
      const program = startProgram(t, config);
      const udpAddresses = await program.addresses();
      const urls = await program.httpUrls();
      assert.equal(urls.length, 2);
      for (const [index, url] of urls.entries()) {
        const client = await UdpClient.open(udpAddresses[index] ?? "");
        await client.announce(INFO_HASH, 7001, 0n);
        const overHttp = await announce(url, 7002, 5);
        assert.ok(overHttp.failureReason === undefined);
        assert.deepEqual(
          overHttp.peers.map(({ port }) => port),
          [7001],
        );
        const overUdp = await client.announce(INFO_HASH, 7001, 0n);
        assert.equal(overUdp.peers.length, 1);
        assert.match(overUdp.peers[0] ?? "", /:7002$/);
        client.close();
        assert.equal((await get(`${url}/health`)).status, 200);
      }
      assert.equal(await program.end("SIGTERM"), 0);
      assert.match(program.stderr, /http: announce=2 scrape=0 error=0 ws: announce=0 /);
    },
  );

test("`swarmtide http` serves HTTP alone", TIMEOUT, async (t) => {
  const program = startProgram(t, LOOPBACK_CONFIG, { args: ["http"] });
  const [url = ""] = await program.httpUrls();
  assert.equal((await get(`${url}/health`)).status, 200);
  assert.ok(!program.stdout.includes("UDP"));
  assert.equal(await program.end("SIGINT"), 0);
});

test(
  "HTTPS serves, a renewed certificate is taken on a signal, a bad one leaves the old",
  TIMEOUT,
  async (t) => {
    const folder = temporaryFolder(t);
    const certificate = join(folder, "server.crt");
    const key = join(folder, "server.key");
    copyFileSync(testdata("ec.crt"), certificate);
    copyFileSync(testdata("ec-sec1.key"), key);
    const tls = `tls_address_ipv4 = "127.0.0.1:0"\ntls_certificate_path = "${certificate}"\ntls_private_key_path = "${key}"`;
    const program = startProgram(t, LOOPBACK_CONFIG.replace("[web]", `[web]\n${tls}`));
    const urls = await program.httpUrls();
    const secure = urls.find((url) => url.startsWith("https")) ?? "";
    await announce(secure, 1, 0);
    const plain = await announce(urls[0] ?? "", 2, 1);
    assert.ok(plain.failureReason === undefined && plain.peers.length === 1);
    assert.equal((await get(`${secure}/health`)).keyType, "ec");

    writeFileSync(key, "nothing");
    program.child.kill("SIGHUP");
    await program.output(
      /ERROR main: .*server\.key .*is not PEM.*; the old certificate remains in use code=SWARMTIDE_TLS_NOT_PEM\n/,
    );
    assert.equal((await get(`${secure}/health`)).keyType, "ec");

    copyFileSync(testdata("rsa.crt"), certificate);
    copyFileSync(testdata("rsa-pkcs1.key"), key);
    program.child.kill("SIGUSR1");
    await program.output(
      /TLS files reloaded: certificate for DNS:localhost.* is valid for \d+ days/,
    );
    const keyType = async () => (await get(`${secure}/health`)).keyType;
    await until("the new certificate is shown", async () => (await keyType()) === "rsa");
    assert.equal(await program.end("SIGTERM"), 0);
  },
);

for (const engine of ["epoll", "net"])
  test(
    `with engine ${engine}, clients on kept connections notice nothing of renewed certificates`,
    TIMEOUT,
    async (t) => {
      const folder = temporaryFolder(t);
      const [certificate, key] = [join(folder, "server.crt"), join(folder, "server.key")];
      copyFileSync(testdata("ec.crt"), certificate);
      copyFileSync(testdata("ec-sec1.key"), key);
      const lines = `engine = "${engine}"\ntls_address_ipv4 = "127.0.0.1:0"\ntls_certificate_path = "${certificate}"\ntls_private_key_path = "${key}"`;
      const program = startProgram(t, LOOPBACK_CONFIG.replace("[web]", `[web]\n${lines}`), {
        args: ["http"],
      });
      const urls = await program.httpUrls();
      const secure = urls.find((url) => url.startsWith("https")) ?? "";
      const kept = [urls[0] ?? "", secure].map((url) => new KeptClient(t, url));
      for (const client of kept) await client.ask();
      for (const [name, signal] of [
        ["ec-pkcs8", "SIGHUP"],
        ["rsa-pkcs1", "SIGUSR1"],
        ["rsa-pkcs8", "SIGHUP"],
        ["ec-sec1", "SIGUSR1"],
      ] as const) {
        const [type = ""] = name.split("-");
        copyFileSync(testdata(`${type}.crt`), certificate);
        copyFileSync(testdata(`${name}.key`), key);
        const before = program.stderr.split("TLS files reloaded").length;
        program.child.kill(signal);
        await until("the TLS files are reloaded", async () => {
          for (const client of kept) await client.ask();
          return program.stderr.split("TLS files reloaded").length > before;
        });
        await until(`the certificate ${type} is shown`, async () => {
          for (const client of kept) await client.ask();
          return (await get(`${secure}/health`)).keyType === type;
        });
      }
      assert.deepEqual(
        kept.map(({ connections }) => connections),
        [1, 1],
      );
      assert.equal(await program.end("SIGTERM"), 0);
    },
  );

for (const engine of ["epoll", "net"])
  test(
    `with engine ${engine}, the log names a proxy that was forgotten in trusted_proxies`,
    TIMEOUT,
    async (t) => {
      const config = LOOPBACK_CONFIG.replace("[web]", `[web]\nengine = "${engine}"`);
      const program = startProgram(t, config, { args: ["http"] });
      const [url = ""] = await program.httpUrls();
      const client = new KeptClient(t, url);
      const peerId = Buffer.from("-ST0001-abcdefghijkl");
      const query = announceQueryString({ infoHash: INFO_HASH, peerId, port: 1, left: 1 });
      const hint = program.output(/WARN .*: 127\.0\.0\.1 sends many announces .*trusted_proxies/);
      for (let i = 0; i < 300; i++)
        await client.ask(`/announce?${query}`, { "X-Forwarded-For": `192.0.2.${i % 250}` });
      await hint;
      assert.equal(await program.end("SIGTERM"), 0);
    },
  );

test("the access list holds for HTTP too, and is reloaded", TIMEOUT, async (t) => {
  const path = join(temporaryFolder(t), "list.txt");
  const other = Buffer.alloc(20, 0xee);
  writeFileSync(path, `${INFO_HASH.toString("hex")}\n`);
  const program = startProgram(
    t,
    `${LOOPBACK_CONFIG}\n[access_list]\nmode = "allow"\npath = "${path}"\n`,
  );
  const [url = ""] = await program.httpUrls();
  assert.equal((await announce(url, 1, 0)).failureReason, undefined);
  assert.match((await announce(url, 1, 0, other)).failureReason ?? "", /not allowed/);
  writeFileSync(path, `${other.toString("hex")}\n`);
  program.child.kill("SIGHUP");
  await program.output(/access list reloaded/);
  const refusal = async () => (await announce(url, 1, 0, other)).failureReason;
  await until("the new list allows the other", async () => (await refusal()) === undefined);
  assert.match((await announce(url, 1, 0)).failureReason ?? "", /not allowed/);
  assert.equal(await program.end("SIGTERM"), 0);
});

test("an embedded tracker names its HTTP addresses and counts", TIMEOUT, async () => {
  const config = readConfig(trackerSchema, `log_level = "off"\n${LOOPBACK_CONFIG}`, "test");
  const tracker = await startTracker(config);
  const http = tracker.addresses.filter(({ protocol }) => protocol === "http");
  assert.equal(http.length, 2);
  await announce(`http://${http[0]?.address}`, 1, 0);
  assert.equal(tracker.statistics().http?.announce, 1);
  assert.equal(tracker.statistics().ipv4.announce, 0);
  await tracker.stop();
});
