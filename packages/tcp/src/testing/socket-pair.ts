/** Both ends of a connection over loopback, for tests of what serves the one and is spoken to from the other. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface SocketPair {
  readonly client: Socket;
  /** Paused, and nothing has been read from it. */
  readonly server: Socket;
}

export async function socketPair(t: TestContext): Promise<SocketPair> {
  const listener = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const client = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  const [server]: Socket[] = await once(listener, "connection");
  if (server === undefined) throw new Error("no connection came");
  t.after(() => {
    client.destroy();
    server.destroy();
    listener.close();
  });
  return { client, server };
}
