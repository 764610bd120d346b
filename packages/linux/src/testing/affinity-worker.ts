/** A worker thread for the tests: pins itself to a processor and posts where it may run according to the kernel. */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { onlineCpus, setThreadAffinity } from "../threads.ts";

setThreadAffinity([workerData.cpu]);
const status = readFileSync("/proc/thread-self/status", "utf8");
const listed = /^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1];
parentPort?.postMessage({ listed, cpus: onlineCpus() });
