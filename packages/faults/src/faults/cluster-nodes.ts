/** Two nodes on a NATS server, as the faults of clusters have them: a client of the first, which must lose nothing, and counters. */
import { NatsServer, UdpClient, until } from "@swarmtide/test-kit";
import { TrackerProcess } from "../tracker-process.ts";
import { Bystander } from "./bystander.ts";
import { CONFIG, type FaultContext, type Outcome, Watch } from "./fault.ts";

const HASH = Buffer.alloc(20, "cluster");
const PROBE_PORT = 9;

export class ClusterNodes {
  readonly a: TrackerProcess;
  b: TrackerProcess;
  readonly nats: NatsServer;
  readonly #context: FaultContext;
  readonly #bystander: Bystander;
  readonly #watch: Watch;

  private constructor(
    context: FaultContext,
    nats: NatsServer,
    [a, b]: readonly [TrackerProcess, TrackerProcess],
    bystander: Bystander,
  ) {
    this.#context = context;
    this.nats = nats;
    this.a = a;
    this.b = b;
    this.#bystander = bystander;
    this.#watch = new Watch(a);
  }

  /** Nodes a and b that have met. The server cuts off who takes nothing for a second while messages wait. */
  static async start(context: FaultContext): Promise<ClusterNodes> {
    const nats = await NatsServer.start(context.scope, 'write_deadline: "1s"');
    const start = (name: string) => startNode(context, nats, name);
    const nodes = await Promise.all([start("a"), start("b")]);
    const [a, b] = nodes;
    await a.says(/node b joined/);
    await b.says(/node a joined/);
    return new ClusterNodes(context, nats, nodes, await Bystander.start(a.ports()));
  }

  /** One more process. */
  another(name: string, more = "", args: readonly string[] = []): Promise<TrackerProcess> {
    return startNode(this.#context, this.nats, name, more, args);
  }

  /** A seeder announces at a. */
  async announce(port: number): Promise<void> {
    await announceAt(this.a, port);
  }

  /** Waits until a node answers with so many seeders; how long that took. */
  async untilSeeders(node: TrackerProcess, wanted: number): Promise<number> {
    const start = performance.now();
    await until(`a node counts ${wanted} seeders`, async () => {
      const { seeders } = await announceAt(node, PROBE_PORT, 1n);
      return seeders === wanted;
    });
    return Math.round(performance.now() - start);
  }

  /** A number of a's /metrics, which are at most a second old; 0 where it has none. */
  async metric(name: string): Promise<number> {
    const [, page = ""] = await this.a.says(/statistics on (\S+)/i);
    const text = await (await fetch(`${page}metrics`)).text();
    const line = text.split("\n").find((one) => one.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  async untilMetric(name: string, fits: (value: number) => boolean): Promise<number> {
    let value = 0;
    await until(`${name} is as expected`, async () => {
      value = await this.metric(name);
      return fits(value);
    });
    return value;
  }

  /** What was seen, and whether the client of a got every answer. */
  end(holds: boolean, seen: string): Outcome {
    const { lost, longest, text } = this.#bystander.stop();
    const { rssMib, descriptors } = this.#watch.end();
    return {
      holds: holds && lost === 0,
      seen: `${seen}; longest wait of a client ${longest} ms`,
      ...{ rssMib, descriptors, lost: text },
    };
  }
}

function startNode(
  { scope }: FaultContext,
  nats: NatsServer,
  name: string,
  more = "",
  args: readonly string[] = [],
): Promise<TrackerProcess> {
  const cluster = `[cluster]\nservers = ["${nats.url}"]\nname = "${name}"\n`;
  return TrackerProcess.start(scope, { config: CONFIG + cluster + more, args });
}

async function announceAt(node: TrackerProcess, port: number, left = 0n) {
  const client = await UdpClient.open(`127.0.0.1:${node.ports().udp}`);
  try {
    return await client.announce(HASH, port, left);
  } finally {
    client.close();
  }
}
