/**
 * Makes the .torrent files of the transfer tests: one file, one tracker, private (BEP 27), so that a client asks that
 * tracker and nobody else for peers.
 */
import { createHash } from "node:crypto";

type BencodeValue = number | string | Uint8Array | { readonly [key: string]: BencodeValue };

/** Bencode (BEP 3); the keys of a dictionary come out sorted, as it demands. */
export function bencode(value: BencodeValue): Buffer {
  if (typeof value === "number") return Buffer.from(`i${value}e`);
  if (typeof value === "string") return bencode(Buffer.from(value));
  if (value instanceof Uint8Array) return Buffer.concat([Buffer.from(`${value.length}:`), value]);
  const parts = Object.keys(value)
    .sort()
    .flatMap((key) => [bencode(key), bencode(value[key] ?? "")]);
  return Buffer.concat([Buffer.from("d"), ...parts, Buffer.from("e")]);
}

export interface Torrent {
  readonly bytes: Buffer;
  readonly infoHashHex: string;
}

const sha1 = (bytes: Uint8Array): Buffer => createHash("sha1").update(bytes).digest();

export function makeTorrent(options: {
  readonly announceUrl: string;
  readonly fileName: string;
  readonly content: Uint8Array;
  readonly pieceBytes: number;
}): Torrent {
  const { announceUrl, fileName, content, pieceBytes } = options;
  const pieces: Buffer[] = [];
  for (let offset = 0; offset < content.length; offset += pieceBytes)
    pieces.push(sha1(content.subarray(offset, offset + pieceBytes)));
  const info = {
    length: content.length,
    name: fileName,
    "piece length": pieceBytes,
    pieces: Buffer.concat(pieces),
    private: 1,
  };
  return {
    bytes: bencode({ announce: announceUrl, info }),
    infoHashHex: sha1(bencode(info)).toString("hex"),
  };
}
