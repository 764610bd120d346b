/**
 * The web site of the browser tests, on a browser's own host: `examples/webtorrent-page.html` and the script it wants,
 * over HTTP and HTTPS. WebTorrent works in secure pages only, which are those over HTTPS and those of localhost.
 *
 *   node page-process.js SCRIPT_PATH CERTIFICATE_PATH PRIVATE_KEY_PATH [FOLDER]
 *
 * The files of the folder, if any, are served beside the page.
 *
 * Sends the parent its two ports. Ends with its parent.
 */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

const [script = "", certificate = "", privateKey = "", folder] = process.argv.slice(2);
const files = folder === undefined ? [] : readdirSync(folder);
const page = new URL("../../../../examples/webtorrent-page.html", import.meta.url);

const answer: RequestListener = (request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (pathname === "/webtorrent-page.html")
    response.setHeader("content-type", "text/html; charset=utf-8").end(readFileSync(page));
  else if (pathname === "/webtorrent.min.js")
    response.setHeader("content-type", "text/javascript").end(readFileSync(script));
  else if (folder !== undefined && files.includes(pathname.slice(1)))
    response
      .setHeader("content-type", pathname.endsWith(".js") ? "text/javascript" : "video/mp2t")
      .end(readFileSync(join(folder, pathname)));
  else response.writeHead(404).end();
};

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const tls = { cert: readFileSync(certificate), key: readFileSync(privateKey) };
process.on("disconnect", () => process.exit());
process.send?.({
  http: await portOf(createServer(answer)),
  https: await portOf(createTlsServer(tls, answer)),
});
