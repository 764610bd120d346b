/**
 * struct sockaddr_un: 2 bytes family, then up to 108 bytes of path (unix(7)). An abstract name begins with a zero byte, written
 * `@`. For NotifySocket and the streams of unix-streams.ts, at start-up.
 *
 *     /run/x   01 00 2f 72 75 6e 2f 78 00
 *     @x       01 00 00 78
 */
import { NativeMemory } from "./native-memory.ts";

export const AF_UNIX = 1;

const PATH_OFFSET = 2;
const PATH_BYTES_MAX = 108;

/** The structure, and how many bytes of it count. Throws RangeError for a path that is too long. */
export function unixAddress(path: string): { memory: NativeMemory; length: number } {
  const name = new TextEncoder().encode(path);
  if (name.length >= PATH_BYTES_MAX)
    throw new RangeError(`the path of a socket has less than ${PATH_BYTES_MAX} bytes: ${path}`);
  const isAbstract = path.startsWith("@");
  const memory = new NativeMemory(PATH_OFFSET + PATH_BYTES_MAX);
  memory.bytes[0] = AF_UNIX;
  memory.bytes.set(name, PATH_OFFSET);
  if (isAbstract) memory.bytes[PATH_OFFSET] = 0;
  return { memory, length: PATH_OFFSET + name.length + (isAbstract ? 0 : 1) };
}
