/** The process stopped and continued: peers, connections and timers must not suffer for it. */

import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { WebSocket } from "ws";
import { UdpPeers } from "../clients/udp-peers.ts";
import type { Scope } from "../scope.ts";
import { TrackerProcess } from "../tracker-process.ts";
import { CONFIG, type Fault, type FaultContext, type Outcome, Watch } from "./fault.ts";

const SWARM = Buffer.alloc(20, "stopped");
export const SWARM_PEERS = 500;
const AGE_SECONDS = 20;
const CLEANING_SECONDS = 1;
/** After so long a peer that has not announced is forgotten. */
export const PATIENCE_SECONDS: number = AGE_SECONDS + 6;
const SHORT_STOP_SECONDS = 12;
const FULL_STOP_SECONDS = 60;
/** A connection may be idle for that long: less than the stop. */
const IDLE_SECONDS = 10;

/** Peers and connections that live for some seconds. */
export const STOPPED_CONFIG = `${CONFIG.replace("[web]", "peer_announce_interval = 10\n[web]")}
max_connection_idle = ${IDLE_SECONDS}
[http]
peer_announce_interval = 10
peer_min_announce_interval = 5
[ws]
peer_announce_interval = 10
max_peer_age = 12
max_connection_idle = ${IDLE_SECONDS}
ping_interval = 9
[swarm]
max_peer_age = ${AGE_SECONDS}
torrent_cleaning_interval = ${CLEANING_SECONDS}
`;

/** Peers of a swarm and idle connections of both kinds, and which of those the tracker closes. */
export async function settle(scope: Scope, tracker: TrackerProcess, swarm: Buffer) {
  const { udp, http } = tracker.ports();
  const peers = await UdpPeers.open(udp);
  scope.after(() => peers.close());
  await peers.announceAll(swarm, 2000, SWARM_PEERS);
  const kept = connect({ host: "127.0.0.1", port: http });
  const client = new WebSocket(`ws://127.0.0.1:${http}`);
  scope.after(() => kept.destroy());
  scope.after(() => client.terminate());
  await Promise.all([once(kept, "connect"), once(client, "open")]);
  const closed: string[] = [];
  kept.on("error", () => {}).once("close", () => closed.push("the kept connection"));
  client.on("error", () => {}).once("close", () => closed.push("the WebSocket"));
  const count = async () => (await peers.scrape(swarm))?.leechers;
  return { closed, count };
}

async function stopped({ scope, size }: FaultContext): Promise<Outcome> {
  const seconds = size === "full" ? FULL_STOP_SECONDS : SHORT_STOP_SECONDS;
  const tracker = await TrackerProcess.start(scope, { config: STOPPED_CONFIG });
  const { closed, count } = await settle(scope, tracker, SWARM);
  const watch = new Watch(tracker);
  tracker.signal("SIGSTOP");
  await wait(seconds * 1000);
  tracker.signal("SIGCONT");
  // Two passes of cleaning, and every sweep and tick.
  await wait((2 * CLEANING_SECONDS + 1) * 1000);
  const after = await count();
  const closedAtOnce = [...closed];
  await wait(PATIENCE_SECONDS * 1000);
  const late = await count();
  const { rssMib, descriptors } = watch.end();
  const told = /stood still for \d+ s/.exec(tracker.output)?.[0] ?? "nothing said";
  const { code } = await tracker.stop();
  return {
    holds: code === 0 && after === SWARM_PEERS && late === 0 && closedAtOnce.length === 0,
    seen: `${after} of ${SWARM_PEERS} peers there afterwards, ${late} once their age of ${AGE_SECONDS} s was served; closed at once: ${closedAtOnce.join(", ") || "no connection"}; "${told}"`,
    ...{ rssMib, descriptors },
  };
}

export const timeFaults: readonly Fault[] = [
  {
    kind: "time",
    name: "SIGSTOP for longer than peers and connections live, SIGCONT",
    isShort: false,
    run: stopped,
  },
];
