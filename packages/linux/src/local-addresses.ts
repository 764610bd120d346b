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
        const [a, b, c, d] = address.split(".").map(Number);
        words.push(a | (b << 8) | (c << 16) | (d << 24));
      }
  return Int32Array.from(words);
}
