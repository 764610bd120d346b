/**
 * The IPv4 addresses of this machine, for `DatagramBatch.learnLocalAddresses`. Cold code: about 50 µs, every few seconds.
 */
import { networkInterfaces } from "node:os";

/** Addresses of all interfaces that are up, in network byte order: 127.0.0.1 is 0x0100007f. */
export function localIpv4Addresses(): Int32Array {
  const words: number[] = [];
  for (const addresses of Object.values(networkInterfaces()))
    for (const { family, address } of addresses ?? [])
      if (family === "IPv4") {
        const bytes = Uint8Array.from(address.split("."), Number);
        words.push(new DataView(bytes.buffer).getInt32(0, true));
      }
  return Int32Array.from(words);
}
