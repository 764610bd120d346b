/**
 * The tracker with a real Prometheus: what it scrapes, and whether the alerts and the dashboard of
 * docs/monitoring ask for metrics that are there. Prometheus comes from Debian (`npm run clients:install`);
 * `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing one a failure instead of a skipped test.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  LOOPBACK_CONFIG,
  startProgram,
  temporaryFolder,
  UdpClient,
  until,
} from "@swarmtide/test-kit";

const monitoring = (name: string) =>
  fileURLToPath(new URL(`../../../docs/monitoring/${name}`, import.meta.url));

const hasPrometheus = spawnSync("promtool", ["--version"]).status === 0;
const isRequired = process.env.SWARMTIDE_REQUIRE_CLIENTS === "1";
const skip = hasPrometheus || isRequired ? false : "prometheus is not installed";

const SCRAPES = 60;

function promtool(args: readonly string[], input = ""): void {
  const run = spawnSync("promtool", args, { input, encoding: "utf8" });
  assert.equal(run.status, 0, `promtool ${args.join(" ")}: ${run.stdout}${run.stderr}`);
}

/** The program with its page on a free port. */
async function startTracker(t: TestContext) {
  const config = LOOPBACK_CONFIG.replace('page_address = ""', 'page_address = "127.0.0.1:0"');
  const program = startProgram(t, config);
  const [, page = ""] = await program.output(/statistics on (\S+)/);
  const [address = ""] = await program.addresses();
  return { program, page, address };
}

test("promtool finds nothing to say about the metrics, the alerts and the example", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const { page, program } = await startTracker(t);
  promtool(["check", "metrics"], await (await fetch(`${page}metrics`)).text());
  promtool(["check", "rules", monitoring("alerts.yml")]);
  promtool(["check", "config", monitoring("prometheus.yml")]);
  assert.equal(await program.end("SIGTERM"), 0);
});

/** A tracker of this age whose store grows by a hundredth each minute, asked an hour and a half later. */
function growing(startedSeconds: number, joiningOnce: boolean) {
  return `- interval: 1m
  input_series:
    - { series: 'swarmtide_memory_used_bytes{instance="a:9000",budget="swarms"}', values: '0+1x90' }
    - { series: 'swarmtide_memory_limit_bytes{instance="a:9000",budget="swarms"}', values: '100+0x90' }
    - { series: 'process_start_time_seconds{instance="a:9000"}', values: '${startedSeconds}+0x90' }
    - { series: 'swarmtide_cluster_joining{instance="a:9000"}', values: '0+0x45 ${joiningOnce ? 1 : 0} 0+0x44' }
`;
}

test("a store that fills within six hours raises an alert, but not while a snapshot or other nodes fill it", {
  skip,
  timeout: 60_000,
}, (t) => {
  const file = join(temporaryFolder(t), "alerts.test.yml");
  const fires = `  promql_expr_test:
    - { expr: 'count(ALERTS{alertname="TrackerMemoryFillsSoon",alertstate="firing"})', eval_time: 89m, exp_samples: [{ value: 1 }] }
`;
  const isSilent = `  alert_rule_test:
    - { eval_time: 89m, alertname: TrackerMemoryFillsSoon, exp_alerts: [] }
`;
  const startedBefore = growing(-7200, false) + fires;
  const startedLate = growing(45 * 60, false) + isSilent;
  const joinedLate = growing(-7200, true) + isSilent;
  const rules = `rule_files: [${JSON.stringify(monitoring("alerts.yml"))}]\n`;
  writeFileSync(file, `${rules}tests:\n${startedBefore}${startedLate}${joinedLate}`);
  promtool(["test", "rules", file]);
});

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

/** The expressions of the dashboard, as they are asked for one tracker. */
function dashboardExpressions(): string[] {
  const { panels } = JSON.parse(readFileSync(monitoring("grafana-dashboard.json"), "utf8")) as {
    readonly panels: readonly Panel[];
  };
  return panels.flatMap(({ targets }) =>
    targets.map(({ expr }) =>
      expr.replaceAll("$__rate_interval", "30s").replaceAll("$instance", ".*"),
    ),
  );
}

/** Metrics that are there once a certificate, or a reload, is. */
const LATER = /certificate_expiry|last_reload/;

/** A Prometheus that scrapes the tracker of `page`: what asks it for the values of an expression. */
async function startPrometheus(
  t: TestContext,
  page: string,
): Promise<(expression: string) => Promise<number[]>> {
  const folder = temporaryFolder(t);
  const config = join(folder, "prometheus.yml");
  writeFileSync(
    config,
    `global: { scrape_interval: 200ms, evaluation_interval: 1s }
rule_files: [${JSON.stringify(monitoring("alerts.yml"))}]
scrape_configs: [{ job_name: swarmtide, static_configs: [{ targets: [${JSON.stringify(new URL(page).host)}] }] }]
`,
  );
  const prometheus = spawn("prometheus", [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    "--web.listen-address=127.0.0.1:0",
    "--log.level=info",
  ]);
  const ended = new Promise((resolve) => prometheus.once("close", resolve));
  t.after(async () => {
    prometheus.kill("SIGTERM");
    await ended;
  });
  let log = "";
  prometheus.stderr.on("data", (chunk) => {
    log += chunk;
  });
  const api = await until(
    "Prometheus listens",
    () => /component=web.*msg="?Listening on"? address=([\d.:]+)/.exec(log)?.[1],
  );
  return async (expression) => {
    const url = `http://${api}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const answer = (await (await fetch(url)).json()) as {
      readonly status: string;
      readonly error?: string;
      readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
    };
    assert.equal(answer.status, "success", `${expression}: ${answer.error}`);
    return answer.data.result.map(({ value }) => Number(value[1]));
  };
}

test("a real Prometheus scrapes sixty times without a failure, and sees what a client did", {
  skip,
  timeout: 180_000,
}, async (t) => {
  const { page, address, program } = await startTracker(t);
  const query = await startPrometheus(t, page);
  const client = await UdpClient.open(address);
  t.after(() => client.close());
  await client.announce(Buffer.alloc(20, 1), 7001, 5n);
  await until(
    "sixty scrapes",
    async () => ((await query("count_over_time(up[5m])"))[0] ?? 0) >= SCRAPES,
    120_000,
  );
  assert.deepEqual(await query("min_over_time(up[5m])"), [1]);
  assert.deepEqual(
    await query('swarmtide_swarm_peers{family="ipv4",role="leecher",store="shared"}'),
    [1],
  );
  assert.deepEqual(
    await query('max_over_time(swarmtide_udp_announces_total{family="ipv4"}[5m]) >= 1'),
    await query('swarmtide_udp_announces_total{family="ipv4"}'),
  );
  for (const expression of dashboardExpressions())
    if (!LATER.test(expression))
      assert.ok((await query(expression)).length > 0, `nothing for ${expression}`);
    else await query(expression);
  assert.deepEqual(await query('count(ALERTS{alertstate="firing"})'), []);
  assert.equal(await program.end("SIGTERM"), 0);
});
