/** The program of privileges.test.ts: starts the blocking worker, drops privileges as told, and waits to be ended. */
import { describeFatal } from "../operator-error.ts";
import { dropPrivileges } from "../privileges.ts";
import { startGroup, workerModule } from "../worker-group.ts";

const [chrootPath = "", user = "", group = ""] = process.argv.slice(2);
const workers = startGroup<string, string>({
  entry: workerModule(import.meta.url, "obedient-worker"),
  workers: [{ name: "worker", setup: "serve" }],
  settings: "",
  onDeath: (reason) => {
    console.error(reason);
    process.exit(1);
  },
});
await workers.ready;
try {
  dropPrivileges({ dropPrivileges: true, chrootPath, user, group });
} catch (error) {
  console.error(describeFatal(error));
  process.exit(1);
}
console.log("dropped");
process.stdin.on("end", () => void workers.stop());
process.stdin.resume();
