/**
 * `npm run simulate:cluster`: what clusters of 2 to 64 nodes carry, how soon the nodes hear of a peer and how right their answers
 * are, from measured costs. Prints the costs, then the tables of docs/scale.md.
 */
import { parseArgs } from "node:util";
import { UsageError } from "../harness/arguments.ts";
import { table } from "../harness/figures.ts";
import {
  brokerCores,
  bytesIn,
  type Costs,
  carried,
  coresPerNode,
  MEASURED,
  recordsIn,
  type Shape,
  threadLoad,
} from "./costs.ts";
import type { Scenario } from "./scenario.ts";
import { simulate } from "./simulation.ts";

const CORES = 16;
const FEWER_CORES = 4;
const NODES = [1, 2, 3, 4, 8, 16, 32, 64];

const USAGE = `usage: npm run simulate:cluster -- [options]

  --quick     a tenth of the peers that are followed
  --seed N    of the random numbers (21)
  -h, --help  this text
`;

/** Peers as trackers see them: an announce every 15 minutes, an hour and a half's stay, half of them say that they leave. */
const USUAL: Scenario = {
  ...{ nodes: 2, requestsPerSecond: 200_000, peers: 2000, intervalSeconds: 900 },
  ...{ renewalSeconds: 0, maxPeerAgeSeconds: 1200, staySeconds: 5400, stoppedShare: 0.5 },
  ...{ movedShare: 0.02, lostShare: 0, threads: 1, seconds: 5400, seed: 21 },
};
const THINNED = { renewalSeconds: 2700, maxPeerAgeSeconds: 3900 };

const millions = (rate: number): string => (rate / 1e6).toFixed(rate < 1e6 ? 2 : 1);
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

function costsTable(costs: Costs): string {
  return table(
    ["assumed, all measured", "µs"],
    [
      ["an announce over UDP, kernel included", `${costs.announceMicros}`],
      ["a record into the ring, out of it and to the broker", `${costs.sendMicros}`],
      [
        "the broker: a record in, and out to each node",
        `${costs.brokerInMicros}, ${costs.brokerOutMicros}`,
      ],
      ["a record of another node, received and applied", `${costs.receiveMicros}`],
      ["an IPv4 record in a message, bytes", `${costs.recordBytes}`],
    ],
  );
}

/** What the cores of a node carry, with one thread that applies records and with as many as it takes. */
function carriedTable(costs: Costs, thinnedShare: number, cores: number): string {
  const one = carried(costs, shapeOf(1, 1, cores)).rate;
  return table(
    [
      "nodes",
      "all renewals, one thread",
      "thinned, one thread",
      "all renewals, any threads",
      "thinned, any threads",
      "a quarter of the hashes each",
    ],
    NODES.map((nodes) => {
      const text = (sentShare: number, threads: number, parts = 1) => {
        const { rate, limit } = carried(costs, {
          ...{ ...shapeOf(nodes, sentShare, cores), threads, parts },
        });
        return `${millions(rate)} (${(rate / one).toFixed(2)} ×${limit === "thread" ? ", thread" : ""})`;
      };
      return [
        `${nodes}`,
        text(1, 1),
        text(thinnedShare, 1),
        text(1, CORES),
        text(thinnedShare, CORES),
        nodes % 4 === 0 ? text(thinnedShare, CORES, 4) : "",
      ];
    }),
  );
}

const shapeOf = (nodes: number, sentShare: number, coresPerNode = CORES): Shape => ({
  ...{ nodes, sentShare, coresPerNode, threads: 1, parts: 1 },
});

