/**
 * Which client uses which peer id: data only, read by client-name.ts.
 *
 * The codes are facts gathered from BEP 20, the BitTorrent specification wiki and the tables of open clients. A client
 * that is missing shows as `Other (XX)` until a line is added here.
 */

/**
 * How the characters behind an Azureus-style code tell the version. `1234` reads, in each style:
 * `a.b.c` 1.2.3 · `a.b.c.d` 1.2.3.4 · `a.b.c+` 1.2.3 and a stage for the fourth (`b` is beta) · `aa.bb` 12.34 ·
 * `a.bcd` 1.234 · `a.b` 1.2 · `none` no version. Digits go on with letters: `A` is 10. `ktorrent` is `a.b.c` or,
 * with a letter for c, `a.b` and a stage; `transmission` changed its mind twice; `webtorrent` is `aa.bb` with one
 * leading zero stripped from both.
 */
export type VersionStyle =
  | "a.b.c"
  | "a.b.c.d"
  | "a.b.c+"
  | "aa.bb"
  | "a.bcd"
  | "a.b"
  | "none"
  | "ktorrent"
  | "transmission"
  | "webtorrent";

/** Azureus style: `-`, two characters of code, four of version. */
export const AZUREUS_CODES: ReadonlyMap<string, readonly [name: string, style: VersionStyle]> =
  new Map([
    ["AD", ["Advanced Download Manager", "a.b.c"]],
    ["AG", ["Ares", "a.b.c.d"]],
    ["AR", ["Arctic", "a.b.c.d"]],
    ["AT", ["Artemis", "a.b.c.d"]],
    ["AV", ["Avicora", "a.b.c.d"]],
    ["AX", ["BitPump", "aa.bb"]],
    ["AZ", ["Vuze", "a.b.c.d"]],
    ["A~", ["Ares", "a.b.c"]],
    ["BB", ["BitBuddy", "a.bcd"]],
    ["BC", ["BitComet", "aa.bb"]],
    ["BE", ["BitTorrent SDK", "a.b.c.d"]],
    ["BF", ["Bitflu", "none"]],
    ["BG", ["BTG", "a.b.c.d"]],
    ["BH", ["BitZilla", "a.b.c.d"]],
    ["BI", ["BiglyBT", "a.b.c.d"]],
    ["BL", ["BitLord", "a.b.c"]],
    ["BM", ["BitMagnet", "a.b.c.d"]],
    ["BN", ["Baidu Netdisk", "none"]],
    ["BP", ["BitTorrent Pro", "a.b.c.d"]],
    ["BR", ["BitRocket", "a.b"]],
    ["BS", ["BTSlave", "a.b.c.d"]],
    ["BT", ["BitTorrent", "a.b.c+"]],
    ["BW", ["BitTorrent Web", "a.b.c+"]],
    ["BX", ["BittorrentX", "a.b.c.d"]],
    ["CD", ["Enhanced CTorrent", "aa.bb"]],
    ["CT", ["CTorrent", "a.b.c"]],
    ["DE", ["Deluge", "a.b.c+"]],
    ["DP", ["Propagate Data Client", "a.b.c.d"]],
    ["EB", ["EBit", "a.b.c.d"]],
    ["ES", ["Electric Sheep", "a.b.c"]],
    ["FC", ["FileCroc", "a.b.c.d"]],
    ["FD", ["Free Download Manager", "a.b.c"]],
    ["FG", ["FlashGet", "aa.bb"]],
    ["FL", ["Folx", "a.b"]],
    ["FT", ["FoxTorrent", "a.b.c.d"]],
    ["FW", ["FrostWire", "a.b.c"]],
    ["FX", ["Freebox BitTorrent", "a.b.c.d"]],
    ["G3", ["G3 Torrent", "none"]],
    ["GR", ["GetRight", "a.b.c.d"]],
    ["GS", ["GSTorrent", "a.b.c.d"]],
    ["HK", ["Hekate", "a.b.c.d"]],
    ["HL", ["Halite", "a.b.c"]],
    ["HN", ["Hydranode", "a.b.c.d"]],
    ["KG", ["KGet", "a.b.c.d"]],
    ["KT", ["KTorrent", "ktorrent"]],
    ["LC", ["LeechCraft", "a.b.c.d"]],
    ["LH", ["LH-ABC", "a.b.c.d"]],
    ["LP", ["Lphant", "aa.bb"]],
    ["LT", ["libtorrent (Rasterbar)", "a.b.c"]],
    ["LW", ["LimeWire", "none"]],
    ["Lr", ["LibreTorrent", "a.b.c"]],
    ["MG", ["MediaGet", "a.b"]],
    ["MK", ["Meerkat", "a.b.c.d"]],
    ["MO", ["MonoTorrent", "a.b.c.d"]],
    ["MP", ["MooPolice", "a.b.c"]],
    ["MR", ["Miro", "a.b.c.d"]],
    ["MT", ["MoonlightTorrent", "a.b.c.d"]],
    ["NE", ["BT Next Evolution", "a.b.c.d"]],
    ["NX", ["Net Transport", "a.b.c.d"]],
    ["OS", ["OneSwarm", "a.b.c.d"]],
    ["OT", ["OmegaTorrent", "a.b.c.d"]],
    ["PD", ["Pando", "a.b.c.d"]],
    ["PI", ["PicoTorrent", "a.b.c"]],
    ["QD", ["QQDownload", "a.b.c.d"]],
    ["QT", ["Qt 4 Torrent example", "a.b.c.d"]],
    ["RS", ["Rufus", "a.b.c.d"]],
    ["RT", ["Retriever", "a.b.c.d"]],
    ["RZ", ["RezTorrent", "a.b.c.d"]],
    ["SB", ["Swiftbit", "a.b.c.d"]],
    ["SD", ["Thunder", "a.b.c.d"]],
    ["SM", ["SoMud", "a.b.c.d"]],
    ["SP", ["BitSpirit", "a.b.c"]],
    ["SS", ["SwarmScope", "a.b.c.d"]],
    ["ST", ["SymTorrent", "a.b.c.d"]],
    ["SZ", ["Shareaza", "a.b.c.d"]],
    ["S~", ["Shareaza", "a.b.c.d"]],
    ["TB", ["Torch Browser", "none"]],
    ["TN", ["Torrent.NET", "a.b.c.d"]],
    ["TR", ["Transmission", "transmission"]],
    ["TS", ["TorrentStorm", "a.b.c.d"]],
    ["TT", ["TuoTu", "a.b.c.d"]],
    ["UE", ["µTorrent Embedded", "a.b.c+"]],
    ["UL", ["uLeecher!", "a.b.c.d"]],
    ["UM", ["µTorrent Mac", "a.b.c+"]],
    ["UT", ["µTorrent", "a.b.c+"]],
    ["UW", ["µTorrent Web", "a.b.c+"]],
    ["VG", ["Vagaa", "a.b.c.d"]],
    ["WD", ["WebTorrent Desktop", "webtorrent"]],
    ["WT", ["BitLet", "a.b.c.d"]],
    ["WW", ["WebTorrent", "webtorrent"]],
    ["WY", ["FireTorrent", "a.b.c.d"]],
    ["XC", ["Xtorrent", "a.b"]],
    ["XF", ["Xfplay", "a.b.c"]],
    ["XL", ["Xunlei", "a.b.c.d"]],
    ["XS", ["XSwifter", "a.b.c.d"]],
    ["XT", ["XanTorrent", "a.b.c.d"]],
    ["XX", ["Xtorrent", "a.b"]],
    ["ZO", ["Zona", "a.b.c.d"]],
    ["ZT", ["ZipTorrent", "a.b.c.d"]],
    ["bk", ["BitKitten", "a.b.c.d"]],
    ["lt", ["libTorrent (Rakshasa)", "a.b.c"]],
    ["pb", ["pbTorrent", "a.b.c"]],
    ["qB", ["qBittorrent", "a.b.c"]],
    ["st", ["SharkTorrent", "a.b.c.d"]],
  ]);

