/**
 * What went wrong at a NATS server, in the words of the configuration: the key to look at, what the server said, what was wanted and
 * what to do. Called on the cluster thread for the log and on the main thread for `swarmtide doctor`. Pure.
 */
import {
  AuthorizationError,
  PermissionViolationError,
  UserAuthenticationExpiredError,
} from "@nats-io/transport-node";
import type { Access } from "./credentials.ts";

export interface Failure {
  /** With its value, unless that is secret: `cluster.user = "fra-1"`. */
  readonly key: string;
  /** As the server or the system said it. */
  readonly reason: string;
  readonly expected: string;
  readonly remedy: string;
}

type Advice = Pick<Failure, "key" | "expected" | "remedy">;

/** What an error of the client means for who configured it. */
export function failureOf(error: unknown, access: Access, server: string): Failure {
  return { reason: reasonOf(error), ...adviceOn(error, access, server) };
}

/** One line for the log. */
export const failureText = ({ key, reason, expected, remedy }: Failure, server: string): string =>
  `${key}: NATS server ${server}: ${reason}; expected ${expected}; ${remedy}`;

/** The messages of an error and of what caused it. */
export function reasonOf(error: unknown): string {
  const texts: string[] = [];
  for (let one = error; one instanceof Error && texts.length < 3; one = one.cause)
    if (one.message !== "" && !texts.includes(one.message)) texts.push(one.message);
  return texts.length === 0 ? String(error) : texts.join(": ").trim();
}

function adviceOn(error: unknown, access: Access, server: string): Advice {
  const { user, name, paths } = access;
  if (error instanceof PermissionViolationError)
    return {
      key: `cluster.name = "${name}"`,
      expected: `a NATS user that may ${error.operation === "publish" ? "publish" : "subscribe to"} ${error.subject}`,
      remedy:
        "give this node the name that its user belongs to, or its user the permissions in docs/cluster.md#security",
    };
  if (error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError)
    return identityAdvice(user, paths);
  return tlsAdvice(codesOf(error), access, server) ?? addressAdvice(error, server);
}

function identityAdvice(user: string, paths: Access["paths"]): Advice {
  if (paths.credentials !== "")
    return {
      key: `cluster.credentials_path = "${paths.credentials}"`,
      expected:
        "credentials of a user whose account this server knows, neither expired nor revoked",
      remedy: "make them anew with `nsc generate creds`, or push the account to the server",
    };
  if (paths.nkeySeed !== "")
    return {
      key: `cluster.nkey_seed_path = "${paths.nkeySeed}"`,
      expected: "the seed of a user that this server lists",
      remedy:
        "add its public key (U…) as `nkey` to the users of the server, or give the right file",
    };
  return {
    key: `cluster.user = "${user}"`,
    expected: user === "" ? "a user" : "a user that this server lists, and its password",
    remedy:
      user === ""
        ? "set cluster.user and cluster.password, credentials_path or nkey_seed_path"
        : "correct cluster.user and cluster.password, or add the user to the server",
  };
}

/** Codes of Node and OpenSSL, of an error and of what caused it. */
function codesOf(error: unknown): string {
  const codes: string[] = [];
  for (let one = error; one instanceof Error && codes.length < 3; one = one.cause)
    if ("code" in one) codes.push(String(one.code));
  return codes.join(" ");
}

function tlsAdvice(codes: string, { paths }: Access, server: string): Advice | undefined {
  if (codes.includes("ERR_TLS_CERT_ALTNAME_INVALID"))
    return {
      key: `cluster.servers = ["${server}"]`,
      expected: "a name or address that stands in the server's certificate",
      remedy: "give the server by that name, or the server a certificate for this one",
    };
  if (/SELF_SIGNED|UNABLE_TO|CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|CERT_UNTRUSTED/.test(codes))
    return {
      key: `cluster.tls_ca_path = "${paths.tlsCa}"`,
      expected:
        "the authority that signed the server's certificate, and a certificate that is valid today",
      remedy: "give the file of that authority (ca.pem)",
    };
  if (/ALERT/.test(codes))
    return {
      key: `cluster.tls_certificate_path = "${paths.tlsCertificate}"`,
      expected: "a certificate of an authority that this server accepts (its tls.ca_file)",
      remedy: "give a certificate and key that this authority signed for clients",
    };
  // A certificate is refused after the node's part of the handshake; where the alert is lost, all that is seen is the end.
  if (server.startsWith("tls://") && /ECONNRESET|EPIPE/.test(codes))
    return {
      key: `cluster.tls_certificate_path = "${paths.tlsCertificate}"`,
      expected:
        "a certificate of an authority that this server accepts (its tls.ca_file) where it asks for one, and a server that stays up",
      remedy:
        "give a certificate and key that this authority signed for clients; the server's log says more",
    };
  return undefined;
}

function addressAdvice(error: unknown, server: string): Advice {
  const key = `cluster.servers = ["${server}"]`;
  if (/does not support 'tls'/.test(reasonOf(error)))
    return {
      key,
      expected: "a server with TLS, as tls:// or a key of cluster.tls_… asks for it",
      remedy: "set tls in the server's configuration, or use nats:// without those keys",
    };
  return {
    key,
    expected: "a NATS server that answers there",
    remedy: "start it, or correct the address",
  };
}
