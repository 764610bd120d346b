import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import * as errnos from "./errno.ts";
import { SyscallError } from "./syscall-error.ts";

const numbers = Object.entries(errnos).flatMap(([name, value]) =>
  typeof value === "number" ? [[name, value] as const] : [],
);

test("every errno here has the number and the name that this Linux gives it", {
  skip: process.platform === "linux" ? false : "the numbers are those of Linux",
}, () => {
  const kernel: Record<string, number | undefined> = constants.errno;
  for (const [name, number] of numbers) {
    assert.equal(errnos.errnoName(number), name);
    assert.equal(number, kernel[name], name);
  }
});

test("a failure is told in one line: call, subject, errno name, likely cause, remedy", () => {
  const error = new SyscallError("bind", errnos.EACCES, "0.0.0.0:80");
  assert.equal(
    error.message,
    "bind 0.0.0.0:80 failed with EACCES: a port below net.ipv4.ip_unprivileged_port_start (1024) needs a privilege; " +
      "choose a port from 1024 up, start as root, or grant CAP_NET_BIND_SERVICE",
  );
  assert.equal(
    error.message,
    `bind 0.0.0.0:80 failed with EACCES: ${error.likelyCause}; ${error.remedy}`,
  );
  assert.deepEqual(
    [error.call, error.subject, error.errno, error.code],
    ["bind", "0.0.0.0:80", 13, "EACCES"],
  );
});

test("errors that setting up can meet have a cause and a remedy of their own", () => {
  const unknown = new SyscallError("socket", 9999);
  assert.match(unknown.message, /^socket failed with errno 9999: /);
  for (const errno of [
    errnos.EADDRINUSE,
    errnos.EADDRNOTAVAIL,
    errnos.EAFNOSUPPORT,
    errnos.EACCES,
    errnos.EINVAL,
    errnos.EMFILE,
    errnos.ENFILE,
    errnos.ENOBUFS,
    errnos.ENOENT,
    errnos.ENOMEM,
    errnos.ENOSYS,
    errnos.EPERM,
  ]) {
    const error = new SyscallError("socket", errno);
    assert.notEqual(error.likelyCause, unknown.likelyCause, error.code);
    assert.notEqual(error.remedy, unknown.remedy, error.code);
  }
});
