/** The compose example of a cluster (packaging/docker/cluster.yaml): what its nodes are configured with is in order and fits together. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PROGRAM_COMMAND } from "@swarmtide/test-kit";

const COMPOSE = readFileSync(
  new URL("../../../packaging/docker/cluster.yaml", import.meta.url),
  "utf8",
);

/** The environment of each service that has one, with the name of the service. */
function environments(): readonly [service: string, env: NodeJS.ProcessEnv][] {
  const services = COMPOSE.slice(COMPOSE.indexOf("\nservices:")).split(/\n(?= {2}[a-z-]+:\n)/);
  return services.flatMap((text): [string, NodeJS.ProcessEnv][] => {
    const [, service = ""] = /^ {2}([a-z-]+):/.exec(text) ?? [];
    const values = [...text.matchAll(/^ {6}(SWARMTIDE__\w+): (?:'(.*)'|"(.*)"|(.*))$/gm)];
    if (values.length === 0) return [];
    return [[service, Object.fromEntries(values.map(([, key, a, b, c]) => [key, a ?? b ?? c]))]];
  });
}

function checkConfig(env: NodeJS.ProcessEnv): string {
  const [file, ...args] = PROGRAM_COMMAND;
  const run = spawnSync(file, [...args, "check-config"], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, ...env },
  });
  assert.equal(run.status, 0, run.stdout + run.stderr);
  return run.stdout;
}

test("check-config takes the nodes of the compose example: two names, one server, no port twice", () => {
  const nodes = environments();
  assert.deepEqual(
    nodes.map(([service]) => service),
    ["node-a", "node-b"],
  );
  const [, port] = /--port", "(\d+)"/.exec(COMPOSE) ?? [];
  const taken: string[] = [];
  for (const [service, env] of nodes) {
    const printed = checkConfig(env);
    assert.ok(
      printed.includes(
        `cluster: node ${service} at nats://127.0.0.1:${port}, subjects swarmtide.v1.>`,
      ),
      printed,
    );
    const addresses = [...printed.matchAll(/(UDP|HTTP|statistics)[^\n]*?0\.0\.[01]:(\d+)/g)];
    assert.equal(addresses.length, 3, printed);
    taken.push(...addresses.map(([, what, port]) => `${what} ${port}`));
  }
  assert.equal(new Set(taken).size, taken.length, taken.join(", "));
});
