/**
 * Compression of chunk bodies: gzip everywhere, zstd where Node has it (22.15, 23.8). Called by the writer and the reader of
 * snapshots, on their own thread. What a chunk may grow to is bounded by its header, so that no body swells further.
 */
import * as zlib from "node:zlib";
import type { Compression } from "./chunk.ts";

/** Zlib's fastest level: addresses hardly compress, info hashes not at all. */
const GZIP_LEVEL = 1;

type Pack = (bytes: Uint8Array) => Uint8Array;
type Unpack = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

/** Not in the types of Node 20. */
const { zstdCompressSync, zstdDecompressSync } = zlib as {
  readonly zstdCompressSync?: Pack;
  readonly zstdDecompressSync?: Unpack;
};

/** Whether this Node can compress and decompress so. */
export function hasCompression(compression: Compression): boolean {
  return compression !== "zstd" || zstdCompressSync !== undefined;
}

/** The body to store: compressed, or as it is where that is not smaller. */
export function compress(body: Uint8Array, compression: Compression): Uint8Array {
  let stored = body;
  if (compression === "gzip") stored = zlib.gzipSync(body, { level: GZIP_LEVEL });
  else if (compression === "zstd" && zstdCompressSync !== undefined)
    stored = zstdCompressSync(body);
  return stored.length < body.length ? stored : body;
}

/** The body of `bodyBytes` out of what is stored; undefined where it is not such a body. */
export function decompress(
  stored: Uint8Array,
  bodyBytes: number,
  compression: Compression,
): Uint8Array | undefined {
  if (stored.length === bodyBytes) return stored;
  try {
    const options = { maxOutputLength: bodyBytes };
    let body: Uint8Array | undefined;
    if (compression === "gzip") body = zlib.gunzipSync(stored, options);
    else if (compression === "zstd") body = zstdDecompressSync?.(stored, options);
    return body?.length === bodyBytes ? body : undefined;
  } catch {
    return undefined;
  }
}
