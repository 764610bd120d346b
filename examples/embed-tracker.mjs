// A tracker inside another program, for example a test: free ports on loopback, stopped when it is done with.
import { readConfig } from "@swarmtide/toml-config";
import { startTracker, trackerSchema } from "swarmtide";

const settings = `
log_level = "error"
[udp]
address_ipv4 = "127.0.0.1:0"
use_ipv6 = false
[web]
address_ipv4 = "127.0.0.1:0"
use_ipv6 = false
`;
const tracker = await startTracker(readConfig(trackerSchema, settings, "embedded"));
for (const { protocol, address } of tracker.addresses)
  console.log(`${protocol}://${address}/announce`);
await tracker.stop();
