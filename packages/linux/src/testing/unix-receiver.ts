/** The other end of a NotifySocket, for tests: what systemd does. */
import { libc } from "../libc.ts";
import { NativeMemory } from "../native-memory.ts";
import { SOCK_DGRAM } from "../socket-numbers.ts";
import { closeFd } from "../sockets.ts";
import { AF_UNIX } from "../unix-address.ts";

const MSG_DONTWAIT = 0x40;

export class UnixReceiver {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  static open(path: string): UnixReceiver {
    const fd = libc().socket(AF_UNIX, SOCK_DGRAM, 0);
    const name = new TextEncoder().encode(path);
    const address = new NativeMemory(110);
    address.bytes[0] = AF_UNIX;
    address.bytes.set(name, 2);
    if (path.startsWith("@")) address.bytes[2] = 0;
    const length = 2 + name.length + (path.startsWith("@") ? 0 : 1);
    if (fd < 0 || libc().bind(fd, address.address, length) < 0)
      throw new Error(`cannot receive at ${path}`);
    return new UnixReceiver(fd);
  }

  /** Every datagram that has arrived. */
  receiveAll(): string[] {
    const memory = new NativeMemory(1024);
    const texts: string[] = [];
    for (;;) {
      const length = libc().recv(this.#fd, memory.address, 1024, MSG_DONTWAIT);
      if (length < 0) return texts;
      texts.push(new TextDecoder().decode(memory.bytes.slice(0, length)));
    }
  }

  close(): void {
    closeFd(this.#fd);
  }
}
