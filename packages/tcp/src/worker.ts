/** The thread of a worker for HTTP and WebTorrent. Started by server.ts; never imported. */
import { runWorker } from "@swarmtide/runtime";
import { openWebWorker } from "./open-worker.ts";

await runWorker(openWebWorker);
