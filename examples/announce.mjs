// Two peers meet at a tracker over UDP and HTTP. With the URL of a tracker it asks that one, otherwise one of its own:
//   node examples/announce.mjs udp://tracker.example:3000
import { randomBytes } from "node:crypto";
import { announce, scrape } from "@swarmtide/client";
import { startTracker } from "swarmtide";

const onLoopback = { port: 0, addressIpv4: "127.0.0.1:0", useIpv6: false };
const tracker = await startTracker({ logLevel: "error", udp: onLoopback, web: onLoopback });
const urlOf = (wanted) => {
  const { protocol, address } = tracker.addresses.find(({ protocol }) => protocol === wanted);
  return `${protocol}://${address}/announce`;
};
const [udp, http] = process.argv[2]
  ? [process.argv[2], process.argv[2]]
  : ["udp", "http"].map(urlOf);

const infoHash = randomBytes(20);
await announce(udp, { infoHash, port: 7001, left: 0 });
const { seeders, leechers, peers } = await announce(http, { infoHash, port: 7002 });
console.log(`${seeders} seeder, ${leechers} leecher; the leecher gets ${peers.length} peer`);
const { torrents } = await scrape(udp, [infoHash]);
console.log(`the scrape counts ${torrents[0].seeders} and ${torrents[0].leechers}`);
await tracker.stop();
