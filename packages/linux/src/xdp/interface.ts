/**
 * What an engine has to know of a network interface before it attaches an XDP program: netdevice(7) and ethtool's ioctl.
 * Not sysfs, which shows the interfaces of the network namespace that it was mounted in. Called on the main thread at the
 * start.
 *
 * struct ifreq: 16 bytes of name, then a number or a pointer. struct ethtool_drvinfo: 0 command, 4–35 the driver's name.
 * struct ethtool_channels: nine numbers of 32 bits, 0 command, 5 receive queues in use, 8 combined ones in use.
 */
import { readdirSync } from "node:fs";
import { libc } from "../libc.ts";
import { NativeMemory, storeAddress } from "../native-memory.ts";
import { AF_INET } from "../socket-address.ts";
import { SOCK_CLOEXEC, SOCK_DGRAM } from "../socket-numbers.ts";
import { closeFd } from "../sockets.ts";

const SIOCGIFMTU = 0x8921;
const SIOCGIFINDEX = 0x8933;
const SIOCETHTOOL = 0x8946;
const ETHTOOL_GDRVINFO = 3;
const ETHTOOL_GCHANNELS = 0x3c;
const DRIVER_NAME_BYTE = 4;
const DRIVER_NAME_BYTES = 32;
const RECEIVE_CHANNELS_WORD = 5;
const COMBINED_CHANNELS_WORD = 8;
const ETHTOOL_BYTES_MAX = 256;
const NAME_BYTES = 16;

export interface NetworkInterface {
  readonly name: string;
  readonly index: number;
  /** Receive queues. */
  readonly queues: number;
  readonly mtuBytes: number;
  /** As `ethtool -i` shows it; undefined where the driver does not say. */
  readonly driver: string | undefined;
}

/** An interface in the network namespace of this process; undefined where there is none of this name. */
export function findInterface(name: string): NetworkInterface | undefined {
  if (name === "" || Buffer.byteLength(name) >= NAME_BYTES) return undefined;
  const fd = libc().socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return undefined;
  try {
    const asked = new InterfaceRequest(fd, name);
    const index = asked.number(SIOCGIFINDEX);
    const mtuBytes = asked.number(SIOCGIFMTU);
    if (index === undefined || mtuBytes === undefined) return undefined;
    return {
      name,
      index,
      mtuBytes,
      queues: asked.queues() ?? queueFolders(name),
      driver: asked.driver(),
    };
  } finally {
    closeFd(fd);
  }
}

/** For drivers that do not report it: the folders of sysfs, where it is that of this namespace; otherwise one. */
function queueFolders(name: string): number {
  try {
    const queues = readdirSync(`/sys/class/net/${name}/queues`);
    return Math.max(1, queues.filter((queue) => queue.startsWith("rx-")).length);
  } catch {
    return 1;
  }
}

/** Asks about one interface over a socket of any kind. */
class InterfaceRequest {
  readonly #fd: number;
  readonly #name: Buffer;
  readonly #request = new NativeMemory(64);
  readonly #answer = new NativeMemory(ETHTOOL_BYTES_MAX);

  constructor(fd: number, name: string) {
    this.#fd = fd;
    this.#name = Buffer.from(name);
  }

  number(code: number): number | undefined {
    return this.#ask(code) ? this.#request.words[NAME_BYTES / 4] : undefined;
  }

  queues(): number | undefined {
    const { words } = this.#answer;
    if (!this.#askEthtool(ETHTOOL_GCHANNELS)) return undefined;
    return (words[RECEIVE_CHANNELS_WORD] ?? 0) + (words[COMBINED_CHANNELS_WORD] ?? 0) || undefined;
  }

  driver(): string | undefined {
    if (!this.#askEthtool(ETHTOOL_GDRVINFO)) return undefined;
    const end = DRIVER_NAME_BYTE + DRIVER_NAME_BYTES;
    const bytes = this.#answer.bytes.subarray(DRIVER_NAME_BYTE, end);
    return Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString("latin1");
  }

  #askEthtool(command: number): boolean {
    this.#answer.words.fill(0);
    this.#answer.words[0] = command;
    return this.#ask(SIOCETHTOOL, this.#answer.address);
  }

  #ask(code: number, pointer = 0): boolean {
    const { words, bytes, address } = this.#request;
    words.fill(0);
    bytes.set(this.#name);
    storeAddress(words, NAME_BYTES / 4, pointer);
    return libc().ioctl(this.#fd, code, address) >= 0;
  }
}
