/** The info hashes of the benches' torrents, by their number. */
export function writeInfoHash(infoHash: Int32Array, torrent: number): void {
  for (let word = 0; word < 5; word++)
    infoHash[word] = Math.imul(torrent + 1, 0x9e3779b1 + 2 * word) ^ (word << 24);
}
