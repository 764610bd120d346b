/**
 * Every code of an error that an operator or an embedding program can meet: stable names, so that scripts and alerts need
 * not match texts. `OperatorError.code` and `ConfigError.code` hold one, the program prints it behind the message, and
 * docs/errors.md lists them all (`npm run docs` writes the page, a test holds it to this table).
 */

/** What stands in docs/errors.md. */
interface ErrorEntry {
  readonly cause: string;
  readonly remedy: string;
}

const ERROR_CODES = {
  SWARMTIDE_ACCESS_LIST_INVALID: {
    cause: "A line of the access list is not an info hash. The message has file, line and value.",
    remedy: "Write 40 hexadecimal digits on that line, or remove it.",
  },
  SWARMTIDE_ACCESS_LIST_UNREADABLE: {
    cause: "The file at `access_list.path` is missing, not a regular file, or not readable.",
    remedy: 'Create it, let the user of the tracker read it, or set `access_list.mode = "off"`.',
  },
  SWARMTIDE_ACCOUNT_UNKNOWN: {
    cause: "`user` or `group` of [privileges] does not exist on this system.",
    remedy: "Create the account, or name one that is in /etc/passwd and /etc/group.",
  },
  SWARMTIDE_ADDRESS_LIST_INVALID: {
    cause: "A line of the address list is not a range. The message has file, line and value.",
    remedy: "Write an address, a network such as 10.0.0.0/8 or FIRST-LAST there, or remove it.",
  },
  SWARMTIDE_ADDRESS_LIST_UNREADABLE: {
    cause:
      "The file at `limits.address_list_path` is missing, not a regular file, or not readable.",
    remedy:
      'Create it, let the user of the tracker read it, or set `limits.address_list_mode = "off"`.',
  },
  SWARMTIDE_ADDRESS_UNAVAILABLE: {
    cause: "A configured address does not belong to this machine, or its family is switched off.",
    remedy:
      "Choose an address that `ip address` lists, or `0.0.0.0` and `[::]` for all; set `use_ipv6 = false` without IPv6.",
  },
  SWARMTIDE_CLUSTER_CONNECTION: {
    cause:
      "No server of `cluster.servers` accepts this node, or the server refuses what a node needs; the message quotes it. The tracker serves its own swarms and tries again.",
    remedy:
      "Follow the remedy in the message: it names the key to correct. Permissions are described in [cluster.md](cluster.md#security); `swarmtide doctor` tries every server.",
  },
  SWARMTIDE_CLUSTER_FILE: {
    cause: "A file of [cluster] is missing, not readable, or not what its key asks for.",
    remedy: "Check the path that the message names and what the file holds.",
  },
  SWARMTIDE_CLUSTER_NAME: {
    cause: "Two nodes of the cluster have the same name, and both have run for half a minute.",
    remedy: "Give each a `cluster.name` of its own.",
  },
  SWARMTIDE_CLUSTER_VERSION: {
    cause:
      "A node of the cluster sends messages of a version that this swarmtide does not read; they are dropped.",
    remedy: "Upgrade all nodes to the same version, or to two consecutive ones.",
  },
  SWARMTIDE_CONFIG_INVALID: {
    cause:
      "The configuration has an unknown key, a value that is not allowed, or is not valid TOML. Every problem has its line.",
    remedy:
      "Correct the lines that the message names; [configuration.md](configuration.md) lists what is allowed.",
  },
  SWARMTIDE_CONFIG_UNREADABLE: {
    cause: "The configuration file is missing, not a regular file, not readable or not UTF-8.",
    remedy:
      "Check the path behind `-c` and its permissions; `swarmtide --print-config` prints a file to start from.",
  },
  SWARMTIDE_CONTROL_SOCKET: {
    cause:
      "`handover.control_socket` is not a place for a socket, or a running tracker listens there already.",
    remedy:
      "Create its folder and let the user that starts the tracker write to it; take over from the one that runs with `--take-over`, or stop it.",
  },
  SWARMTIDE_ENGINE_UNSUPPORTED: {
    cause: "The configured `engine` does not work on this system. The message says what it needs.",
    remedy: 'Set `engine = "auto"`, which takes the fastest that works.',
  },
  SWARMTIDE_HANDOVER_FAILED: {
    cause:
      "Taking over from the running tracker failed, for the reason in the message; the running tracker keeps serving.",
    remedy:
      "Correct what the message names and start again with `--take-over`; or stop the running tracker and start without.",
  },
  SWARMTIDE_LINUX_ONLY: {
    cause: "The configuration or the command asks for something that only works on Linux.",
    remedy: "Switch it off in the configuration, or run on Linux.",
  },
  SWARMTIDE_LISTEN_FAILED: {
    cause:
      "A socket could not be opened for another reason than the port, the permission or the address.",
    remedy: "The message names the key, the system call and its reason.",
  },
  SWARMTIDE_MEMORY_TOO_SMALL: {
    cause:
      "Less memory can be reserved for the swarms than `swarm.max_memory` says, or than a tracker needs.",
    remedy:
      "Raise the limit that the message names (`ulimit -v`, `vm.overcommit_memory`), set `swarm.max_memory = 0`, or lower `udp.workers`.",
  },
  SWARMTIDE_NOTHING_TO_RUN: {
    cause: "No protocol is enabled, or an enabled one has no address to listen on.",
    remedy: "Enable `udp`, `http` or `ws`, and one of its address families.",
  },
  SWARMTIDE_OPEN_FILES: {
    cause: "The process may open fewer files than its threads need to start.",
    remedy: "Raise `LimitNOFILE=` (systemd) or `ulimit -n`, or lower `workers`.",
  },
  SWARMTIDE_OUTSIDE_CHROOT: {
    cause:
      "A file that a reload reads lies outside of `privileges.chroot_path`; the old one stays.",
    remedy: "Move the file into that folder, or restart the tracker to read it.",
  },
  SWARMTIDE_PORT_FORBIDDEN: {
    cause: "The user may not listen on this port; below 1024 that takes a privilege.",
    remedy: "Choose a port from 1024 on, start as root, or grant CAP_NET_BIND_SERVICE.",
  },
  SWARMTIDE_PORT_IN_USE: {
    cause: "Another program, or another tracker, listens on a configured port.",
    remedy: "Stop it (`ss -lntup` names it), or configure another port.",
  },
  SWARMTIDE_PRIVILEGES_REFUSED: {
    cause: "The system refused chroot or the change of user. Only root may do either.",
    remedy: "Start as root, or set `privileges.drop_privileges = false`.",
  },
  SWARMTIDE_SNAPSHOT_DAMAGED: {
    cause:
      "A part of the snapshot at `snapshot.path` is damaged; everything else was restored. The message has the byte.",
    remedy: "None is needed: the next snapshot replaces it. If it happens again, check the disk.",
  },
  SWARMTIDE_SNAPSHOT_NOT_WRITTEN: {
    cause:
      "A snapshot could not be written, for the reason in the message; the previous one is kept.",
    remedy:
      "Free space on the disk, or let the user of the tracker write to the folder. The next interval tries again.",
  },
  SWARMTIDE_SNAPSHOT_PATH: {
    cause:
      "`snapshot.path` is not a place for a file, or the snapshot that is there cannot be opened.",
    remedy:
      "Create its folder, let the user of the tracker read it, or move the existing file away.",
  },
  SWARMTIDE_SNAPSHOT_UNREADABLE: {
    cause:
      "A file is not a snapshot that this version reads; the message says why: damaged, of another program, or of a newer version.",
    remedy:
      "Start with the version that wrote it, or go on without: the tracker fills again within one announce interval.",
  },
  SWARMTIDE_TLS_CERTIFICATE_INVALID: {
    cause: "The file at `web.tls_certificate_path` holds no certificate in PEM, or a damaged one.",
    remedy: "Install the chain as the authority issued it, the server's certificate first.",
  },
  SWARMTIDE_TLS_FILE_UNREADABLE: {
    cause: "The certificate or the private key is missing or not readable.",
    remedy:
      "Check the path, and let the user that starts the tracker read the file and enter its folders.",
  },
  SWARMTIDE_TLS_KEY_INVALID: {
    cause:
      "The file at `web.tls_private_key_path` holds no private key in PEM, or an encrypted one.",
    remedy: "Give a PKCS#8, PKCS#1 or EC key in PEM; `openssl pkey` removes a passphrase.",
  },
  SWARMTIDE_TLS_KEY_MISMATCH: {
    cause: "The private key does not belong to the certificate.",
    remedy: "Give the key that the certificate was issued for.",
  },
  SWARMTIDE_TLS_NOT_PEM: {
    cause: "The certificate or the private key is not PEM text, but perhaps DER.",
    remedy: "Convert it with `openssl x509 -inform der` or `openssl pkey -inform der`.",
  },
  SWARMTIDE_TLS_REFUSED: {
    cause: "TLS refuses certificate and key, for instance because the key is too short.",
    remedy: "Issue a certificate with a key of at least 2048 bits (RSA) or 256 bits (EC).",
  },
  SWARMTIDE_USAGE: {
    cause: "The command line has an unknown command or option, or one without its value.",
    remedy: "`swarmtide --help` lists all commands and options.",
  },
  SWARMTIDE_WORKER_DIED: {
    cause:
      "A thread failed. The whole tracker exits, because a tracker that serves only in part is harder to notice than one that restarts.",
    remedy: "Let the service manager restart it, and report the lines of the log above.",
  },
  SWARMTIDE_XDP_FAILED: {
    cause:
      'With `udp.engine = "xdp"` the interface is missing, its packets are too short, or the kernel refuses the program or a socket.',
    remedy:
      "Start as root or with the capabilities that [xdp.md](xdp.md) lists; the message names the call and its reason.",
  },
} as const satisfies Record<string, ErrorEntry>;

/** A code of the table. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The page docs/errors.md. */
export function errorDocs(): string {
  const lines = Object.entries(ERROR_CODES).map(
    ([code, { cause, remedy }]) => `### ${code}\n\n${cause}\n\n*Remedy:* ${remedy}`,
  );
  return [INTRODUCTION, ...lines, ""].join("\n\n").replace(/\n+$/, "\n");
}

const INTRODUCTION = `# Errors

Every error that an operator can resolve has a code, which stays the same when its text improves. The program prints it in
brackets behind the message, the log as the field \`code\`; in another program it is the property \`code\` of the error that
\`startTracker\` throws. The message itself names file, line, key, value and what was expected.`;
