// A tracker inside another program, for example a test: free ports on loopback, stopped when it is done with.
import { startTracker } from "swarmtide";

const onLoopback = { port: 0, addressIpv4: "127.0.0.1:0", useIpv6: false };
const tracker = await startTracker({ logLevel: "error", udp: onLoopback, web: onLoopback });
for (const { protocol, address } of tracker.addresses)
  console.log(`${protocol}://${address}/announce`);
await tracker.stop();
