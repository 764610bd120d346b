/**
 * Two networks of our own with a cable (veth) between them, the server's end here and the clients' in a child: made by the
 * bench of the engine `xdp` inside `unshare -nm`, and gone with its processes. ip(8), veth(4), Documentation/networking/scaling.rst.
 *
 * What arrives is handled on the core of whoever receives it (RPS), as a card's interrupts would be: without that the kernel
 * handles it on the sender's, and the server's work would hide in the tester's.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

export const SERVER_ADDRESS = "10.9.0.1";
const CLIENT_ADDRESS = "10.9.0.2";
/** Of the server's end. */
export const SERVER_INTERFACE = "inner";
export const CLIENT_INTERFACE = "outer";
/** Where each of the two networks sees its own interfaces. */
const SYSFS = "/tmp/swarmtide-sysfs";
const SERVER_FOLDER = `${SYSFS}/class/net/${SERVER_INTERFACE}`;
const TICKS_PER_SECOND = 100;

const ip = (command: string) => execFileSync("ip", command.split(" "), { encoding: "utf8" });

/** The network of the clients: commands run there on a core of their own. */
export class Cable {
  readonly #holder: ChildProcess;
  readonly #clientCpu: number;

  private constructor(holder: ChildProcess, clientCpu: number) {
    this.#holder = holder;
    this.#clientCpu = clientCpu;
  }

  static async lay(serverCpu: number, clientCpu: number): Promise<Cable> {
    ip("link set lo up");
    // The clients' end cuts what is sent as one message into datagrams itself: a card puts nothing else on the wire.
    ip(`link add ${SERVER_INTERFACE} type veth peer name ${CLIENT_INTERFACE} gso_max_segs 1`);
    ip(`addr add ${SERVER_ADDRESS}/24 dev ${SERVER_INTERFACE}`);
    ip(`link set ${SERVER_INTERFACE} up`);
    mkdirSync(SYSFS, { recursive: true });
    receiveOn(serverCpu);
    const script = `read line; ip link set lo up; ip addr add ${CLIENT_ADDRESS}/24 dev ${CLIENT_INTERFACE}
ip link set ${CLIENT_INTERFACE} up; mount -t sysfs sysfs ${SYSFS}
echo ${(1 << clientCpu).toString(16)} > ${SYSFS}/class/net/${CLIENT_INTERFACE}/queues/rx-0/rps_cpus
echo there; read line`;
    const holder = spawn("unshare", ["-nm", "sh", "-c", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(holder, "spawn");
    // The child has its own network once its namespace differs from ours.
    const ours = execFileSync("readlink", ["/proc/self/ns/net"], { encoding: "utf8" });
    while (execFileSync("readlink", [`/proc/${holder.pid}/ns/net`], { encoding: "utf8" }) === ours)
      await new Promise((resolve) => setTimeout(resolve, 10));
    ip(`link set ${CLIENT_INTERFACE} netns ${holder.pid}`);
    holder.stdin.write("go\n");
    await once(createInterface({ input: holder.stdout }), "line");
    return new Cable(holder, clientCpu);
  }

  /** Starts a command in the clients' network, on their core. */
  start(command: readonly string[], niceness = 0): ChildProcess {
    const inside = ["nsenter", "-t", `${this.#holder.pid}`, "-n"];
    const pinned = ["taskset", "-c", `${this.#clientCpu}`, "nice", "-n", `${niceness}`];
    const [program = "", ...words] = [...inside, ...pinned, ...command];
    return spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Has the kernel fetch what arrives at the server's end in a thread on that core: only for drivers' own mode. */
  receiveInThread(cpu: number): void {
    writeFileSync(`${SERVER_FOLDER}/threaded`, "1");
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      if (readThreadName(pid).startsWith(`napi/${SERVER_INTERFACE}-`))
        execFileSync("taskset", ["-pc", `${cpu}`, pid]);
  }

  /** Frames that have arrived at the server's end. */
  get received(): number {
    return Number(readFileSync(`${SERVER_FOLDER}/statistics/rx_packets`, "latin1"));
  }

  /** The Ethernet address of the server's end. */
  get serverMac(): string {
    return readFileSync(`${SERVER_FOLDER}/address`, "latin1").trim();
  }

  remove(): void {
    this.#holder.stdin?.end();
  }
}

function receiveOn(cpu: number): void {
  execFileSync("mount", ["-t", "sysfs", "sysfs", SYSFS]);
  writeFileSync(`${SERVER_FOLDER}/queues/rx-0/rps_cpus`, (1 << cpu).toString(16));
}

/** The name of a process; empty where it has just ended. */
function readThreadName(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "latin1");
  } catch {
    return "";
  }
}

/** Seconds for which a core was busy, the kernel's work for packets included: proc(5), /proc/stat. */
export function coreBusySeconds(cpu: number, text = readFileSync("/proc/stat", "latin1")): number {
  const line = new RegExp(`^cpu${cpu} +([\\d ]+)$`, "m").exec(text)?.[1] ?? "";
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(" ").map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}
