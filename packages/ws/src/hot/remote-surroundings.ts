/** What the part that knows the peers on other nodes (remote-peers.ts) asks of its worker. Implemented by `WorkerState`. */
import type { CounterRow } from "@swarmtide/metrics";
import type { Admission } from "@swarmtide/swarm";
import type { WsConfig } from "../config.ts";
import type { Delivery } from "./delivery.ts";
import type { RandomWords } from "./random-words.ts";
import type { Swarms } from "./swarms.ts";

export interface RemoteSurroundings {
  readonly worker: number;
  readonly workers: number;
  readonly config: WsConfig;
  readonly counters: CounterRow<"ws">;
  readonly delivery: Delivery;
  readonly swarms: Swarms;
  readonly random: RandomWords;
  readonly admission: Admission;
  readonly nowSeconds: number;
  readClock(): void;
  ownerOf(infoHashes: Uint8Array, at: number): number;
}
