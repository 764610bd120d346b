/** A node of a test on a real NATS server: the connection and the node, with a small store and no clients. */
import { randomBytes } from "node:crypto";
import { CounterTable } from "@swarmtide/metrics";
import { createSwarmStore } from "@swarmtide/swarm";
import { until } from "@swarmtide/test-kit";
import { defaultConfig } from "@swarmtide/toml-config";
import { ClusterNode } from "../cluster-node.ts";
import { type ClusterConfig, clusterSection } from "../config.ts";
import { clusterCounters } from "../counters.ts";
import { readAccess } from "../credentials.ts";
import { NatsBus } from "../nats-bus.ts";
import { Subjects } from "../subjects.ts";
import { keepingLog } from "./test-node.ts";

/** A test, or whatever else undoes things at its end. */
interface TestScope {
  after(undo: () => unknown): void;
}

export class LiveNode {
  readonly lines: string[] = [];
  readonly bus: NatsBus;
  /** Subjects of all messages that came. */
  readonly heard: string[] = [];

  /** Connects with these settings, in place of the defaults, until the test is over. */
  constructor(t: TestScope, settings: Partial<ClusterConfig> & { readonly name: string }) {
    const config = { ...defaultConfig(clusterSection), ...settings };
    const subjects = new Subjects(config.subject, config.name);
    const counters = CounterTable.create(clusterCounters, 1).row(0);
    const surroundings = { counters, log: keepingLog(this.lines), random: Math.random };
    this.bus = new NatsBus({
      ...{ ...surroundings, access: readAccess(config), clientName: config.name, subjects },
      onConnect: () => node.connected(),
      onMessage: (way, subject, bytes) => {
        this.heard.push(subject);
        node.receive(way, subject, bytes);
      },
    });
    const node = new ClusterNode({
      ...{ ...surroundings, bus: this.bus, subjects, channels: [], joinAgeSeconds: undefined },
      own: { name: config.name, instance: randomBytes(8).toString("hex") },
      store: createSwarmStore({ memoryBytesMax: 2 ** 23 }),
      ...{
        nowSeconds: () => 0,
        nowMilliseconds: () => performance.now(),
        timeMilliseconds: Date.now,
      },
      source: { gather: () => false, takeDropped: () => 0 },
      sink: { apply() {} },
      ...{ peerAgeSecondsMax: () => 1200, keepCompletedSeconds: () => 0, peers: () => 0 },
      accessList: () => undefined,
    });
    const running = this.bus.run();
    const timer = setInterval(() => node.look(), 10);
    t.after(async () => {
      clearInterval(timer);
      await this.bus.close(100);
      await running;
    });
  }

  /** Waits until its log has such a line. */
  async says(pattern: RegExp): Promise<string> {
    const line = await until(`the log has ${pattern} in:\n${this.lines.join("\n")}`, () =>
      this.lines.find((one) => pattern.test(one)),
    );
    return line ?? "";
  }
}
