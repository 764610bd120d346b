import assert from "node:assert/strict";
import { test } from "node:test";
import {
  machineBusySeconds,
  parseMachineStat,
  parseProcessStat,
  parseProcessStatus,
  processCpu,
  processMemory,
} from "./process-sample.ts";

test("the CPU times of a process are found behind a name with blanks and brackets", () => {
  const text =
    "812 (a (bad) name) S 1 812 812 0 -1 4194560 100 0 0 0 251 1261 7 8 20 0 3 0 5000 1000 200";
  assert.deepEqual(parseProcessStat(text), { user: 2.51, system: 12.61 });
});

test("a text that is not a /proc/PID/stat is refused", () => {
  assert.throws(() => parseProcessStat("1 (x) S 1"), /Not the text/);
});

test("resident and peak memory are read in bytes", () => {
  const text = "Name:\tnode\nVmHWM:\t  180604 kB\nVmRSS:\t  180600 kB\nThreads:\t7\n";
  assert.deepEqual(parseProcessStatus(text), {
    residentBytes: 180600 * 1024,
    peakBytes: 180604 * 1024,
  });
  assert.throws(() => parseProcessStatus("Name:\tkthreadd\n"), /VmRSS/);
});

test("the machine's busy time counts everything but idle and waiting for disks", () => {
  //                       user nice system idle iowait irq softirq steal guest
  assert.equal(parseMachineStat("cpu  100 200 300 9999 8888 10 20 30 0 0\ncpu0 1 2 3\n"), 6.6);
});

test("this process and machine can be sampled", {
  skip: process.platform === "linux" ? false : "reads Linux' /proc",
}, () => {
  const { user, system } = processCpu(process.pid);
  assert.ok(user + system > 0);
  assert.ok(machineBusySeconds() >= user + system);
  const memory = processMemory(process.pid);
  assert.ok(memory.peakBytes >= memory.residentBytes && memory.residentBytes > 2 ** 20);
});
