/** [limits] of the configuration file: what one address and one peer may ask for. Read on the main thread. */
import { type Cidr, parseCidr } from "@swarmtide/bittorrent";
import { type ConfigOf, choice, integer, list, path, section, text } from "@swarmtide/toml-config";
import { ADDRESS_LIST_MODES } from "./address-list.ts";
import { SCRAPES_PER_ADDRESS_MAX } from "./hot/scrape-rate.ts";

/** A repeat does not renew its peer: with more than this a client that announces often could expire between two. */
const MIN_ANNOUNCE_INTERVAL_SECONDS_MAX = 300;

/** [limits] */
export const limitsSection = section(
  "What one address and one peer may ask for. 0 switches a limit off; docs/limits.md says how the defaults were chosen.",
  {
    min_announce_interval: integer({
      reload: true,
      default: 30,
      min: 0,
      max: MIN_ANNOUNCE_INTERVAL_SECONDS_MAX,
      unit: "seconds",
      doc: "A peer that announces again sooner gets counts and no peers, unless the announce has an event or changes its role. Never more than half of the interval that its protocol tells clients. The store's clock ticks every four seconds: only what is certainly too early counts as a repeat.",
    }),
    max_peers_per_address: integer({
      reload: true,
      default: 128,
      min: 0,
      max: 65_535,
      doc: "Peers of one address (IPv6: one /64) in one torrent. A further one gets an error and is not kept.",
    }),
    max_torrents_per_address: integer({
      reload: true,
      default: 100_000,
      min: 0,
      max: 1_000_000_000,
      doc: "Torrents that one address (IPv6: one /64) is in at a time, each counted once for each of its peers there. One more gets an error and is not kept.",
    }),
    max_scrapes_per_address: integer({
      reload: true,
      default: 100,
      min: 0,
      max: SCRAPES_PER_ADDRESS_MAX,
      unit: "scrapes a second",
      doc: "Scrapes of one address (IPv6: one /64) in one second. A further one gets an error.",
    }),
    address_list_mode: choice({
      reload: true,
      default: "off",
      choices: ADDRESS_LIST_MODES,
      doc: '"deny" refuses the addresses of the list, "allow" all others, "off" none.',
    }),
    address_list_path: path({
      reload: true,
      default: "./address-list.txt",
      doc: "The list. Each line is an address, a network such as 10.0.0.0/8, or a first and a last address with a hyphen between them; blank lines and text after a # are ignored. SIGUSR1 and SIGHUP read it again.",
    }),
    exempt: list({
      reload: true,
      default: ["127.0.0.0/8", "::1"],
      doc: "Addresses and networks without limits. A proxy that hides its clients belongs here.",
      of: text({
        default: "127.0.0.1",
        doc: "",
        expected: 'an IP address or network, such as "10.0.0.0/8"',
      }),
    }),
  },
  ({ exempt }) => {
    const wrong = exempt.find((range) => parseCidr(range) === undefined);
    return wrong === undefined
      ? undefined
      : {
          key: "exempt",
          expected: `addresses and networks without bits behind the prefix, not "${wrong}"`,
        };
  },
);

export type LimitsConfig = ConfigOf<typeof limitsSection>;

/**
 * The limits for clients that are told to come back after so many seconds: whoever waits half of that is no repeat, however long
 * `min_announce_interval` is. A site may ask for ten seconds, and the reply may name a tenth less.
 */
export const limitsWithin = (limits: LimitsConfig, toldSeconds: number): LimitsConfig => ({
  ...limits,
  minAnnounceInterval: Math.min(limits.minAnnounceInterval, Math.floor(toldSeconds / 2)),
});

/** The blocks of `exempt`. */
export function exemptBlocksOf({ exempt }: LimitsConfig): readonly Cidr[] {
  return exempt.map(parseCidr).filter((cidr) => cidr !== undefined);
}