function scenarioRow(name: string, costs: Costs, scenario: Scenario): string[] {
  const { nodes, requestsPerSecond, threads } = scenario;
  const outcome = simulate(costs, scenario);
  const shape = { ...shapeOf(nodes, outcome.sentShare), threads };
  const { delayMilliseconds: delay, missing, gone, healedSeconds } = outcome;
  const load = threadLoad(costs, shape, requestsPerSecond) / threads;
  return [
    name,
    `${nodes}`,
    millions(requestsPerSecond),
    outcome.sentShare.toFixed(2),
    `${delay.median.toFixed(0)} / ${delay.p99.toFixed(0)}`,
    `${percent(missing.mean)} / ${percent(missing.most)}`,
    `${percent(gone.mean)} (${percent(outcome.goneInOne)})`,
    scenario.partition === undefined ? "" : (healedSeconds?.toFixed(0) ?? "not yet"),
    coresPerNode(costs, shape, requestsPerSecond).toFixed(1),
    load.toFixed(2),
    (bytesIn(costs, shape, requestsPerSecond) / 1e6).toFixed(1),
    brokerCores(costs, shape, requestsPerSecond).toFixed(1),
  ];
}

const HEAD = [
  "",
  "nodes",
  "million announces/s",
  "sent on",
  "elsewhere after, ms: median / 99 %",
  "peers missing: mean / most",
  "peers gone (one store)",
  "healed after, s",
  "cores a node",
  "load of the thread",
  "MB/s into a node",
  "cores of brokers",
];

function scenarios(base: Scenario): [string, Partial<Scenario>][] {
  const growth = [
    [2, 2e5],
    [2, 5e5],
    [4, 1e6],
    [8, 1e6],
    [8, 2e6],
    [64, 1e6],
  ].map(([nodes = 0, requestsPerSecond = 0]): [string, Partial<Scenario>] => [
    "everything to everybody",
    { nodes, requestsPerSecond },
  ]);
  const thinned = [
    [8, 2e6, 1],
    [16, 5e6, 4],
    [64, 1e7, 8],
  ].map(([nodes = 0, requestsPerSecond = 0, threads = 1]): [string, Partial<Scenario>] => [
    `thinned${threads > 1 ? `, ${threads} threads` : ""}`,
    { nodes, requestsPerSecond, threads, ...THINNED },
  ]);
  const half = { nodes: 4, requestsPerSecond: 4e5 };
  const partition = { fromSeconds: base.seconds / 2, untilSeconds: base.seconds / 2 + 300 };
  return [
    ...growth,
    ...thinned,
    ["1 % of records lost", { ...half, lostShare: 0.01 }],
    ["the same, thinned", { ...half, ...THINNED, lostShare: 0.01 }],
    ["partition of 300 s", { ...half, partition }],
    ["the same, thinned", { ...half, ...THINNED, partition }],
    ["short stays, 15 min", { ...half, staySeconds: 900 }],
    ["a third of announces moves", { ...half, movedShare: 0.33 }],
  ];
}

function run(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      seed: { type: "string", default: "21" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return void console.log(USAGE);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed))
    throw new UsageError(`--seed ${values.seed} is not a whole number`);
  const base = { ...USUAL, seed, peers: values.quick ? USUAL.peers / 10 : USUAL.peers };
  console.log(`${costsTable(MEASURED)}\n`);
  const thinned = simulate(MEASURED, { ...base, ...THINNED });
  console.log(
    `Nodes of ${CORES} cores, million announces a second of the whole cluster and times what one node carries; "thread": the thread that applies records is the limit, not the cores. Thinned to one renewal in ${THINNED.renewalSeconds} s, ${thinned.sentShare.toFixed(2)} of the announces are sent on.\n`,
  );
  console.log(`${carriedTable(MEASURED, thinned.sentShare, CORES)}\n`);
  console.log(`The same with ${FEWER_CORES} cores a node.\n`);
  console.log(`${carriedTable(MEASURED, thinned.sentShare, FEWER_CORES)}\n`);
  const rows = scenarios(base).map(([name, changes]) =>
    scenarioRow(name, MEASURED, { ...base, ...changes }),
  );
  console.log(table(HEAD, rows));
  const largest = recordsIn(shapeOf(64, 1), 1e7);
  console.log(
    `\nAt 64 nodes and 10 million announces a second every node would get ${millions(largest)} million records a second where all are sent on.`,
  );
}

try {
  run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
