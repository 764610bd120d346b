import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { totalmem } from "node:os";
import { test } from "node:test";
import { cgroupsMissing, limitedCgroup } from "@swarmtide/test-kit";
import { availableMemory } from "./available-memory.ts";

const MIB = 2 ** 20;
/** A host with 8 GiB. */
const MEMINFO = "MemTotal:        8388608 kB\nMemFree:         1000000 kB\n";
const V2_MOUNT = "24 30 0:22 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
const V1_MOUNTS = `33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;

/** A machine with these files, and no others. */
function machine(files: Record<string, string>) {
  const all: Record<string, string> = { "/proc/meminfo": MEMINFO, ...files };
  return availableMemory((path) => {
    const text = all[path];
    if (text === undefined) throw new Error(`ENOENT ${path}`);
    return text;
  });
}

test("without a cgroup that limits it, the memory of the host is available", () => {
  assert.deepEqual(machine({}), { bytes: 8192 * MIB, source: "the host" });
  const unlimited = machine({
    "/proc/self/cgroup": "0::/user.slice\n",
    "/proc/self/mountinfo": V2_MOUNT,
    "/sys/fs/cgroup/user.slice/memory.max": "max\n",
    "/sys/fs/cgroup/user.slice/memory.high": "max\n",
  });
  assert.deepEqual(unlimited, { bytes: 8192 * MIB, source: "the host" });
});

test("without /proc the operating system is asked", () => {
  const none = availableMemory(() => {
    throw new Error("ENOENT");
  });
  assert.deepEqual(none, { bytes: totalmem(), source: "the host" });
});

test("cgroup version 2: memory.max of the unit", () => {
  const unit = machine({
    "/proc/self/cgroup": "0::/system.slice/swarmtide.service\n",
    "/proc/self/mountinfo": V2_MOUNT,
    "/sys/fs/cgroup/system.slice/swarmtide.service/memory.max": "536870912\n",
    "/sys/fs/cgroup/system.slice/swarmtide.service/memory.high": "max\n",
    "/sys/fs/cgroup/system.slice/memory.max": "max\n",
  });
  assert.deepEqual(unit, {
    bytes: 512 * MIB,
    source: "cgroup /system.slice/swarmtide.service (memory.max)",
  });
});

test("cgroup version 2: memory.high counts too, and so does the limit of a cgroup above", () => {
  const files = {
    "/proc/self/cgroup": "0::/system.slice/swarmtide.service\n",
    "/proc/self/mountinfo": V2_MOUNT,
    "/sys/fs/cgroup/system.slice/swarmtide.service/memory.max": "1073741824\n",
    "/sys/fs/cgroup/system.slice/swarmtide.service/memory.high": "805306368\n",
  };
  assert.deepEqual(machine(files), {
    bytes: 768 * MIB,
    source: "cgroup /system.slice/swarmtide.service (memory.high)",
  });
  assert.deepEqual(machine({ ...files, "/sys/fs/cgroup/system.slice/memory.max": "268435456" }), {
    bytes: 256 * MIB,
    source: "cgroup /system.slice (memory.max)",
  });
});

test("cgroup version 2 in a container: its namespace makes its own cgroup the root", () => {
  const container = machine({
    "/proc/self/cgroup": "0::/\n",
    "/proc/self/mountinfo": V2_MOUNT,
    "/sys/fs/cgroup/memory.max": "268435456\n",
  });
  assert.deepEqual(container, { bytes: 256 * MIB, source: "cgroup / (memory.max)" });
});

test("cgroup version 2: a path outside of the namespace is read at the mount", () => {
  const outside = machine({
    "/proc/self/cgroup": "0::/../other.scope\n",
    "/proc/self/mountinfo": V2_MOUNT,
    "/sys/fs/cgroup/memory.max": "268435456\n",
  });
  assert.deepEqual(outside, { bytes: 256 * MIB, source: "cgroup / (memory.max)" });
});

test("cgroup version 1: memory.limit_in_bytes, also with version 2 mounted beside it", () => {
  const limited = machine({
    "/proc/self/cgroup": "4:memory:/docker/ab\n3:cpuset:/\n0::/\n",
    "/proc/self/mountinfo": V1_MOUNTS,
    "/sys/fs/cgroup/memory/docker/ab/memory.limit_in_bytes": "536870912\n",
    "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes": "9223372036854771712\n",
  });
  assert.deepEqual(limited, {
    bytes: 512 * MIB,
    source: "cgroup /docker/ab (memory.limit_in_bytes)",
  });
});

test("cgroup version 1 in a container: the host's path, with its own folder mounted", () => {
  const container = machine({
    "/proc/self/cgroup": "4:cpu,memory:/docker/ab\n",
    "/proc/self/mountinfo":
      "35 31 0:32 /docker/ab /sys/fs/cgroup/memory ro,nosuid master:5 - cgroup cgroup rw,cpu,memory\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "268435456\n",
  });
  assert.deepEqual(container, {
    bytes: 256 * MIB,
    source: "cgroup /docker/ab (memory.limit_in_bytes)",
  });
});

test("cgroup version 1: a real limit is what a process inside has", {
  skip: cgroupsMissing(),
}, (t) => {
  const processes = limitedCgroup(t, 300 * MIB);
  const module = new URL(
    import.meta.url.endsWith(".ts") ? "./available-memory.ts" : "./available-memory.js",
    import.meta.url,
  ).href;
  const script = `import("${module}").then((m) => console.log(JSON.stringify(m.availableMemory())))`;
  const inside = spawnSync(
    "/bin/sh",
    ["-c", 'echo $$ > "$1" && exec "$2" -e "$3"', "sh", processes, process.execPath, script],
    { encoding: "utf8" },
  );
  const { bytes, source } = JSON.parse(inside.stdout);
  assert.equal(bytes, 300 * MIB);
  assert.match(source, /^cgroup \/.*swarmtide-test-[\d-]+ \(memory\.limit_in_bytes\)$/);
});
