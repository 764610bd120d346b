/** The service `handover`: the control socket, at which a process asks that takes over. It serves no protocol. See service.ts. */
import { unlinkSync } from "node:fs";
import { ControlListener, handoverSection, openControlSocket } from "@swarmtide/handover";
import { closeFd } from "@swarmtide/linux";
import { type HandedSockets, type Listener, listenerAt } from "@swarmtide/runtime";
import type { Service, StartContext } from "./service.ts";

const sections = { handover: handoverSection };

export const handoverService: Service<typeof sections> = {
  name: "handover",
  sections,
  threads: () => 0,
  bind({ handover: { controlSocket: path } }, _log, handed) {
    if (path === "") return undefined;
    const fd = handedFd(path, handed) ?? openControlSocket(path);
    return {
      protocols: [],
      close: () => closeFd(fd),
      start(context) {
        const control = new Control(path, fd, context);
        return {
          ready: control.start(),
          counters: [],
          given: {
            sockets: () => (control.listener ? [control.listener.handed(path)] : []),
            async hold() {},
            release() {},
            drain: async () => control.stop({ isHandedOver: true }),
          },
          reload: () => undefined,
          async stop() {
            control.stop({ isHandedOver: false });
            return true;
          },
        };
      },
    };
  },
};

/** The socket of the process before this one, where it had the same. */
function handedFd(path: string, handed: HandedSockets | undefined): number | undefined {
  const place: Listener = listenerAt({
    ...{ key: path, family: 4, isTls: false, address: new Uint8Array(0), port: 0 },
  });
  return handed?.of("control").take(place, 1)?.[0]?.[0]?.fd;
}

class Control {
  listener: ControlListener | undefined;
  readonly #path: string;
  readonly #fd: number;
  readonly #context: StartContext;
  #isBusy = false;
  #hasStopped = false;

  constructor(path: string, fd: number, context: StartContext) {
    this.#path = path;
    this.#fd = fd;
    this.#context = context;
  }

  /** Others may ask once this process serves itself. */
  async start(): Promise<void> {
    const { former, log, handOver } = this.#context;
    await former?.isHolding;
    if (this.#hasStopped) return;
    this.listener = new ControlListener(
      this.#fd,
      async (channel) => {
        if (this.#isBusy) return await channel.refuse("another process takes over at the moment");
        this.#isBusy = true;
        await handOver(channel);
        this.#isBusy = false;
      },
      (line) => log.warn(line),
    );
  }

  /** The path stays where it leads to another process now. */
  stop({ isHandedOver }: { readonly isHandedOver: boolean }): void {
    if (this.#hasStopped) return;
    this.#hasStopped = true;
    if (this.listener === undefined) closeFd(this.#fd);
    else this.listener.close();
    const isOwn = this.listener !== undefined && !isHandedOver;
    const path = isOwn ? this.#context.pathAfterDrop(this.#path) : undefined;
    if (path === undefined) return;
    try {
      unlinkSync(path);
    } catch {
      // Behind a chroot, or removed by somebody: the next start removes what nobody listens at.
    }
  }
}
