/** The worker of worker-group.test.ts and of chrooted-program.ts: behaves as its setup says. */
import { runWorker, type Serving, type Steering } from "../worker-thread.ts";

/** `behaviour` of the worker, and the first settings, which it shows with every reload as a hint. */
function open(behaviour: string, settings: string, hint: (line: string) => void): Serving<string> {
  if (behaviour === "throw") throw new RangeError("seven is too many");
  if (behaviour === "exit") process.exit(3);
  const serving: Serving<string> = {
    reload: (news) => hint(`${settings} → ${news}`),
    drain: () => hint("drained"),
    stop() {
      if (behaviour === "throw at stop") throw new Error("late");
    },
  };
  const run = (steering: Steering): void => {
    if (behaviour === "return") return;
    while (steering.sleep(5) || behaviour === "spin");
  };
  return behaviour === "event loop" ? serving : { ...serving, run };
}

await runWorker(open);
