/** Nodes of a cluster whose NATS server is killed, which freeze, end and come back, share a name, or are sent what is no message. */
import { setTimeout as wait } from "node:timers/promises";
import { natsMissing } from "@swarmtide/test-kit";
import { ClusterNodes } from "./cluster-nodes.ts";
import type { Fault, FaultContext, Outcome } from "./fault.ts";

const AWAY_MILLISECONDS = { full: 30_000, short: 1000 } as const;
/** Longer than two nodes of one name go on until they are told. */
const TWINS_MILLISECONDS = 31_000;
const SAME_NAME = /two nodes have this name/;
const DROPPED = "swarmtide_cluster_dropped_records_total";
const DROPPED_MESSAGES = "swarmtide_cluster_dropped_messages_total";
/** Of a node in half a minute: hellos, a stream, and what is announced. A storm has thousands. */
const MESSAGES_MAX = 500;

/** The server dies and comes back: what is announced meanwhile is dropped, counted, and there again. */
async function withoutNats(context: FaultContext): Promise<Outcome> {
  const nodes = await ClusterNodes.start(context);
  const { nats, a, b } = nodes;
  await nats.kill();
  await a.says(/lost the connection to NATS server/);
  await nodes.announce(1001);
  const dropped = await nodes.untilMetric(`${DROPPED}{reason="outbound"}`, (value) => value > 0);
  await wait(AWAY_MILLISECONDS[context.size]);
  const before = a.output.length;
  const out = 'swarmtide_cluster_messages_total{direction="out"}';
  const messagesBefore = await nodes.metric(out);
  await nats.run();
  await a.says(/connected to NATS server/, before);
  const healed = await nodes.untilSeeders(b, 1);
  const messages = (await nodes.metric(out)) - messagesBefore;
  return nodes.end(
    messages < MESSAGES_MAX,
    `${dropped} announces not sent and counted; the other had them ${healed} ms after a was connected again, with ${messages} messages`,
  );
}

/** One node stands still, is cut off by the server, goes on, and gets what it missed. */
async function frozenNode(context: FaultContext): Promise<Outcome> {
  const nodes = await ClusterNodes.start(context);
  const { nats, b } = nodes;
  b.signal("SIGSTOP");
  await nodes.announce(1001);
  // More than the buffers of the connection hold, for b alone.
  for (let sent = 0; !/Slow Consumer/.test(nats.log); sent++) {
    if (sent > FILLING_MESSAGES_MAX) return nodes.end(false, "the server never cut it off");
    await nats.publish("swarmtide.v1.to.b.x", FILLING);
  }
  await nodes.announce(1002);
  await wait(AWAY_MILLISECONDS[context.size]);
  b.signal("SIGCONT");
  const healed = await nodes.untilSeeders(b, 2);
  return nodes.end(true, `cut off by the server; had what it missed ${healed} ms after it went on`);
}

const FILLING = Buffer.alloc(256 * 1024);
const FILLING_MESSAGES_MAX = 5000;

/** A node is killed and started anew, and one is replaced by a hand-over. */
async function replacedNode(context: FaultContext): Promise<Outcome> {
  const nodes = await ClusterNodes.start(context);
  const { a } = nodes;
  await nodes.announce(1001);
  nodes.b.signal("SIGKILL");
  await nodes.b.ended();
  const handover = `[handover]\ncontrol_socket = "${context.scope.folder()}/control"\n`;
  const before = a.output.length;
  const second = await nodes.another("b", handover);
  await a.says(/node b joined/, before);
  await nodes.untilSeeders(second, 1);
  const again = a.output.length;
  const third = await nodes.another("b", handover, ["--take-over"]);
  await a.says(/node b joined/, again);
  await second.ended();
  await nodes.untilSeeders(third, 1);
  await wait(context.size === "full" ? TWINS_MILLISECONDS : 0);
  const isSilent = ![a, second, third].some(({ output }) => SAME_NAME.test(output));
  return nodes.end(isSilent, `each had all swarms; no warning: ${isSilent}`);
}

/** Two nodes have one name for more than half a minute. */
async function twins(context: FaultContext): Promise<Outcome> {
  const nodes = await ClusterNodes.start(context);
  const twin = await nodes.another("b");
  for (const node of [nodes.a, nodes.b, twin])
    await node.says(SAME_NAME, 0, TWINS_MILLISECONDS + 20_000);
  const warnings = nodes.a.output.split("\n").filter((line) => SAME_NAME.test(line)).length;
  await nodes.announce(1001);
  await nodes.untilSeeders(nodes.b, 1);
  await nodes.untilSeeders(twin, 1);
  return nodes.end(warnings === 1, `all three warned, a ${warnings} times; both have the swarms`);
}

/** A header of this version, a name, and a body that is not there. */
const TRUNCATED = Buffer.concat([
  Buffer.from("8a5357430001010100000000000000aa00000001", "hex"),
  Buffer.alloc(8),
  Buffer.from("00000064", "hex"),
  Buffer.from("x"),
]);
const NO_MESSAGES: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from("hello"),
  Buffer.alloc(65_000, 1),
  TRUNCATED,
  TRUNCATED.subarray(0, 20),
];
const OTHER_VERSION = Buffer.concat([Buffer.from("8a5357430009", "hex"), Buffer.alloc(60)]);

/** Anybody who may publish sends what is no message, or one of another version. */
async function strangeMessages(context: FaultContext): Promise<Outcome> {
  const nodes = await ClusterNodes.start(context);
  const { nats, a, b } = nodes;
  const rounds = context.size === "full" ? 20 : 3;
  for (let round = 0; round < rounds; round++) {
    for (const way of ["records.x", "to.a.x", "ws.all.x"])
      for (const bytes of NO_MESSAGES) await nats.publish(`swarmtide.v1.${way}`, bytes);
    await nats.publish("swarmtide.v1.records.x", OTHER_VERSION);
  }
  const sent = rounds * 3 * NO_MESSAGES.length;
  const reason = (name: string) => `${DROPPED_MESSAGES}{reason="${name}"}`;
  await nodes.untilMetric(reason("malformed"), (value) => value === sent);
  await nodes.untilMetric(reason("version"), (value) => value === rounds);
  const told = a.output.split("\n").filter((line) => /messages of version 9/.test(line)).length;
  await nodes.announce(1001);
  await nodes.untilSeeders(b, 1);
  return nodes.end(
    told === 1,
    `${sent} malformed and ${rounds} of another version dropped and counted, the version logged ${told} times`,
  );
}

const missing = () => natsMissing || undefined;
const fault = (name: string, run: Fault["run"], isShort = true): Fault => ({
  ...{ kind: "cluster", name, isShort, missing, run },
});

export const clusterFaults: readonly Fault[] = [
  fault("NATS is killed and comes back", withoutNats),
  fault("a node is frozen (SIGSTOP)", frozenNode),
  fault("a node restarts, and is handed over", replacedNode),
  fault("two nodes of one name", twins, false),
  fault("malformed messages and other versions", strangeMessages),
];
