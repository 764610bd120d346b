/** Tries the NATS servers of a configuration, one by one, as a node would use them; `swarmtide doctor` calls it. Main thread. */
import { connect } from "@nats-io/transport-node";
import { type ClusterConfig, nodeNameOf } from "./config.ts";
import type { Access } from "./credentials.ts";
import { type Failure, failureOf } from "./failures.ts";
import { MESSAGE_BYTES_MAX } from "./messages/layout.ts";
import { connectionOptions } from "./nats-bus.ts";
import { Subjects } from "./subjects.ts";

export interface ServerTrial {
  readonly server: string;
  /** What is wrong; undefined where a node can use it. */
  readonly problem: string | undefined;
  /** What to do about it. */
  readonly remedy: string;
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
  const failures: Failure[] = [];
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
          if (error !== null) failures.push(failureOf(error, access, server));
        },
      });
    await connection.flush();
    await connection.close();
    if (payloadMax < MESSAGE_BYTES_MAX)
      failures.push({
        key: `cluster.servers = ["${server}"]`,
        reason: `it takes messages of ${payloadMax} bytes at most`,
        expected: `${MESSAGE_BYTES_MAX} or more`,
        remedy: "raise max_payload in its configuration",
      });
  } catch (error) {
    failures.push(failureOf(error, access, server));
  }
  const texts = failures.map(
    ({ key, reason, expected }) => `${key}: ${reason}; expected ${expected}`,
  );
  const remedies = new Set(failures.map(({ remedy }) => remedy));
  if (failures.length === 0) return { server, problem: undefined, remedy: "", version };
  return { server, problem: texts.join("; "), remedy: [...remedies].join("; "), version };
}
