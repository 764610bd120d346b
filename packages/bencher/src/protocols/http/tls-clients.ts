/**
 * Opens a TLS connection for each announce, many at a time, with a whole handshake each time or with the session of the
 * lane's connection before. A program of its own, run by the HTTP benchmark on the load's CPU, since wrk resumes
 * every second session and aquatic's tester opens one connection after the other:
 *
 *   node tls-clients.js PORT CONNECTIONS SECONDS full|resumed
 *
 * Prints what announces.lua prints in wrk: "start", and at the end one line of JSON, with the resumed sessions beside.
 */
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "node:tls";
import { infoHashOf, TORRENTS } from "./torrents.ts";

const [, , port = "", lanes = "", seconds = "", kind = ""] = process.argv;

/** So that the bench can still read this process's CPU time after the last line. */
const STAY_MILLISECONDS = 300;

const counts = { responses: 0, errors: 0, unannounced: 0, resumed: 0 };

const percents = (hex: string): string => hex.replace(/../g, "%$&");
/** Half of the announces are for one torrent, the others for any. */
const drawTorrent = (): number => (Math.random() < 0.5 ? 0 : Math.floor(Math.random() * TORRENTS));

function announce(): string {
  const infoHash = percents(infoHashOf(drawTorrent()));
  const peerPort = 1 + Math.floor(Math.random() * 65535);
  return `GET /announce?info_hash=${infoHash}&peer_id=${infoHash}&port=${peerPort}&uploaded=0&downloaded=0&left=50&event=started&compact=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
}

/** One connection: resolves with the session it was given, when it has ended. */
function askOnce(session: Buffer | undefined): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let answer = "";
    let given: Buffer | undefined;
    const socket = connect({
      port: Number(port),
      host: "127.0.0.1",
      rejectUnauthorized: false,
      ...(session && { session }),
    });
    socket.setEncoding("latin1");
    socket.on("secureConnect", () => {
      if (socket.isSessionReused()) counts.resumed++;
      socket.write(announce());
    });
    socket.on("session", (ticket: Buffer) => {
      given = ticket;
    });
    socket.on("data", (text: string) => {
      answer += text;
      // Every tracker of the comparison ends its answer's dictionary with its last byte or a line break behind it.
      if (/\r\n\r\nd[\s\S]*e(\r\n)?$/.test(answer)) socket.destroy();
    });
    socket.on("error", () => {}); // counted when it closes
    socket.on("close", () => {
      if (/^HTTP\/1\.1 200 [\s\S]*8:complete/.test(answer)) counts.responses++;
      else counts.errors++;
      resolve(given);
    });
  });
}

async function runLane(end: number): Promise<void> {
  let session: Buffer | undefined;
  while (performance.now() < end) {
    const given = await askOnce(session);
    if (kind === "resumed") session = given ?? session;
  }
}

console.log("start");
const end = performance.now() + Number(seconds) * 1000;
await Promise.all(Array.from({ length: Number(lanes) }, () => runLane(end)));
console.log(JSON.stringify(counts));
await delay(STAY_MILLISECONDS);
