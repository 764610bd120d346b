/**
 * A flood of announces without a valid connection id, each from another port: what somebody with forged addresses can send.
 * A process of the bench of the engine `xdp`: `flood.js ADDRESS PORT SECONDS`; prints how many datagrams the kernel took.
 */
import { parseIpAddress } from "@swarmtide/bittorrent";
import { DatagramBatch, openUdpSocket } from "@swarmtide/linux";

const [host = "", port = "", seconds = ""] = process.argv.slice(2);
const BATCH = 64;
const REQUEST_BYTES = 98;
const SOCKETS = 8;

const address = parseIpAddress(host);
if (address === undefined) throw new Error(`not an IP address: ${host}`);
const batch = new DatagramBatch({
  ...{ batchSize: BATCH, requestBytesMax: 64, replyBytesMax: 128, family: 4, packetInfo: false },
});
batch.aimAt(address, Number(port));
for (let i = 0; i < BATCH; i++) {
  const at = i * batch.replyStride;
  // A connection id that was never issued, action announce.
  batch.replyBytes.fill(0x5a, at, at + REQUEST_BYTES);
  batch.replyBytes.set([0, 0, 0, 1], at + 8);
  batch.queueReply(0, i, REQUEST_BYTES);
}
const sockets = Array.from({ length: SOCKETS }, () =>
  openUdpSocket({ family: 4, address: new Uint8Array(4), port: 0 }),
);
const end = performance.now() + Number(seconds) * 1000;
let sent = 0;
while (performance.now() < end)
  for (const { fd } of sockets) sent += Math.max(0, batch.send(fd, 0, BATCH));
console.log(JSON.stringify({ sent, perSecond: Math.round(sent / Number(seconds)) }));
