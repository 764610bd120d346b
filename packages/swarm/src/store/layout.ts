/**
 * Where everything lies in a shard's arena: constants for `hot/`, prose for the reader.
 *
 * A shard is one SharedArrayBuffer, seen as int32 words; a reference is a word index, 0 means "none". All threads see
 * the same memory; whoever holds the shard's lock owns it. Blocks have 2^k words (class k), see `hot/allocator.ts`.
 *
 * Shard header (words 0..191 of every arena; the bits of free blocks follow, then the blocks)
 *
 * | word    | name              | meaning                                                          |
 * |---------|-------------------|------------------------------------------------------------------|
 * | 0       | LOCK              | 0 free, 1 held, 2 held and somebody sleeps; its line is the holder's |
 * | 1       | NOTING            | 1 while changes are noted for another process, 2 when some were lost (`hot/change-log.ts`) |
 * | 2       | NOTED_WORDS       | words of changes noted and not taken yet                         |
 * | 3       | COUNTS            | where the counts by address begin, a multiple of 16, or 0 (`limits/hot/address-counts.ts`); its low four bits: log2 of their lines; bit 30: the shard counts by address alone as well |
 * | 32      | NEXT_FRESH        | first word never handed out                                      |
 * | 33      | END               | number of words of the arena                                     |
 * | 34      | FREE_CLASSES      | bit k is set when FREE_LISTS + k is not empty                    |
 * | 35      | TORRENT_DIRECTORY | reference of the directory: 2^depth page references              |
 * | 36      | TORRENT_DEPTH     | its depth, at least 1                                            |
 * | 37      | TORRENT_COUNT     | torrents stored                                                  |
 * | 38, 39  | PEER_COUNT        | peers stored, IPv4 then IPv6                                     |
 * | 40, 41  | SEEDER_COUNT      | seeders among them, IPv4 then IPv6                               |
 * | 42      | WORDS_FREE        | words in free blocks of at least 2^6 words                       |
 * | 43      | REFUSED           | torrents and peers not stored because the arena was full         |
 * | 44      | SLAB_WORDS_FREE   | words of free blocks in slab pages                               |
 * | 45      | GAVE_WAY          | torrents of a single peer that made room in a full arena         |
 * | 46      | KEPT_COUNT        | torrents without peers, kept for their completed count, of the last cleaning |
 * | 47      | COMPLETED_COUNT   | completions counted in all torrents, also in those that are gone |
 * | 64 + k  | FREE_LISTS        | first free block of class k, 6 to 24 (`hot/whole-blocks.ts`)     |
 * | 96 + k  | FREE_BITS         | where the bits of class k begin, one for each multiple of 2^k    |
 * | 128 + k | SLAB_DENSE_LISTS  | first dense page of class k, 1 to 5 (`hot/slab-pages.ts`)        |
 * | 136 + k | SLAB_SPARSE_LISTS | first sparse page of class k                                     |
 *
 * Torrent page (512 words): up to 51 torrents. Word 0 is count | depth << 16, word 1 unused, words 2..52 the first
 * info hash words (scanned in order), then the records of 9 words each:
 *
 * | word | name      | meaning                                                               |
 * |------|-----------|-----------------------------------------------------------------------|
 * | 0..3 |           | info hash words 1..4 (word 0 stands in the scan list)                  |
 * | 4    | COMPLETED | how many peers went from leecher to seeder here (BEP 48 `downloaded`)  |
 * | 5, 6 | SWARM_4   | IPv4 swarm: reference, meta                                           |
 * | 7, 8 | SWARM_6   | IPv6 swarm: reference, meta                                           |
 *
 * While neither family has peers, words 5 and 7 may both hold the mark of the hour since when (`kept-completed.ts`).
 *
 * A swarm's meta is 0 (no peers), negative (large: the reference is a large swarm header), or a small swarm's
 * class | renewed << 5 | leechers << 8 | seeders << 16, the reference being one slab of slots, leechers first. `renewed`
 * says that a peer has announced more than once: such a torrent does not give way to others (`hot/give-way.ts`).
 *
 * Peer slot: the address as it lies in a packet (1 word IPv4, 4 words IPv6), then the tail word: the port's two bytes
 * as they lie in a packet in the low half, the flags and the time in the high half.
 *
 * | bits of the tail | meaning                                                                  |
 * |------------------|--------------------------------------------------------------------------|
 * | 0..15            | port, packet order                                                       |
 * | 16..29           | tick of the last announce: seconds / 4, modulo 2^14                       |
 * | 30               | paused: a partial seed (BEP 21)                                          |
 * | 31               | its completed announce has been counted                                  |
 *
 * Example, 10.0.0.1 port 6881 (0x1AE1), seen in tick 3: words 0x0100000A, 0x0003E11A.
 *
 * Large swarm header (16 words): leechers, seeders, paused leechers, then for the leechers and for the seeders a
 * directory reference and its depth. Peer pages hold 63 IPv4 slots in 128 words (slots from word 2) or 51 IPv6 slots
 * in 256 words (slots from word 1); word 0 is count | depth << 16.
 */

