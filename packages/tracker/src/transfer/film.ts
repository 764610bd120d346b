/**
 * A film of a few seconds for players of HLS, made here: silence, in segments of MP3 without a container. Called by web-apps.ts.
 *
 * A segment (RFC 8216 §3.4) is an ID3 tag that says when it begins, in ticks of 90 kHz, and frames of MPEG-1 layer III:
 *
 *     "ID3" 4 0 0, size of what follows: 63
 *       "PRIV", size 53, 0 0, "com.apple.streaming.transportStreamTimestamp" 0, ticks as 8 bytes
 *     ff fb 94 c0, 380 bytes of zeros: 128 kbit/s, 48 kHz, mono, 384 bytes and 24 ms a frame        × 50
 *
 * Sizes in ID3v2.4 have seven bits a byte; these are below 128. A frame whose side information is zeros is silent.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export const FILM_PLAYLIST = "film.m3u8";

const SEGMENTS = 3;
const FRAMES = 50;
const FRAME_BYTES = 384;
const FRAME_SECONDS = 0.024;
const FRAME_HEADER = 0xfffb94c0;
const TICKS_PER_SECOND = 90_000;
const SEGMENT_SECONDS = FRAMES * FRAME_SECONDS;

function timestampTag(seconds: number): Buffer {
  const ticks = Buffer.alloc(8);
  ticks.writeBigUInt64BE(BigInt(Math.round(seconds * TICKS_PER_SECOND)));
  const owner = Buffer.from("com.apple.streaming.transportStreamTimestamp\0");
  const content = Buffer.concat([owner, ticks]);
  const frame = Buffer.from([0, 0, 0, content.length, 0, 0]);
  const body = Buffer.concat([Buffer.from("PRIV"), frame, content]);
  return Buffer.concat([Buffer.from("ID3"), Buffer.from([4, 0, 0, 0, 0, 0, body.length]), body]);
}

function segment(index: number): Buffer {
  const frames = Buffer.alloc(FRAMES * FRAME_BYTES);
  for (let i = 0; i < FRAMES; i++) frames.writeUInt32BE(FRAME_HEADER, i * FRAME_BYTES);
  return Buffer.concat([timestampTag(index * SEGMENT_SECONDS), frames]);
}

/** Writes the playlist and the segments into a folder. */
export function writeFilm(folder: string): void {
  const lines = [
    "#EXTM3U",
    "#EXT-X-VERSION:3",
    `#EXT-X-TARGETDURATION:${Math.ceil(SEGMENT_SECONDS)}`,
  ];
  lines.push("#EXT-X-PLAYLIST-TYPE:VOD");
  for (let i = 0; i < SEGMENTS; i++) {
    writeFileSync(join(folder, `film-${i}.mp3`), segment(i));
    lines.push(`#EXTINF:${SEGMENT_SECONDS.toFixed(3)},`, `film-${i}.mp3`);
  }
  writeFileSync(join(folder, FILM_PLAYLIST), [...lines, "#EXT-X-ENDLIST", ""].join("\n"));
}
