import assert from "node:assert/strict";
import { test } from "node:test";
import { LOOPBACK_CONFIG, startProgram, UdpClient } from "@swarmtide/test-kit";

/** Makes Node say that it runs on macOS, before anything of the tracker is loaded. NODE_OPTIONS eats bare quotes. */
const AS_MACOS =
  "data:text/javascript,Object.defineProperty(process,%22platform%22,{value:%22darwin%22})";

test("where Linux calls are missing HTTP is served on Node's own sockets, on the ports that it names", async (t) => {
  const program = startProgram(t, LOOPBACK_CONFIG, {
    args: ["http"],
    env: { NODE_OPTIONS: `--import=${AS_MACOS}` },
  });
  await program.output(/engine net/);
  for (const url of await program.httpUrls()) {
    const reply = await fetch(`${url}/health`);
    assert.equal(reply.status, 200);
    await reply.text();
  }
  assert.equal(await program.end("SIGTERM"), 0);
});

test("where Linux calls are missing the tracker answers over UDP on Node's own sockets, both families", async (t) => {
  const program = startProgram(t, LOOPBACK_CONFIG, {
    args: ["udp"],
    env: { NODE_OPTIONS: `--import=${AS_MACOS}` },
  });
  await program.output(/engine dgram/);
  const infoHash = Buffer.alloc(20, 7);
  for (const address of await program.addresses()) {
    const client = await UdpClient.open(address);
    t.after(() => client.close());
    const { leechers } = await client.announce(infoHash, 1000, 5n);
    assert.equal(leechers, 1);
  }
  assert.equal(await program.end("SIGTERM"), 0);
  assert.match(program.stderr, /ipv4: .*announce=1 .*ipv6: .*announce=1 /);
});

/** Makes koffi fail to load, as where its package was installed for another system. */
const WITHOUT_KOFFI = `data:text/javascript,${encodeURIComponent(
  'import m from "node:module";const l=m._load;m._load=(n,...r)=>{if(n==="koffi")throw new Error("no binary for it");return l(n,...r)}',
)}`;

test("without koffi's binary the tracker serves, and says what is slow and why", {
  skip: process.platform !== "linux" && "elsewhere koffi is not needed",
}, async (t) => {
  const env = { NODE_OPTIONS: `--import=${WITHOUT_KOFFI}` };
  const program = startProgram(t, LOOPBACK_CONFIG, { args: ["udp"], env });
  await program.output(/engine dgram/);
  await program.output(
    /WARN .*the fast engines are off .* the fast ones need koffi, .* \(no binary for it\): install/,
  );
  assert.equal(await program.end("SIGTERM"), 0);
  for (const text of ['engine = "mmsg"\n', "[privileges]\ndrop_privileges = true\n"]) {
    const refused = startProgram(t, `${LOOPBACK_CONFIG}${text}`, { args: ["udp"], env });
    assert.equal(await refused.ended(), 1);
    assert.match(
      refused.stderr,
      /needs koffi, the library for system calls, which does not load here \(no binary for it\)/,
    );
  }
});
