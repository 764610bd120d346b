/** Nodes of a cluster whose NATS server is killed, and which are frozen: what clients of the others lose meanwhile. */
import { setTimeout as wait } from "node:timers/promises";
import { NatsServer, natsMissing } from "@swarmtide/test-kit";
import { TrackerProcess } from "../tracker-process.ts";
import { Bystander } from "./bystander.ts";
import { CONFIG, type Fault, type FaultContext, type Outcome, Watch } from "./fault.ts";

const AWAY_MILLISECONDS = { full: 30_000, short: 3000 } as const;

async function startNodes({ scope }: FaultContext) {
  const nats = await NatsServer.start(scope);
  const start = (name: string) => {
    const cluster = `[cluster]\nservers = ["${nats.url}"]\nname = "${name}"\n`;
    return TrackerProcess.start(scope, { config: CONFIG + cluster });
  };
  const [a, b] = await Promise.all([start("a"), start("b")]);
  await a.says(/node b joined/);
  await b.says(/node a joined/);
  return { nats, a, b, bystander: await Bystander.start(a.ports()), watch: new Watch(a) };
}

/** The server dies and comes back; both nodes find it again. */
async function withoutNats(context: FaultContext): Promise<Outcome> {
  const { nats, a, b, bystander, watch } = await startNodes(context);
  await nats.kill();
  await a.says(/lost the connection to NATS server/);
  await wait(AWAY_MILLISECONDS[context.size]);
  const before = [a.output.length, b.output.length] as const;
  await nats.run();
  await a.says(/connected to NATS server/, before[0]);
  await b.says(/connected to NATS server/, before[1]);
  const { lost, longest, text } = bystander.stop();
  const { rssMib, descriptors } = watch.end();
  return {
    holds: lost === 0,
    seen: `both nodes connected again, longest wait ${longest} ms`,
    ...{ rssMib, descriptors, lost: text },
  };
}

/** One node stands still and goes on. */
async function frozenNode(context: FaultContext): Promise<Outcome> {
  const { a, b, bystander, watch } = await startNodes(context);
  b.signal("SIGSTOP");
  await a.says(/node b left/);
  const at = a.output.length;
  await wait(AWAY_MILLISECONDS[context.size]);
  b.signal("SIGCONT");
  await a.says(/node b joined/, at);
  const { lost, longest, text } = bystander.stop();
  const { rssMib, descriptors } = watch.end();
  return {
    holds: lost === 0,
    seen: `the other was gone and came back, longest wait ${longest} ms`,
    ...{ rssMib, descriptors, lost: text },
  };
}

const missing = () => natsMissing || undefined;

export const clusterFaults: readonly Fault[] = [
  {
    kind: "cluster",
    name: "NATS is killed and comes back",
    isShort: true,
    missing,
    run: withoutNats,
  },
  { kind: "cluster", name: "a node is frozen (SIGSTOP)", isShort: false, missing, run: frozenNode },
];