/** Shadow style: one letter, up to five digits of version padded with dashes, then `---`. */
export const SHADOW_CODES: ReadonlyMap<string, string> = new Map([
  ["A", "ABC"],
  ["O", "Osprey Permaseed"],
  ["Q", "BTQueue"],
  ["R", "Tribler"],
  ["S", "Shadow's client"],
  ["T", "BitTornado"],
  ["U", "UPnP NAT BitTorrent"],
]);

/** Peer ids of a client's own making: the pattern's groups, joined by dots, are the version. */
export const OWN_STYLES: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^M(\d+)-(\d+)-(\d+)-/, "Mainline"],
  [/^Q(\d+)-(\d+)-(\d+)-/, "Queen Bee"],
  [/^A2-(\d+)-(\d+)-(\d+)-/, "aria2"],
  [/^aria2-/, "aria2"],
  [/^-ML(\d+)\.(\d+)\.(\d+)/, "MLdonkey"],
  [/^-BOW([0-9A-Z]{3})/, "Bits on Wheels"],
  [/^TIX0?(\d{1,2})(\d\d)-/, "Tixati"],
  [/^S3-(\d+)-(\d+)-(\d+)-/, "Amazon S3"],
  [/^Mbrst(\d)-(\d)-(\d)/, "burst!"],
  [/^OP(\d{4})/, "Opera"],
  [/^XBT(\d)(\d)(\d)/, "XBT Client"],
  [/^Plus(\d)(\d\d)/, "Plus!"],
  [/^QVOD(\d)(\d)(\d)(\d)/, "QVOD"],
  [/^btpd\/?(\d\.\d+)/, "BT Protocol Daemon"],
  [/^FD6/, "Free Download Manager"],
  [/^DNA(\d\d)(\d\d)(\d\d)/, "BitTorrent DNA"],
  [/^AZ2500BT/, "BitTyrant"],
  [/^-WT-/, "BitLet"],
  [/^-G3/, "G3 Torrent"],
  [/^eX/, "eXeem"],
  [/^LIME/, "LimeWire"],
  [/^Pando/, "Pando"],
  [/^346-/, "TorrentTopia"],
  [/^10-------/, "JVtorrent"],
  [/^martini/, "Martini Man"],
  [/^a0[02]---0/, "Swarmy"],
];
