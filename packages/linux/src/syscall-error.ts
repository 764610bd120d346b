/**
 * The one exception of this package: a system call that failed while sockets or privileges were set up. It carries
 * what an operator needs: the call, what it was applied to, the errno name, the likely cause and a remedy.
 *
 * Thrown by everything outside `hot/` (hot code returns negative errno numbers instead).
 */
import * as errnos from "./errno.ts";

interface Explanation {
  readonly cause: string;
  readonly remedy: string;
}

const UNKNOWN: Explanation = {
  cause: "the kernel refused the call",
  remedy: "see the man page of the call for this error",
};

/** Explanations that hold for any call. */
const BY_ERRNO: ReadonlyMap<number, Explanation> = new Map([
  [
    errnos.EPERM,
    {
      cause: "the process lacks the privilege for it",
      remedy: "start as root or grant the capability (setcap, AmbientCapabilities= of systemd)",
    },
  ],
  [errnos.ENOENT, { cause: "the path does not exist", remedy: "create it or correct the path" }],
  [
    errnos.EBADF,
    { cause: "the file descriptor is not open", remedy: "report this as a bug of swarmtide" },
  ],
  [
    errnos.ENOMEM,
    { cause: "the kernel is out of memory for it", remedy: "free memory or raise the limit" },
  ],
  [
    errnos.EACCES,
    { cause: "permission is missing", remedy: "start with the permission or choose another" },
  ],
  [
    errnos.EINVAL,
    { cause: "the kernel does not accept this value", remedy: "check the configured value" },
  ],
  [
    errnos.ENFILE,
    {
      cause: "the system is out of file descriptors",
      remedy: "raise fs.file-max or close other programs",
    },
  ],
  [
    errnos.EMFILE,
    {
      cause: "the process is out of file descriptors",
      remedy: "raise the limit (ulimit -n, LimitNOFILE= of systemd)",
    },
  ],
  [
    errnos.ENOSYS,
    { cause: "the kernel or a sandbox does not offer this call", remedy: "allow it in seccomp" },
  ],
  [
    errnos.EAFNOSUPPORT,
    {
      cause: "the kernel has this address family switched off",
      remedy: "turn the family off in the configuration or on in the kernel",
    },
  ],
  [
    errnos.EADDRINUSE,
    {
      cause: "another program already listens on this address and port",
      remedy: "stop it (ss -lnp shows it) or configure another port",
    },
  ],
  [
    errnos.EADDRNOTAVAIL,
    {
      cause: "no interface of this machine has this address",
      remedy: "configure an address that `ip address` shows, or 0.0.0.0 or [::] for all",
    },
  ],
  [
    errnos.ENOBUFS,
    {
      cause: "the kernel is out of socket buffers",
      remedy: "configure a smaller buffer or raise net.core.rmem_max and wmem_max",
    },
  ],
]);

/** Explanations that hold for one call only and win over the general ones. */
const BY_CALL: ReadonlyMap<string, Explanation> = new Map([
  [
    "bind EACCES",
    {
      cause: "a port below net.ipv4.ip_unprivileged_port_start (1024) needs a privilege",
      remedy: "choose a port from 1024 up, start as root, or grant CAP_NET_BIND_SERVICE",
    },
  ],
  [
    "bind EINVAL",
    {
      cause: "the address does not fit the socket (a link-local address needs its interface)",
      remedy: "configure a global address, or [::] for all",
    },
  ],
  [
    "sched_setaffinity EINVAL",
    {
      cause: "none of these processors is available to the process",
      remedy: "choose from those that `taskset -p $$` or the container's cpuset allows",
    },
  ],
]);

/** A failed system call, explained. `message` is one line without a full stop. */
export class SyscallError extends Error {
  /** The C function, such as "bind". */
  readonly call: string;
  /** What it was applied to, such as "0.0.0.0:80"; empty when there is nothing to name. */
  readonly subject: string;
  /** Positive errno. */
  readonly errno: number;
  /** Name of the errno, such as "EADDRINUSE". */
  readonly code: string;
  readonly likelyCause: string;
  readonly remedy: string;

  /** `found` is what was found out about the cause; without it the likely one is given. */
  constructor(call: string, errno: number, subject = "", found?: Explanation) {
    const code = errnos.errnoName(errno);
    const explanation = found ?? BY_CALL.get(`${call} ${code}`) ?? BY_ERRNO.get(errno) ?? UNKNOWN;
    const target = subject === "" ? "" : ` ${subject}`;
    super(`${call}${target} failed with ${code}: ${explanation.cause}; ${explanation.remedy}`);
    this.name = "SyscallError";
    this.call = call;
    this.subject = subject;
    this.errno = errno;
    this.code = code;
    this.likelyCause = explanation.cause;
    this.remedy = explanation.remedy;
  }
}
