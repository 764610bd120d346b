/** Several trackers as one: announces and swarms between nodes, over NATS. */
export { type ClusterConfig, clusterSection, nodeNameOf } from "./config.ts";
export * as clusterColumns from "./counters.ts";
export { type Access, readAccess } from "./credentials.ts";
export { ClusterLinks } from "./links.ts";
export { type ClusterServer, startCluster } from "./start-cluster.ts";
export { tryServers } from "./try-servers.ts";