export const LOCK = 0;
export const NOTING = 1;
export const NOTED_WORDS = 2;
export const COUNTS = 3;
export const NEXT_FRESH = 32;
export const END = 33;
export const FREE_CLASSES = 34;
export const TORRENT_DIRECTORY = 35;
export const TORRENT_DEPTH = 36;
export const TORRENT_COUNT = 37;
export const PEER_COUNT = 38;
export const SEEDER_COUNT = 40;
export const WORDS_FREE = 42;
export const REFUSED = 43;
export const SLAB_WORDS_FREE = 44;
export const GAVE_WAY = 45;
export const KEPT_COUNT = 46;
export const COMPLETED_COUNT = 47;
export const FREE_LISTS = 64;
export const FREE_BITS = 96;
export const SLAB_DENSE_LISTS = 128;
export const SLAB_SPARSE_LISTS = 136;
export const SHARD_HEADER_WORDS = 192;

/** 2^28 words: what an int32 word index reaches comfortably, and the largest block still fits. */
export const ARENA_BYTES_MAX = 2 ** 30;
/** The largest block: 2^24 words, a directory for some 500 million peers. */
export const BLOCK_CLASS_MAX = 24;
/** Smaller blocks come from slab pages; so every whole block begins on a cache line. */
export const WHOLE_BLOCK_CLASS_MIN = 6;
export const SLAB_BLOCK_CLASS_MAX = 5;
/** Slab pages are as large as torrent pages, so that each can become the other. */
export const SLAB_PAGE_CLASS = 9;
export const SLAB_HEADER_WORDS = 16;

export const PAGE_COUNT_MASK = 0xffff;
export const PAGE_DEPTH_SHIFT = 16;
/** Entries whose hashes share this many leading bits are not separated further; the insert is refused. */
export const PAGE_DEPTH_MAX = 24;

export const TORRENT_PAGE_CLASS = 9;
export const TORRENTS_PER_PAGE = 51;
export const TORRENT_SCAN = 2;
export const TORRENT_RECORDS = 53;
export const RECORD_WORDS = 9;
export const RECORD_COMPLETED = 4;
export const RECORD_SWARM_4 = 5;
export const RECORD_SWARM_6 = 7;

export const SLOT_WORDS_4 = 2;
export const SLOT_WORDS_6 = 5;

export const SMALL_CLASS_MASK = 0x1f;
export const SMALL_RENEWED = 0x20;
export const SMALL_LEECHERS_SHIFT = 8;
export const SMALL_SEEDERS_SHIFT = 16;
export const LARGE_META = -1;
/** A swarm that outgrows this many peers becomes large: 63 IPv4 slots scan as fast as one cache miss costs. */
export const SMALL_PEERS_MAX_4 = 63;
export const SMALL_PEERS_MAX_6 = 25;

export const LARGE_CLASS = 4;
export const LARGE_LEECHERS = 0;
export const LARGE_SEEDERS = 1;
export const LARGE_PAUSED = 2;
export const LARGE_LEECHER_SET = 3;
export const LARGE_SEEDER_SET = 5;

/** The low bits of COUNTS: the logarithm of the number of lines. */
export const COUNTS_LOG_MASK = 15;
/** Set in COUNTS where the shard counts by address alone; the bits between are the word where the counts begin. */
export const COUNTS_BY_ADDRESS = 0x40000000;
export const COUNTS_WORD_MASK = 0x3ffffff0;
/** Cells of a line of counts, one cache line; words of key before the lines; lines by address are one eighth of the others. */
export const COUNTS_CELLS = 16;
/** Words of the key, in a line of their own. */
export const COUNTS_KEY_LENGTH = 4;
export const COUNTS_KEY_WORDS = 16;
export const COUNTS_LINES_SHIFT = 3;

export const PEER_PAGE_CLASS_4 = 7;
export const PEER_PAGE_CLASS_6 = 8;
export const PEERS_PER_PAGE_4 = 63;
export const PEERS_PER_PAGE_6 = 51;

export const PORT_MASK = 0xffff;
export const TICK_SHIFT = 16;
export const TICK_MASK = 0x3fff;
export const SECONDS_PER_TICK = 4;
/** A peer older than half of the ticks could be mistaken for a young one. */
export const PEER_AGE_SECONDS_MAX = (TICK_MASK >> 1) * SECONDS_PER_TICK;
/**
 * A peer may be younger than the tick that it is held against: a pass of cleaning keeps the tick of its beginning while
 * announces go on, for 68 minutes at most. Greater differences are ages.
 */
