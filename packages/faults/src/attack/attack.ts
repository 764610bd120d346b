/**
 * `npm run attack:members -- --minutes 5`: seven addresses fill the tracker with memberships for so long. Prints a line every ten
 * seconds and a verdict. `--budget 128` sets `ws.max_memory` in MiB, so that the budget is full long before all are in; without
 * it the program runs on its defaults. Exit code 1 where something does not hold.
 */
import { parseArgs } from "node:util";
import { Scope } from "../scope.ts";
import { attackMembers } from "./attack-members.ts";
import { FULL_ATTACK } from "./member-attack.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    budget: { type: "string", default: "0" },
  },
});
Scope.endOnSignals();
const scope = new Scope();
const { holds, seen, rssMib, descriptors, lost } = await attackMembers(scope, {
  size: FULL_ATTACK,
  seconds: Number(values.minutes) * 60,
  budgetMib: Number(values.budget),
  onLine: (line) => console.log(line),
});
await scope.close();
console.log(
  `${seen}; memory ${rssMib} MiB; descriptors ${descriptors}; honest clients lost ${lost}`,
);
console.log(holds ? "held" : "did NOT hold");
process.exit(holds ? 0 : 1);
