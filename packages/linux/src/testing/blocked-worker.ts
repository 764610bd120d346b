/**
 * A worker thread for the tests: blocks in a poller without a timeout until the wake descriptor is written, then posts
 * what it drained from it.
 */
import { parentPort, workerData } from "node:worker_threads";
import { ConnectionPoller, POLL_READABLE } from "../hot/connection-poller.ts";
import { ReadinessPoller } from "../hot/readiness-poller.ts";
import { drainWakeFd } from "./wake-fd.ts";

const { fd, kind }: { fd: number; kind: string } = workerData;
if (kind === "ConnectionPoller") {
  const poller = new ConnectionPoller(1);
  poller.add(fd, 0, POLL_READABLE);
  parentPort?.postMessage("about to block");
  poller.wait(-1);
  poller.close();
} else {
  const poller = new ReadinessPoller([fd]);
  parentPort?.postMessage("about to block");
  poller.wait(-1);
}
parentPort?.postMessage(drainWakeFd(fd));