export const TICKS_AHEAD_MAX = 1024;
/** Lower than every age: removes everybody. */
export const NO_AGE = -TICKS_AHEAD_MAX - 1;
/** The greatest age that can be told from a peer of the future. */
export const KEPT_AGE_SECONDS_MAX = (TICK_MASK - TICKS_AHEAD_MAX) * SECONDS_PER_TICK;
export const PAUSED_BIT = 0x40000000;
export const COMPLETED_BIT = 0x80000000 | 0;

/** Hours without peers, modulo 2^14: 682 days. */
export const EMPTY_HOURS_MASK = 0x3fff;
/** Completed counts are kept for at most a year, so that an hour of long ago is never taken for a recent one. */
export const KEEP_COMPLETED_DAYS_MAX = 365;

// What the tables above promise. A layout that breaks one of these would mix up memory without a sound.
const SLOT_TAIL_FLAGS = PAUSED_BIT | COMPLETED_BIT;
for (const [relation, holds] of [
  ["a class has slab pages or whole blocks", SLAB_BLOCK_CLASS_MAX + 1 === WHOLE_BLOCK_CLASS_MIN],
  ["free lists end before the free bits", FREE_LISTS + BLOCK_CLASS_MAX < FREE_BITS],
  ["free bits end before the slab lists", FREE_BITS + BLOCK_CLASS_MAX < SLAB_DENSE_LISTS],
  [
    "dense lists end before the sparse",
    SLAB_DENSE_LISTS + SLAB_BLOCK_CLASS_MAX < SLAB_SPARSE_LISTS,
  ],
  ["slab lists end with the header", SLAB_SPARSE_LISTS + SLAB_BLOCK_CLASS_MAX < SHARD_HEADER_WORDS],
  [
    "a slab page holds three of the largest blocks: half of them are less than all but one",
    (1 << SLAB_PAGE_CLASS) - SLAB_HEADER_WORDS >= 3 << SLAB_BLOCK_CLASS_MAX,
  ],
  ["the renewed bit lies above the class", SMALL_RENEWED > SMALL_CLASS_MASK],
  ["the renewed bit lies below the leechers", SMALL_RENEWED < 1 << SMALL_LEECHERS_SHIFT],
  ["records follow the scan list", TORRENT_SCAN + TORRENTS_PER_PAGE === TORRENT_RECORDS],
  [
    "records fit their page",
    TORRENT_RECORDS + TORRENTS_PER_PAGE * RECORD_WORDS <= 1 << TORRENT_PAGE_CLASS,
  ],
  ["a record holds four words of info hash first", RECORD_COMPLETED === 4],
  ["a record ends with two swarms", RECORD_SWARM_6 === RECORD_SWARM_4 + 2],
  ["a record holds nothing else", RECORD_SWARM_6 + 2 === RECORD_WORDS],
  ["a large header holds two sets", LARGE_SEEDER_SET + 2 <= 1 << LARGE_CLASS],
  ["IPv4 slots fill their page", 2 + PEERS_PER_PAGE_4 * SLOT_WORDS_4 === 1 << PEER_PAGE_CLASS_4],
  ["IPv6 slots fill their page", 1 + PEERS_PER_PAGE_6 * SLOT_WORDS_6 === 1 << PEER_PAGE_CLASS_6],
  ["a small swarm that grew fits a page", SMALL_PEERS_MAX_4 <= PEERS_PER_PAGE_4],
  ["a small IPv6 swarm that grew fits a page", SMALL_PEERS_MAX_6 <= PEERS_PER_PAGE_6],
  [
    "a small swarm's count fits its eight bits of meta",
    SMALL_PEERS_MAX_4 < 1 << (SMALL_SEEDERS_SHIFT - SMALL_LEECHERS_SHIFT),
  ],
  ["the largest block's class fits meta", BLOCK_CLASS_MAX <= SMALL_CLASS_MASK],
  ["a year of hours is told from none", KEEP_COMPLETED_DAYS_MAX * 24 < EMPTY_HOURS_MASK],
  [
    "counts begin below their flag",
    (ARENA_BYTES_MAX >>> 2) - 1 <= (COUNTS_WORD_MASK | COUNTS_LOG_MASK) &&
      (COUNTS_BY_ADDRESS & COUNTS_WORD_MASK) === 0,
  ],
  ["a page's count fits below its depth", PEERS_PER_PAGE_4 <= PAGE_COUNT_MASK],
  ["the tick lies above the port", ((TICK_MASK << TICK_SHIFT) & PORT_MASK) === 0],
  ["the tick lies below the flags", ((TICK_MASK << TICK_SHIFT) & SLOT_TAIL_FLAGS) === 0],
] as const)
  if (!holds) throw new Error(`layout.ts contradicts itself: expected that ${relation}`);
