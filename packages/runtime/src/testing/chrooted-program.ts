/** The program of privileges.test.ts: starts the blocking worker, drops privileges as told, and waits to be ended. */
import { ControlBlock } from "../control-block.ts";
import { describeFatal } from "../operator-error.ts";
import { dropPrivileges } from "../privileges.ts";
import { startWorker, workerModule } from "../workers.ts";

const [chrootPath, user, group] = process.argv.slice(2);
const control = ControlBlock.create();
const worker = startWorker({
  name: "worker",
  entry: workerModule(import.meta.url, "obedient-worker"),
  data: { behaviour: "serve", control: control.buffer },
  onDeath: (reason) => {
    console.error(reason);
    process.exit(1);
  },
});
await worker.ready;
try {
  dropPrivileges({ dropPrivileges: true, chrootPath, user, group });
} catch (error) {
  console.error(describeFatal(error));
  process.exit(1);
}
console.log("dropped");
process.stdin.on("end", () => {
  worker.expectEnd();
  control.stop();
});
process.stdin.resume();
