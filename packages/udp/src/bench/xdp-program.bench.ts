/**
 * What the XDP program costs for each kind of frame, in the kernel (BPF_PROG_TEST_RUN), without a card or a cable. Run as
 * root: `unshare -n node packages/udp/dist/bench/xdp-program.bench.js`. The model in docs/benchmarks/xdp.md uses it.
 *
 * A connect becomes its reply in place, so its runs cannot be repeated in one call: each is a call of its own, and what a
 * call costs by itself is told by frames that are passed on, which can be run in both ways.
 */
import { pathToFileURL } from "node:url";
import { frameOf } from "../engines/xdp/testing/frames.ts";
import {
  IPV4_SERVED,
  IPV6_SERVED,
  PORTS,
  TestProgram,
} from "../engines/xdp/testing/test-program.ts";
import { announceRequest, connectRequest } from "../testing/tracker-client.ts";

const CLIENT_IPV4 = Uint8Array.of(10, 9, 0, 2);
const CLIENT_IPV6 = Buffer.from("fd000009000000000000000000000002", "hex");

export interface FrameTiming {
  readonly frame: string;
  readonly family: 4 | 6;
  readonly nanoseconds: number;
}

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >>> 1] ?? 0;

/** Times each kind of frame in both families. `repeats` runs for a figure. */
export function runXdpProgramBench(repeats: number): FrameTiming[] {
  const program = new TestProgram();
  const repeated = (frame: Uint8Array): number =>
    medianOf(Array.from({ length: 9 }, () => program.nanoseconds(frame, repeats)));
  const single = (frame: Uint8Array): number =>
    medianOf(Array.from({ length: Math.min(repeats, 5001) }, () => program.nanoseconds(frame, 1)));
  return ([4, 6] as const).flatMap((family) => {
    const datagram = (payload: Uint8Array, port: number = PORTS[family]) =>
      frameOf({
        source: family === 4 ? CLIENT_IPV4 : CLIENT_IPV6,
        destination: family === 4 ? IPV4_SERVED : IPV6_SERVED,
        ...{ sourcePort: 6881, port, payload },
      });
    const { connectionIds: ids } = program;
    ids.setNow(Math.floor(program.now()));
    const address = family === 4 ? CLIENT_IPV4 : CLIENT_IPV6;
    ids.issue(new Int32Array(Uint8Array.from(address).buffer), 0, family);
    const id = Buffer.alloc(8);
    id.writeInt32BE(ids.high, 0);
    id.writeInt32BE(ids.low, 4);
    const others = datagram(connectRequest(), 53);
    const passed = repeated(others);
    const call = single(others) - passed;
    const timing = (frame: string, nanoseconds: number) => ({ frame, family, nanoseconds });
    return [
      timing("of another port: passed on", passed),
      timing(
        "forged connection id: dropped",
        repeated(datagram(announceRequest(Buffer.alloc(8, 7)))),
      ),
      timing("announce with a good one: to the worker", repeated(datagram(announceRequest(id)))),
      timing("connect: answered", single(datagram(connectRequest())) - call),
    ];
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  console.log("| frame | family | ns in the program |\n|---|---|---|");
  for (const { frame, family, nanoseconds } of runXdpProgramBench(1_000_000))
    console.log(`| ${frame} | IPv${family} | ${nanoseconds} |`);
}
