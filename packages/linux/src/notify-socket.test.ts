import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { linuxSupported } from "./libc.ts";
import { NotifySocket } from "./notify-socket.ts";
import { SyscallError } from "./syscall-error.ts";
import { UnixReceiver } from "./testing/unix-receiver.ts";

const skip = linuxSupported() ? false : "this machine is not a supported Linux";

test("a datagram arrives at a path and at an abstract name", { skip }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-notify-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const path of [join(folder, "socket"), `@${folder}`]) {
    const receiver = UnixReceiver.open(path);
    const socket = NotifySocket.open(path);
    assert.equal(socket.send("READY=1\nSTATUS=serving – ✓"), true);
    assert.equal(socket.send("STOPPING=1"), true);
    assert.deepEqual(receiver.receiveAll(), ["READY=1\nSTATUS=serving – ✓", "STOPPING=1"]);
    socket.close();
    receiver.close();
  }
});

test("nobody at the path is an error that names it; nobody any more is a datagram that does not go out", {
  skip,
}, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-notify-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "socket");
  assert.throws(
    () => NotifySocket.open(path),
    (error: unknown) =>
      error instanceof SyscallError && error.code === "ENOENT" && error.subject === path,
  );
  assert.throws(() => NotifySocket.open("/".padEnd(108, "x")), RangeError);
  const receiver = UnixReceiver.open(path);
  const socket = NotifySocket.open(path);
  receiver.close();
  assert.equal(socket.send("READY=1"), false);
  socket.close();
});
