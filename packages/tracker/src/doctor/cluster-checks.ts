/** Whether the NATS servers of [cluster] take this node. Connects to each, which no other check does. Called by runDoctor. */
import { readAccess, tryServers } from "@swarmtide/cluster";
import { OperatorError } from "@swarmtide/runtime";
import type { TrackerConfig } from "../config.ts";
import type { Finding } from "./finding.ts";

const WHAT = "cluster";

/** Nothing where the cluster is off. */
export async function checkCluster({ cluster }: TrackerConfig): Promise<Finding[]> {
  if (cluster.servers.length === 0) return [];
  try {
    const trials = await tryServers(cluster, readAccess(cluster));
    // One that works is enough, and what the others lack is told all the same.
    const works = trials.some(({ problem }) => problem === undefined);
    return trials.map(({ server, problem, remedy, version }): Finding => {
      if (problem === undefined)
        return { what: WHAT, grade: "ok", reason: `${server}, NATS ${version}` };
      return {
        what: WHAT,
        grade: works ? "warning" : "error",
        reason: `${server}: ${problem}`,
        remedy,
      };
    });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return [{ what: WHAT, grade: "error", reason: error.message }];
  }
}
