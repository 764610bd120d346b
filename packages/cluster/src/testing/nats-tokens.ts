/** What `nsc` makes for NATS servers in operator mode: an operator, an account and users with keys, as signed tokens. */
import { nkeys } from "@nats-io/transport-node";

type KeyPair = ReturnType<typeof nkeys.createUser>;

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A JWT of NATS (docs.nats.io, "JWT"): signed with the nkey of who issues it. */
function token(issuer: KeyPair, subject: KeyPair, name: string, nats: object): string {
  const head = encode({ typ: "JWT", alg: "ed25519-nkey" });
  const times = { jti: name, iat: Math.floor(Date.now() / 1000) };
  const [iss, sub] = [issuer.getPublicKey(), subject.getPublicKey()];
  const body = encode({ ...times, iss, sub, name, nats: { ...nats, version: 2 } });
  const signature = issuer.sign(Buffer.from(`${head}.${body}`));
  return `${head}.${body}.${Buffer.from(signature).toString("base64url")}`;
}

const UNLIMITED = { subs: -1, data: -1, payload: -1 };

/** An operator with one account. */
export class Tokens {
  readonly #operator = nkeys.createOperator();
  readonly #account = nkeys.createAccount();

  /** What the server's configuration has. */
  get serverConfig(): string {
    const operator = token(this.#operator, this.#operator, "operator", { type: "operator" });
    const limits = { ...UNLIMITED, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
    const account = token(this.#operator, this.#account, "nodes", { type: "account", limits });
    return `operator: ${operator}
resolver: MEMORY
resolver_preload: { ${this.#account.getPublicKey()}: ${account} }`;
  }

  /** The contents of a `.creds` file of a user that may publish and subscribe to these subjects. */
  credentials(name: string, publish: readonly string[], subscribe: readonly string[]): string {
    const user = nkeys.createUser();
    const rights = { pub: { allow: publish }, sub: { allow: subscribe } };
    const jwt = token(this.#account, user, name, { ...UNLIMITED, ...rights, type: "user" });
    return `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${Buffer.from(user.getSeed()).toString()}
------END USER NKEY SEED------
`;
  }
}
