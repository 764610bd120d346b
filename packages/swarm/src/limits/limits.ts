/**
 * The limits of [limits] on their way from the configuration to the threads: the main thread makes the settings once, as part
 * of the store's handle, and every thread that attaches to the store opens its own records on them.
 */
import { type Cidr, IPV4_BYTES } from "@swarmtide/bittorrent";
import { SECONDS_PER_TICK } from "../store/layout.ts";
import { exemptBlocksOf, type LimitsConfig } from "./config.ts";
import { AddressBlocks } from "./hot/address-blocks.ts";
import { AnnounceLimits, NO_REPEATS } from "./hot/announce-limits.ts";

/** What the threads share; may be posted to a worker. */
export interface LimitsHandle {
  /** [limits], or undefined for no limits at all. */
  readonly config: LimitsConfig | undefined;
}

export function makeLimits(config: LimitsConfig | undefined): LimitsHandle {
  return { config };
}

/** What the store of this thread asks. */
export function openAnnounceLimits({ config }: LimitsHandle): AnnounceLimits {
  if (config === undefined) return new AnnounceLimits(NO_REPEATS, layOutBlocks([]));
  return new AnnounceLimits(
    repeatTicksMaxOf(config.minAnnounceInterval),
    layOutBlocks(exemptBlocksOf(config)),
  );
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
