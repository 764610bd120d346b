import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { linuxSupported } from "./libc.ts";
import { SyscallError } from "./syscall-error.ts";
import { onlineCpus, setThreadAffinity } from "./threads.ts";

const skip = linuxSupported() ? false : "this machine is not a supported Linux";

describe("threads", { skip }, () => {
  test("a worker that pins itself stays on that processor and leaves this thread alone", async () => {
    const before = onlineCpus();
    assert.ok(before.length > 0);
    const cpu = before[before.length - 1];
    const worker = new Worker(new URL("./testing/affinity-worker.js", import.meta.url), {
      workerData: { cpu },
    });
    const [seen] = await once(worker, "message");
    assert.deepEqual(seen, { listed: String(cpu), cpus: [cpu] });
    assert.deepEqual(onlineCpus(), before);
  });

  test("a processor that does not exist is EINVAL with its number, nonsense is a RangeError", () => {
    assert.throws(
      () => setThreadAffinity([8191]),
      (error) =>
        error instanceof SyscallError &&
        error.code === "EINVAL" &&
        /processors 8191/.test(error.message),
    );
    for (const cpu of [-1, 8192, 0.5]) assert.throws(() => setThreadAffinity([cpu]), RangeError);
  });
});
