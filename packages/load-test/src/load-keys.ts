/** The keys that every load test has. */
import { integer, socketAddress } from "@swarmtide/toml-config";

export const serverAddressKey = socketAddress({
  default: { host: "127.0.0.1", port: 3000 },
  family: "any",
  doc: "The tracker, IPv4 or IPv6.",
});

export const warmupKey = integer({
  ...{ default: 0, min: 0, max: 3600, unit: "seconds" },
  doc: "Replies of these first seconds are left out of the latency percentiles, because clients still connect and code is still compiled. All other figures count from the start.",
});

export const durationKey = integer({
  ...{ default: 0, min: 0, max: 31_536_000, unit: "seconds" },
  doc: "How long the load lasts; 0 until Ctrl-C.",
});
