/** What a tracker tells the clients that it refuses, in the same words whatever the protocol. */

/** The access list does not allow this torrent. */
export const TORRENT_REFUSED_TEXT = "this torrent is not allowed on this tracker";

/** More peers than `limits.max_peers_per_address`. */
export const PEERS_OF_ADDRESS_TEXT = "too many peers of your address are in this torrent";
/** More torrents than `limits.max_torrents_per_address`. */
export const TORRENTS_OF_ADDRESS_TEXT = "your address is in too many torrents on this tracker";
/** More scrapes than `limits.max_scrapes_per_address`. */
export const SCRAPES_OF_ADDRESS_TEXT = "too many scrapes from your address, wait a second";
/** A repeat within `limits.min_announce_interval`, to a worker that does not keep up. */
export const BUSY_TEXT = "this tracker is busy, and you announced a moment ago";
/** An address that the list of `limits.address_list_path` refuses. */
export const ADDRESS_REFUSED_TEXT = "your address is not allowed on this tracker";
