/** The thread of a UDP worker. Started by server.ts; never imported. */
import { runWorker } from "@swarmtide/runtime";
import { openUdpWorker } from "./open-worker.ts";

await runWorker(openUdpWorker);
