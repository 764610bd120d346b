/**
 * A process for the tests, started as root: with a worker thread already running it calls chroot and switchUser, then
 * prints as JSON what the kernel says about each of its threads and what it can still do.
 * Arguments: user, group, path for chroot.
 */
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { linuxSupported } from "../libc.ts";
import { chroot, findAccount, switchUser } from "../privileges.ts";
import { openUdpSocket } from "../sockets.ts";
import { SyscallError } from "../syscall-error.ts";

const [user = "", group = "", path] = process.argv.slice(2);
linuxSupported();
const worker = new Worker("setInterval(() => {}, 1000)", { eval: true });
await once(worker, "online");

// Groups to be rid of: whoever started the tests may have none.
process.setgroups?.([1, 2]);
const account = findAccount({ user, group });
if (path !== undefined) chroot(path);
switchUser(account);

let lowPort = "opened";
try {
  openUdpSocket({ family: 4, address: new Uint8Array(4), port: 79 });
} catch (error) {
  lowPort = error instanceof SyscallError ? error.message : String(error);
}
const tasks = existsSync("/proc/self/task")
  ? readdirSync("/proc/self/task").map((task) => {
      const status = readFileSync(`/proc/self/task/${task}/status`, "utf8");
      const field = (name: string) =>
        (new RegExp(`^${name}:[\\t ]*(.*)$`, "m").exec(status)?.[1] ?? "")
          .trim()
          .replace(/\s+/g, " ");
      return `${field("Uid")} / ${field("Gid")} / ${field("Groups")}`;
    })
  : [];
process.stdout.write(
  JSON.stringify({ account, tasks, lowPort, root: readdirSync("/"), folder: process.cwd() }),
);
process.exit(0);
