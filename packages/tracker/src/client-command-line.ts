/** The commands `swarmtide announce`, `scrape` and `check` and their options. Read by command-line.ts and client-commands.ts. */
import type { Command, CommandOption } from "@swarmtide/runtime";

const FAMILY_OPTIONS: readonly CommandOption[] = [
  { long: "ipv4", short: "4", summary: "use IPv4 only" },
  { long: "ipv6", short: "6", summary: "use IPv6 only" },
  { long: "insecure", summary: "accept untrusted certificates" },
  { long: "timeout", value: "SECONDS", summary: "give up after SECONDS (15)" },
  { long: "json", summary: "print JSON" },
];

/** Announces a peer and prints what the tracker returns. */
const ANNOUNCE: Command = {
  words: ["announce"],
  takesConfig: false,
  summary: "announce a peer to a tracker and print what it returns",
  operands: ["TRACKER_URL", "INFO_HASH…"],
  options: [
    { long: "left", value: "BYTES", summary: "bytes left to download; 0 for a seeder (1)" },
    { long: "port", value: "PORT", summary: "the peer's port (6881)" },
    { long: "event", value: "EVENT", summary: "started, completed, stopped or paused" },
    { long: "peers", value: "COUNT", summary: "how many peers to ask for" },
    ...FAMILY_OPTIONS,
  ],
};

/** Asks for the counts of torrents. */
export const SCRAPE: Command = {
  words: ["scrape"],
  takesConfig: false,
  summary: "ask a tracker for the counts of torrents",
  operands: ["TRACKER_URL", "INFO_HASH…"],
  options: FAMILY_OPTIONS,
};

/** Checks a tracker over both families. */
export const CHECK: Command = {
  words: ["check"],
  takesConfig: false,
  summary: "check a tracker the way lists of public trackers do",
  operands: ["TRACKER_URL"],
  options: FAMILY_OPTIONS,
};

/** The commands of this file. */
export const CLIENT_COMMANDS: readonly Command[] = [ANNOUNCE, SCRAPE, CHECK];
