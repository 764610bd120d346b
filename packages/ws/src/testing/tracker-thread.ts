/**
 * Two trackers in two threads, each with a client, joined by a message port: run as a worker by worker-batch.test.ts.
 *
 * The thread started first starts the second, plays the part of one client and reports what both have heard.
 */

import { fileURLToPath } from "node:url";
import {
  MessageChannel,
  type MessagePort,
  parentPort,
  Worker,
  workerData,
} from "node:worker_threads";
import { CounterTable } from "@swarmtide/metrics";
import { until } from "@swarmtide/test-kit";
import { defaultConfig } from "@swarmtide/toml-config";
import { wsSection } from "../config.ts";
import { wsCounters } from "../counters.ts";
import { WebTorrentTracker } from "../hot/tracker.ts";
import { elementAt } from "./element-at.ts";
import { offerOf, TestClient, wordsOf } from "./test-client.ts";

/** A tracker whose batches go over a port, as the owner of sockets would send them. */
function trackerOver(port: MessagePort, worker: number): WebTorrentTracker {
  const tracker = new WebTorrentTracker({
    worker,
    workers: 2,
    config: defaultConfig(wsSection),
    ownerSecret: 42,
    seed: Int32Array.of(worker, 1, 2, 3),
    counters: CounterTable.create(wsCounters, 1).row(0),
    clockMilliseconds: () => performance.now(),
    sendBatch: (_to, bytes) => {
      const copy = bytes.slice();
      port.postMessage(copy, [copy.buffer]);
    },
  });
  port.on("message", (bytes: Uint8Array) => {
    tracker.receiveBatch(1 - worker, bytes);
    tracker.flush();
  });
  return tracker;
}

async function playFirst(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const second = new Worker(fileURLToPath(import.meta.url), {
    workerData: { port: port2 },
    transferList: [port2],
  });
  const tracker = trackerOver(port1, 0);
  const ann = new TestClient(tracker);
  ann.announce({ torrent: "film", peer: "ann", left: 0 });
  tracker.flush();
  await until("the announce is answered", () => ann.take("announce").length > 0);
  second.postMessage("ann is there");
  await until("the other worker has sent something", () => ann.messages.length > 0);
  const offers = ann.take();
  ann.answer("ann", elementAt(offers, 0));
  tracker.flush();
  const answers = await new Promise<string[]>((resolve) => second.once("message", resolve));
  ann.scrape("film");
  tracker.flush();
  await until("the other worker has sent something", () => ann.messages.length > 0);
  parentPort?.postMessage({ offers: offers.map(wordsOf), answers, scrape: ann.takeWords() });
  await second.terminate();
  port1.close();
}

async function playSecond(port: MessagePort): Promise<void> {
  const tracker = trackerOver(port, 1);
  const bob = new TestClient(tracker);
  await new Promise((resolve) => parentPort?.once("message", resolve));
  bob.announce({ torrent: "film", peer: "bob", left: 1, offers: [offerOf("o1")] });
  tracker.flush();
  await until("the answer has come", () => bob.messages.some(({ kind }) => kind === "answer"));
  parentPort?.postMessage(bob.take("answer").map(wordsOf));
}

if (workerData?.threads === 2) await playFirst();
else if (workerData?.port) await playSecond(workerData.port);
