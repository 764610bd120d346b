/** The keys that every load test has. */
import { integer, socketAddress } from "@swarmtide/toml-config";

export const serverAddressKey = socketAddress({
  default: { host: "127.0.0.1", port: 3000 },
  family: "any",
  doc: "The tracker, IPv4 or IPv6.",
});

export const warmupKey = integer({
  ...{ default: 0, min: 0, max: 3600, unit: "seconds" },
  doc: "Answers of the first seconds do not show in the latency percentiles: clients come and code is compiled. Everything else counts from the start.",
});

export const durationKey = integer({
  ...{ default: 0, min: 0, max: 31_536_000, unit: "seconds" },
  doc: "How long the load lasts; 0 until Ctrl-C.",
});
