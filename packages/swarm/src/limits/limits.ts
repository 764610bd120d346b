/**
 * The limits of [limits] on their way from the configuration to the threads: the main thread makes the settings once, as part
 * of the store's handle, and every thread that attaches to the store opens its own records on them. A reload gives those
 * other numbers (`SwarmStore.configureLimits`); the memory behind them stays what it was at the start.
 */
import { randomFillSync } from "node:crypto";
import { type Cidr, IPV4_BYTES } from "@swarmtide/bittorrent";
import { defaultConfig } from "@swarmtide/toml-config";
import type { ArenaCounts } from "../store/arenas.ts";
import { COUNTS_KEY_LENGTH, SECONDS_PER_TICK } from "../store/layout.ts";
import { exemptBlocksOf, type LimitsConfig, limitsSection } from "./config.ts";
import { AddressBlocks } from "./hot/address-blocks.ts";
import {
  AnnounceLimits,
  type AnnounceLimitsOptions,
  countedShardsOf,
  NO_REPEATS,
} from "./hot/announce-limits.ts";
import { SCRAPE_RATE_KEY_WORDS, SCRAPE_RATE_WORDS, ScrapeRate } from "./hot/scrape-rate.ts";

/** What the threads share; may be posted to a worker. */
export interface LimitsHandle {
  /** [limits], or undefined for no limits at all. */
  readonly config: LimitsConfig | undefined;
  /** Scrapes of this second, see scrape-rate.ts; nothing where there are no limits at all. */
  readonly scrapes: SharedArrayBuffer;
}

export function makeLimits(config: LimitsConfig | undefined): LimitsHandle {
  const isLimited = config !== undefined;
  const scrapes = new SharedArrayBuffer(isLimited ? SCRAPE_RATE_WORDS * 4 : 0);
  if (isLimited) new Int32Array(scrapes).set(randomFillSync(new Int32Array(SCRAPE_RATE_KEY_WORDS)));
  return { config, scrapes };
}

/** Whether peers are counted by address: not where both of these limits are off at the start. */
export const countsByAddress = (config: LimitsConfig | undefined): boolean =>
  config !== undefined && (config.maxPeersPerAddress > 0 || config.maxTorrentsPerAddress > 0);

/** How many shards count by address: of a limit that is off as many as of the default, so that a reload may set one. */
function shardsThatCount(config: LimitsConfig | undefined, shards: number): number {
  if (config === undefined || !countsByAddress(config)) return 0;
  const torrentsMax =
    config.maxTorrentsPerAddress || defaultConfig(limitsSection).maxTorrentsPerAddress;
  return countedShardsOf(torrentsMax, shards);
}

/** What the arenas count for the limits by address; undefined where there are none. */
export function arenaCountsOf(
  config: LimitsConfig | undefined,
  shards: number,
): ArenaCounts | undefined {
  if (!countsByAddress(config)) return undefined;
  return {
    key: randomFillSync(new Int32Array(COUNTS_KEY_LENGTH)),
    shards: shardsThatCount(config, shards),
  };
}

/** What the store of this thread asks about announces; `shards` are the store's. */
export function openAnnounceLimits(
  { config }: LimitsHandle,
  shards: readonly Int32Array[],
): AnnounceLimits {
  const counted = shardsThatCount(config, shards.length);
  return new AnnounceLimits(announceLimitsOf(config), shards, counted);
}

/** The part of the configuration that the store asks about. */
const announceLimitsOf = (config: LimitsConfig | undefined): AnnounceLimitsOptions => ({
  repeatTicksMax: config ? repeatTicksMaxOf(config.minAnnounceInterval) : NO_REPEATS,
  peersPerAddressMax: config?.maxPeersPerAddress ?? 0,
  torrentsPerAddressMax: config?.maxTorrentsPerAddress ?? 0,
  exempt: exemptOf(config),
});

/** Who has no limits. */
const exemptOf = (config: LimitsConfig | undefined): AddressBlocks =>
  layOutBlocks(config ? exemptBlocksOf(config) : []);

/** What this thread asks about scrapes. */
export function openScrapeRate({ config, scrapes }: LimitsHandle): ScrapeRate {
  const cells = new Int32Array(scrapes);
  return new ScrapeRate(config?.maxScrapesPerAddress ?? 0, exemptOf(config), cells);
}

/** Gives this thread's records the numbers of a reload. */
export function configureLimits(
  limits: AnnounceLimits,
  scrapeRate: ScrapeRate,
  config: LimitsConfig,
): void {
  limits.configure(announceLimitsOf(config));
  scrapeRate.configure(config.maxScrapesPerAddress, exemptOf(config));
}

/** The greatest distance in ticks at which two announces certainly lie less than `seconds` apart. */
function repeatTicksMaxOf(seconds: number): number {
  return Math.max(NO_REPEATS, Math.floor(seconds / SECONDS_PER_TICK) - 1);
}

/** The blocks as words for comparing. */
function layOutBlocks(blocks: readonly Cidr[]): AddressBlocks {
  const ipv4 = blocks.filter(({ address }) => address.length === IPV4_BYTES);
  const ipv6 = blocks.filter(({ address }) => address.length !== IPV4_BYTES);
  return new AddressBlocks(layOutFamily(ipv4), layOutFamily(ipv6));
}

function layOutFamily(blocks: readonly Cidr[]): Int32Array {
  const bytes = blocks.flatMap(({ address, prefixBits }) => [
    ...address,
    ...Array.from(
      address,
      (_, i) => (0xff00 >> Math.min(8, Math.max(0, prefixBits - 8 * i))) & 0xff,
    ),
  ]);
  return new Int32Array(Uint8Array.from(bytes).buffer);
}
