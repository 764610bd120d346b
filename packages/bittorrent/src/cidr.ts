/**
 * CIDR blocks such as `10.0.0.0/8`, for the trusted proxies.
 *
 * Called per connection at most. A block belongs to one family: `::/0` is every IPv6 address and no IPv4 one, whichever
 * way that one is spelt, because IPv4-mapped addresses and blocks are folded into IPv4 before they are compared.
 */
import { canonicalAddress, formatIpAddress, IPV4_BYTES, parseIpAddress } from "./ip-address.ts";

/** A block of addresses: those that share the first `prefixBits` bits with `address`. */
export interface Cidr {
  /** 4 or 16 bytes, canonical, all bits behind the prefix zero. */
  readonly address: Uint8Array;
  /** 0..32 for IPv4, 0..128 for IPv6. */
  readonly prefixBits: number;
}

/** Bits in front of the IPv4 address in an IPv4-mapped IPv6 address. */
const MAPPED_PREFIX_BITS = 96;

/**
 * Reads `address/bits`, or an address alone as the block of just itself. Bits set behind the prefix are refused:
 * `10.0.0.1/8` is as likely meant to be one host as sixteen million, and guessing wrong hands out trust.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  const addressText = slash < 0 ? text : text.slice(0, slash);
  const address = parseIpAddress(addressText);
  if (address === undefined) return undefined;
  const addressBits = address.length * 8;
  if (slash < 0) return { address, prefixBits: addressBits };
  const bitsText = text.slice(slash + 1);
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(bitsText)) return undefined;
  const folded = address.length === IPV4_BYTES && addressText.includes(":");
  const prefixBits = Number(bitsText) - (folded ? MAPPED_PREFIX_BITS : 0);
  if (prefixBits < 0 || prefixBits > addressBits) return undefined;
  for (let bit = prefixBits; bit < addressBits; bit++)
    if (((address[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0) return undefined;
  return { address, prefixBits };
}

/** Whether 4 or 16 address bytes lie in the block; IPv4-mapped ones count as IPv4. */
export function cidrContains(cidr: Cidr, address: Uint8Array): boolean {
  const canonical = canonicalAddress(address);
  if (canonical.length !== cidr.address.length) return false;
  const wholeBytes = cidr.prefixBits >> 3;
  for (let i = 0; i < wholeBytes; i++) if (canonical[i] !== cidr.address[i]) return false;
  const restBits = cidr.prefixBits & 7;
  if (restBits === 0) return true;
  const mask = (0xff00 >> restBits) & 0xff;
  return ((canonical[wholeBytes] ?? 0) & mask) === cidr.address[wholeBytes];
}

/** The families of which every address lies in one of the blocks: 4, 6, both or none. */
export function wholeFamilies(blocks: readonly Cidr[]): (4 | 6)[] {
  const isWhole = (bytes: number) => {
    const own = blocks.filter(({ address }) => address.length === bytes);
    const outermost = own.filter(
      (block, i) =>
        !own.some(
          (other, j) =>
            (other.prefixBits < block.prefixBits ||
              (other.prefixBits === block.prefixBits && j < i)) &&
            cidrContains(other, block.address),
        ),
    );
    // Blocks of which none lies in another are apart, so that their shares add up to the part they cover.
    return outermost.reduce((covered, { prefixBits }) => covered + 2 ** -prefixBits, 0) === 1;
  };
  return ([4, 6] as const).filter((family) => isWhole(family === 4 ? 4 : 16));
}

/** `10.0.0.0/8`. */
export function formatCidr({ address, prefixBits }: Cidr): string {
  return `${formatIpAddress(address)}/${prefixBits}`;
}
