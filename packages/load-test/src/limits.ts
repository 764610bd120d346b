/** [limits] of every load test. */
import { decimal, section } from "@swarmtide/toml-config";

export const limitsSection = section("Beyond these the program ends with exit code 1.", {
  max_error_percent: decimal({
    ...{ default: 1, min: 0, max: 100 },
    doc: "Errors and wrong answers among the requests.",
  }),
  max_lost_percent: decimal({ default: 5, min: 0, max: 100, doc: "Lost requests." }),
});
