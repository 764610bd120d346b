import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parseCommandLine } from "@swarmtide/runtime";
import { temporaryFolder } from "@swarmtide/test-kit";
import { commandLine } from "./command-line.ts";
import { ConfigSource } from "./config-source.ts";

/** The configuration that arguments and an environment ask for. */
function read(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const invocation = parseCommandLine(commandLine, args);
  if (invocation.kind !== "run") throw new Error(JSON.stringify(invocation));
  return new ConfigSource(invocation.command, invocation.given, environment).read();
}

/** What is said of arguments that are not understood. */
function mistake(...args: string[]): string {
  const invocation = parseCommandLine(commandLine, args);
  return invocation.kind === "mistake" ? invocation.message : JSON.stringify(invocation);
}

function fileOf(t: TestContext, text: string): string {
  const file = join(temporaryFolder(t), "c.toml");
  writeFileSync(file, text);
  return file;
}

test("--port is the port of UDP and of TCP", () => {
  const { udp, web } = read(["--port", "6969"]);
  assert.deepEqual([udp.port, web.port], [6969, 6969]);
  assert.match(mistake("--port", "http"), /^--port "http": expected PORT$/);
});

test("--udp, --http and --ws name the protocols that are served, and so do the commands", () => {
  const served = (...args: string[]) => {
    const { udp, http, ws } = read(args);
    return [udp.enabled, http.enabled, ws.enabled];
  };
  assert.deepEqual(served(), [true, true, true]);
  assert.deepEqual(served("--udp"), [true, false, false]);
  assert.deepEqual(served("--http", "--ws"), [false, true, true]);
  assert.deepEqual(served("ws"), [false, false, true]);
  assert.deepEqual(served("udp", "--http"), [true, true, false]);
});

test("--tls-cert and --tls-key serve HTTPS on port 3443, unless the configuration says where", (t) => {
  const tls = ["--tls-cert", "a.pem", "--tls-key", "b.pem"];
  const { web } = read(tls);
  assert.deepEqual([web.tlsCertificatePath, web.tlsPrivateKeyPath], ["a.pem", "b.pem"]);
  assert.deepEqual(web.tlsAddressIpv4, [{ host: "0.0.0.0", port: 3443 }]);
  const file = fileOf(t, '[web]\ntls_address_ipv4 = "127.0.0.1:443"\ntls_address_ipv6 = ""\n');
  const configured = read([...tls, "-c", file]).web;
  assert.deepEqual(configured.tlsAddressIpv4, [{ host: "127.0.0.1", port: 443 }]);
  assert.deepEqual(configured.tlsAddressIpv6, []);
  assert.deepEqual(read([]).web.tlsAddressIpv4, []);
  assert.throws(() => read(["--tls-cert", "a.pem"]), {
    message: 'web.tls_private_key_path = "": expected a path where a tls_address is set',
  });
});

test("the environment counts before the file, the command line before the environment, --set before all", (t) => {
  const file = fileOf(t, "[udp]\nworkers = 1\nport = 1\nmax_response_peers = 1\n[web]\nport = 1\n");
  const environment = {
    SWARMTIDE__UDP__WORKERS: "2",
    SWARMTIDE__UDP__PORT: "2",
    SWARMTIDE__WEB__PORT: "2",
    SWARMTIDE__LOG_LEVEL: "debug",
  };
  const config = read(["-c", file, "--set", "udp.port=4", "--port", "3"], environment);
  assert.deepEqual([config.udp.workers, config.udp.port, config.web.port], [2, 4, 3]);
  assert.equal(config.udp.maxResponsePeers, 1);
  assert.equal(config.logLevel, "debug");
});

test("what orchestrators put into the environment for a service of this name is ignored", () => {
  const { udp } = read([], {
    SWARMTIDE_PORT: "tcp://10.0.0.1:3000",
    SWARMTIDE_SERVICE_HOST: "10.0.0.1",
    SWARMTIDE: "x",
  });
  assert.equal(udp.port, undefined);
});

test("errors name where a value was given", () => {
  assert.throws(() => read([], { SWARMTIDE__UDP__WORKERS: "many" }), {
    message: "SWARMTIDE__UDP__WORKERS: udp.workers = many: expected a whole number from 0 to 1024",
  });
  assert.throws(() => read(["--set", "udp.worker=2"]), {
    message: "--set: udp.worker: unknown key, did you mean udp.workers?",
  });
  assert.match(
    mistake("--set", "udp.workers"),
    /^--set "udp\.workers": expected SECTION\.KEY=VALUE$/,
  );
});

test("forms of other trackers are answered with the right one", () => {
  for (const args of [["-p", "3000"], ["-p3000"], ["-P", "3000"], ["3000"]])
    assert.match(mistake(...args), /given with --port 3000/, args.join(" "));
  assert.match(mistake("swarmtide.toml"), /given with --config swarmtide\.toml$/);
  assert.match(mistake("udp.workers=2"), /given with --set udp\.workers=2$/);
  assert.match(mistake("--udp.workers=2"), /given with --set udp\.workers=2$/);
  assert.match(mistake("--trust-proxy"), /web\.trusted_proxies/);
  assert.match(mistake("upd"), /did you mean "udp"\?$/);
});
