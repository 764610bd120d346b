/** The torrents that announces.lua names, for a tracker that has to be told. */

/** How many there are: TORRENTS in announces.lua. */
export const TORRENTS = 10_000;

/** The info hash of a torrent in hexadecimal digits: what `percents(torrent, 1)` of announces.lua writes with percent signs. */
export function infoHashOf(torrent: number): string {
  let word = torrent;
  let digits = "";
  for (let i = 1; i <= 20; i++) {
    word = (word * 69069 + 1 + i) % 2 ** 32;
    digits += (Math.floor(word / 65536) % 256).toString(16).padStart(2, "0");
  }
  return digits;
}
