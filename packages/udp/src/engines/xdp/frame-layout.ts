/**
 * Where things stand in an Ethernet frame with a UDP datagram of each family, without options: for the program in the
 * kernel and for the worker that answers what it is handed. RFC 768, 791, 8200.
 *
 * | byte IPv4 | byte IPv6 | meaning                                       |
 * |-----------|-----------|-----------------------------------------------|
 * | 0–5       | 0–5       | destination of the frame                      |
 * | 6–11      | 6–11      | its source                                    |
 * | 12–13     | 12–13     | type: 08 00 or 86 dd                          |
 * | 14        | 14        | 45: version and header length; 6x             |
 * | 16–17     | 18–19     | length, with the header; without it           |
 * | 22        | 21        | hops left                                     |
 * | 23        | 20        | 11: UDP                                       |
 * | 24–25     |           | checksum of the header                        |
 * | 26–29     | 22–37     | source                                        |
 * | 30–33     | 38–53     | destination                                   |
 * | 34–35     | 54–55     | source port                                   |
 * | 36–37     | 56–57     | destination port                              |
 * | 38–39     | 58–59     | length, with these 8 bytes                    |
 * | 40–41     | 60–61     | checksum                                      |
 * | 42        | 62        | payload                                       |
 */
export const ETHERNET_BYTES = 14;
export const UDP_HEADER_BYTES = 8;

/** Where things stand in a frame of each family. */
export interface FrameLayout {
  readonly family: 4 | 6;
  /** Source address; the destination follows. */
  readonly sourceAt: number;
  readonly addressBytes: 4 | 16;
  readonly udpAt: number;
  readonly payloadAt: number;
}

export const FRAMES: Readonly<Record<4 | 6, FrameLayout>> = {
  4: { family: 4, sourceAt: 26, addressBytes: 4, udpAt: 34, payloadAt: 42 },
  6: { family: 6, sourceAt: 22, addressBytes: 16, udpAt: 54, payloadAt: 62 },
};

/** What the program keeps on its stack, from its end: bytes of the payload, age and time of issue of the connection id. */
export const STACK_LENGTH = -8;
export const STACK_AGE = -16;
export const STACK_ISSUED = -24;
