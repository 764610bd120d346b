/** The benchmarks: `npm run bench:udp`, `bench:http`, `bench:ws` call `bench.js PROTOCOL [options]`. */
import { runBenchmark } from "./harness/program.ts";
import type { Protocol } from "./harness/protocol.ts";
import { httpBenchmark } from "./protocols/http/http.ts";
import { udpBenchmark } from "./protocols/udp/udp.ts";
import { wsBenchmark } from "./protocols/ws/ws.ts";

const PROTOCOLS: readonly Protocol[] = [udpBenchmark, httpBenchmark, wsBenchmark];

const [wanted, ...args] = process.argv.slice(2);
const protocol = PROTOCOLS.find(({ name }) => name === wanted);
if (protocol) await runBenchmark(protocol, args);
else {
  const names = PROTOCOLS.map(({ name }) => name).join(", ");
  process.stderr.write(`${wanted}: expected one of ${names}\n`);
  process.exitCode = 2;
}
