import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { checkTracker } from "./check.ts";
import type { Finding } from "./findings.ts";

interface FakeOptions {
  readonly intervalSeconds?: number;
  readonly forgetsSeeder?: boolean;
  readonly keepsStopped?: boolean;
}

/** An HTTP tracker of one torrent with the faults that the test wants. */
async function fakeTracker(t: TestContext, options: FakeOptions) {
  const peers = new Map<string, string | null>();
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? "", "http://a").searchParams;
    if (request.url?.startsWith("/scrape")) return response.end("d5:filesdee");
    const port = query.get("port") ?? "";
    const isStopped = query.get("event") === "stopped" && !options.keepsStopped;
    if (isStopped) peers.delete(port);
    else if (!(options.forgetsSeeder && query.get("left") === "0"))
      peers.set(port, query.get("left"));
    const lists = [...peers.keys()]
      .filter((other) => other !== port)
      .map((other) => [127, 0, 0, 1, Number(other) >> 8, Number(other) & 255]);
    const body = Buffer.from(lists.flat());
    const seeders = [...peers.values()].filter((left) => left === "0").length;
    response.write(`d8:completei${seeders}e10:incompletei${peers.size - seeders}e`);
    response.write(`8:intervali${options.intervalSeconds ?? 1800}e5:peers${body.length}:`);
    response.write(body);
    return response.end("e");
  });
  t.after(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/announce`, peers };
}

const grades = (findings: readonly Finding[]) =>
  Object.fromEntries(findings.map(({ check, grade }) => [check, grade]));

test("a tracker in order passes, its lack of scrapes is a warning, and nothing stays behind", async (t) => {
  const { url, peers } = await fakeTracker(t, {});
  const told: Finding[] = [];
  const findings = await checkTracker(url, { family: 4, onFinding: (one) => told.push(one) });
  assert.deepEqual(grades(findings), {
    address: "ok",
    announce: "ok",
    interval: "ok",
    "peers meet": "ok",
    counts: "ok",
    scrape: "warning",
    stopped: "ok",
  });
  assert.deepEqual(told, findings);
  assert.equal(peers.size, 0);
});

test("an interval out of range, peers that never meet and peers that never leave are found", async (t) => {
  const hasty = await fakeTracker(t, { intervalSeconds: 30, keepsStopped: true });
  const findings = await checkTracker(hasty.url, { family: 4 });
  assert.equal(grades(findings).interval, "warning");
  assert.match(
    findings.find((one) => one.check === "interval")?.detail ?? "",
    /^30 s; .*300 to 10800/,
  );
  assert.equal(grades(findings).stopped, "warning");
  const forgetful = await fakeTracker(t, { forgetsSeeder: true });
  const apart = await checkTracker(forgetful.url, { family: 4 });
  assert.equal(grades(apart)["peers meet"], "error");
  assert.equal(grades(apart).counts, "warning");
});

test("a tracker that does not answer is an error, a family without an address a warning", async () => {
  const silent = await checkTracker("http://127.0.0.1:9/announce", { family: 4 });
  assert.deepEqual(grades(silent), { announce: "error" });
  // An IPv4 address has no IPv6 address, and the other way round.
  const both = await checkTracker("http://127.0.0.1:9/announce");
  assert.deepEqual(
    both.map(({ family, check, grade }) => [family, check, grade]),
    [
      [4, "announce", "error"],
      [6, "address", "warning"],
    ],
  );
});
