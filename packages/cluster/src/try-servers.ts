/** Tries the NATS servers of a configuration, one by one, as a node would use them; `swarmtide doctor` calls it. Main thread. */
import { connect } from "@nats-io/transport-node";
import { type ClusterConfig, nodeNameOf } from "./config.ts";
import type { Access } from "./credentials.ts";
import { MESSAGE_BYTES_MAX } from "./messages/layout.ts";
import { connectionOptions, describeFailure } from "./nats-bus.ts";
import { Subjects } from "./subjects.ts";

export interface ServerTrial {
  readonly server: string;
  /** What is wrong; undefined where a node can use it. */
  readonly problem: string | undefined;
  /** What it is. */
  readonly version: string;
}

/** Connects to each server, subscribes as this node would, and publishes nothing. */
export async function tryServers(config: ClusterConfig, access: Access): Promise<ServerTrial[]> {
  const trials: ServerTrial[] = [];
  for (const server of config.servers) trials.push(await tryServer(server, config, access));
  return trials;
}

async function tryServer(
  server: string,
  config: ClusterConfig,
  access: Access,
): Promise<ServerTrial> {
  const problems: string[] = [];
  let version = "";
  try {
    const name = nodeNameOf(config);
    const options = connectionOptions({ ...access, servers: [server] }, `swarmtide ${name} doctor`);
    const connection = await connect(options);
    const { max_payload: payloadMax = 0, version: told = "" } = connection.info ?? {};
    version = told;
    for (const { subject } of new Subjects(config.subject, name).subscriptions)
      connection.subscribe(subject, {
        callback: (error) => {
          if (error !== null) problems.push(describeFailure(error));
        },
      });
    await connection.flush();
    await connection.close();
    if (payloadMax < MESSAGE_BYTES_MAX)
      problems.push(
        `takes messages of ${payloadMax} bytes; set max_payload to ${MESSAGE_BYTES_MAX}`,
      );
  } catch (error) {
    problems.push(describeFailure(error));
  }
  return { server, problem: problems.length === 0 ? undefined : problems.join("; "), version };
}
