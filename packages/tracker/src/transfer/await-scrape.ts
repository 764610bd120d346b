/**
 * A scrape client of its own, as a process: asks a UDP tracker about one torrent (BEP 15) until its counts are as wanted.
 * The transfer tests run it on the tracker's host, because sockets belong to a network namespace.
 *
 *   node await-scrape.js ADDRESS PORT INFO_HASH_HEX SEEDERS COMPLETED LEECHERS DEADLINE_SECONDS
 *
 * Ends with 0 as soon as the tracker counts at least that many, else with 1 and the last answer on stderr. It writes
 * and reads the bytes itself, so that it is a witness against the tracker's own codec.
 */
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";

const [address = "", port, infoHashHex = "", ...numbers] = process.argv.slice(2);
const [seeders = 0, completed = 0, leechers = 0, deadlineSeconds = 0] = numbers.map(Number);

const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
let last = "no answer";

function ask(head: Buffer, body: Buffer): void {
  socket.send(Buffer.concat([head, randomBytes(4), body]), Number(port), address);
}

// connect: magic 8, action 0, transaction 4
const askForConnection = (): void =>
  ask(Buffer.from("000004172710198000000000", "hex"), Buffer.alloc(0));

socket.on("error", () => {}); // not there yet
socket.on("message", (reply) => {
  const action = reply.readUInt32BE(0);
  if (action === 0) {
    // scrape: connection id 8, action 2, transaction 4, info hash 20
    const head = Buffer.concat([reply.subarray(8, 16), Buffer.from([0, 0, 0, 2])]);
    ask(head, Buffer.from(infoHashHex, "hex"));
    return;
  }
  last = `${reply.toString("hex")} (action ${action})`;
  if (action !== 2 || reply.length < 20) return;
  // reply: action 4, transaction 4, seeders 4, completed 4, leechers 4
  const counts = [reply.readUInt32BE(8), reply.readUInt32BE(12), reply.readUInt32BE(16)] as const;
  last = `${counts[0]} seeders, ${counts[1]} completed, ${counts[2]} leechers`;
  if (counts[0] >= seeders && counts[1] >= completed && counts[2] >= leechers) process.exit(0);
});

setInterval(askForConnection, 200);
setTimeout(() => {
  process.stderr.write(`After ${deadlineSeconds} s the tracker says: ${last}\n`);
  process.exit(1);
}, deadlineSeconds * 1000);
askForConnection();
