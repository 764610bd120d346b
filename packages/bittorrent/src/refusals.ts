/** What a tracker tells the clients that it refuses, in the same words whatever the protocol. */

/** The access list does not allow this torrent. */
export const TORRENT_REFUSED_TEXT = "this torrent is not allowed on this tracker";
