/**
 * Two real Chromium on two nodes of a cluster: each knows one tracker only, both trackers a nats-server, and a file goes from one
 * browser to the other.
 *
 * `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing client a failure instead of a skipped test.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { natsMissing } from "@swarmtide/test-kit";
import { BrowserStage, type Role } from "./browser-stage.ts";
import { certificateProblem } from "./certificates.ts";
import { networkProblem, TRACKER_NAMES } from "./test-network.ts";
import type { Counts, Visitor } from "./visitor.ts";
import { chromiumProblem, webClientProblem } from "./web-clients.ts";

const problem =
  networkProblem() ??
  chromiumProblem() ??
  certificateProblem() ??
  webClientProblem("webtorrent", "playwright-core") ??
  (natsMissing || undefined);
const required = process.env.SWARMTIDE_REQUIRE_CLIENTS === "1";
const options = { timeout: 120_000, skip: problem !== undefined && !required ? problem : false };

const PROGRAM = fileURLToPath(new URL("../bin.js", import.meta.url));
/** On a host of its own, where nobody else listens. */
const NATS_PORT = 4222;
const PORTS = { seeder: 8001, leecher: 8002 } as const;

const content = randomBytes(2 ** 18 + 77);

let browsers: BrowserStage;
before(async () => {
  if (problem === undefined) browsers = await BrowserStage.open();
});
after(() => browsers?.close());

const trackerOf = (role: Role): string => `ws://${TRACKER_NAMES.ipv4}:${PORTS[role]}`;

async function startNats(t: TestContext): Promise<void> {
  const { stage } = browsers;
  const command = ["nats-server", "-a", "127.0.0.1", "-p", String(NATS_PORT)];
  const actor = stage.start("nats-server", "tracker", command);
  t.after(() => actor.stop());
  await stage.until("nats-server is ready", () => /Server is ready/.test(actor.output));
}

/** The node of a visitor. */
async function startNode(t: TestContext, role: Role): Promise<void> {
  const { stage } = browsers;
  const path = join(stage.network.folder, `${role}-node.toml`);
  writeFileSync(
    path,
    `[udp]
enabled = false
[swarm]
max_memory = 64
[web]
address_ipv4 = "0.0.0.0:${PORTS[role]}"
use_ipv6 = false
workers = 2
[ws]
max_memory = 64
peer_announce_interval = 10
[statistics]
page_address = ""
[cluster]
servers = ["nats://127.0.0.1:${NATS_PORT}"]
name = "${role}"
`,
  );
  const actor = stage.start(`node of ${role}`, "tracker", [process.execPath, PROGRAM, "-c", path]);
  t.after(() => actor.stop());
  await stage.until(`${role}'s node has joined`, () =>
    /cluster: (joined through|found no other node)/.test(actor.output),
  );
}

const arrive = (t: TestContext, role: Role): Promise<Visitor> =>
  browsers.arrive(t, role, browsers.site(role, "ws"), trackerOf(role));

test("a file goes from a browser at one node to a browser at another", options, async (t) => {
  assert.equal(problem, undefined);
  const { stage } = browsers;
  await startNats(t);
  await Promise.all([startNode(t, "seeder"), startNode(t, "leecher")]);
  const [seeder, leecher] = [await arrive(t, "seeder"), await arrive(t, "leecher")];
  const link = await seeder.share(content);
  const infoHash = /btih:([0-9a-f]{40})/.exec(link)?.[1] ?? "";
  const counted = (who: Visitor, role: Role, counts: Counts) =>
    stage.until(`${role}'s node counts ${JSON.stringify(counts)}`, async () =>
      isDeepStrictEqual(await who.scrape(trackerOf(role), infoHash), counts),
    );
  await counted(leecher, "leecher", { complete: 1, incomplete: 0, downloaded: 0 });
  // Without the seeder's tracker: the page adds its own.
  await leecher.fetch(`magnet:?xt=urn:btih:${infoHash}`);
  assert.ok((await leecher.save()).equals(content));
  await counted(seeder, "seeder", { complete: 2, incomplete: 0, downloaded: 1 });
  await counted(leecher, "leecher", { complete: 2, incomplete: 0, downloaded: 1 });
});
