/**
 * Opens many connections, announces once on each, keeps them open and says so. A program of its own, run by the HTTP
 * benchmark on the load's CPU:
 *
 *   node idle-clients.js PORT CONNECTIONS tls|plain
 *
 * Prints one line of JSON when all have their answer, waits, prints another and ends. The sockets come from many
 * addresses of 127.0.0.0/8, so that neither ports nor a limit by address run out.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls } from "node:tls";

const [, , port = "", wanted = "", kind = ""] = process.argv;

const ADDRESSES = 40;
/** Connections that may wait for their answer at a time. */
const OPENING_MAX = 100;
/** How long all stay open before they are counted again. */
const HOLD_MILLISECONDS = 10_000;

const open = new Set<Socket>();
let lost = 0;

const random = (): string => Array.from({ length: 20 }, () => hexPair()).join("");
const hexPair = (): string =>
  `%${Math.floor(Math.random() * 256)
    .toString(16)
    .padStart(2, "0")}`;

function openOne(index: number): Promise<void> {
  const address = {
    port: Number(port),
    host: "127.0.0.1",
    localAddress: `127.0.0.${2 + (index % ADDRESSES)}`,
  };
  return new Promise((resolve) => {
    const socket =
      kind === "tls" ? connectTls({ ...address, rejectUnauthorized: false }) : connect(address);
    let answer = "";
    socket.setEncoding("latin1");
    socket.on("error", () => {}); // counted when it closes
    socket.on("close", () => {
      open.delete(socket);
      lost++;
      resolve();
    });
    socket.on("data", (text: string) => {
      answer = (answer + text).slice(-2000);
      if (!answer.includes("\r\n\r\n")) return;
      open.add(socket);
      resolve();
    });
    socket.write(
      `GET /announce?info_hash=${random()}&peer_id=${random()}&port=${1 + (index % 65535)}&uploaded=0&downloaded=0&left=1&compact=1 HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    );
  });
}

async function openSome(from: number): Promise<void> {
  for (let index = from; index < Number(wanted); index += OPENING_MAX) await openOne(index);
}

await Promise.all(Array.from({ length: OPENING_MAX }, (_, lane) => openSome(lane)));
const report = (): void => console.log(JSON.stringify({ connections: open.size, lost }));
report();
await delay(HOLD_MILLISECONDS);
report();
process.exit(0);
