/** Several nodes of a test on one broker, moved on together. */
import { FakeClock, RandomSource } from "@swarmtide/test-kit";
import { FakeBroker } from "./fake-bus.ts";
import { TestNode, type TestNodeOptions } from "./test-node.ts";

/** As the cluster thread looks. */
const STEP_MILLISECONDS = 10;

export class TestCluster {
  readonly clock = new FakeClock(1000);
  readonly broker = new FakeBroker();
  readonly nodes = new Set<TestNode>();
  readonly random: () => number;

  constructor(seed = 1) {
    // Seeds that follow each other begin alike.
    const source = new RandomSource(Math.imul(seed, 0x9e3779b1));
    for (let i = 0; i < 5; i++) source.word();
    this.random = () => source.fraction();
  }

  /** A node that starts and is connected. */
  start(name: string, options: Partial<TestNodeOptions> = {}): TestNode {
    const { broker, clock, random } = this;
    const node = new TestNode({ name, broker, clock, random, ...options });
    this.nodes.add(node);
    node.node.connected();
    return node;
  }

  /** A node that ends, with or without saying so. */
  end(node: TestNode, saysBye: boolean): void {
    if (saysBye) node.node.leave();
    node.connection.isUp = false;
    node.connection.member = undefined;
    this.nodes.delete(node);
  }

  cutOff(node: TestNode): void {
    node.connection.isUp = false;
  }

  connect(node: TestNode): void {
    node.connection.isUp = true;
    node.node.connected();
  }

  /** Time goes on for all. */
  pass(milliseconds: number): void {
    for (let passed = 0; passed < milliseconds; passed += STEP_MILLISECONDS) {
      this.clock.advanceMilliseconds(STEP_MILLISECONDS);
      for (const node of this.nodes) node.node.look();
      this.broker.deliver();
    }
  }

  /** Until no node is joining. */
  settle(): void {
    for (let looks = 0; looks < 1000; looks++) {
      if ([...this.nodes].every(({ node }) => !node.isJoining)) return;
      this.pass(STEP_MILLISECONDS);
    }
    throw new Error("a node is still joining after 10 seconds");
  }
}
