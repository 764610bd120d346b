/** [cluster] of the configuration file: other nodes that this one shares its swarms with. Read on the main thread. */
import { hostname } from "node:os";
import { type ConfigOf, integer, list, path, section, text } from "@swarmtide/toml-config";

const SERVER_EXAMPLE = "nats://127.0.0.1:4222";

export const clusterSection = section(
  "Other trackers with which this one shares its swarms, over NATS servers. All of them then answer as one.",
  {
    servers: list({
      default: [],
      of: text({
        default: SERVER_EXAMPLE,
        pattern: /^(nats|tls):\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$/,
        expected: `a NATS server such as "${SERVER_EXAMPLE}" or "tls://nats.example.org:4222"`,
        doc: "A server.",
      }),
      doc: "NATS servers, one of which is used at a time; an empty list switches the cluster off. tls:// requires TLS. A host name is looked up at each connection, which inside privileges.chroot_path needs /etc/resolv.conf there: give addresses.",
    }),
    name: text({
      default: "",
      pattern: /^[A-Za-z0-9_-]{0,64}$/,
      expected: 'up to 64 letters, digits, "_" and "-"',
      doc: 'The name of this node, unique in the cluster; "" takes that of the host, with "-" in place of other characters.',
    }),
    subject: text({
      default: "swarmtide",
      pattern: /^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}$/,
      expected: 'letters, digits, "_" and "-", in parts with points between',
      doc: "The beginning of all subjects of the cluster. Trackers with different ones ignore each other.",
    }),
    credentials_path: path({
      reload: true,
      default: "",
      optional: true,
      doc: "File with the credentials of a NATS user (.creds: JWT and key).",
    }),
    nkey_seed_path: path({
      reload: true,
      default: "",
      optional: true,
      doc: "File with the seed of an nkey (SU…), in place of credentials.",
    }),
    user: text({
      reload: true,
      default: "",
      doc: "User of the NATS server, in place of credentials.",
    }),
    password: text({
      reload: true,
      secret: true,
      default: "",
      doc: "Its password.",
    }),
    tls_ca_path: path({
      reload: true,
      default: "",
      optional: true,
      doc: "Certificates in PEM of the authorities that may have signed the NATS server's certificate; requires TLS. Without it, those that Node trusts.",
    }),
    tls_certificate_path: path({
      reload: true,
      default: "",
      optional: true,
      doc: "Certificate in PEM that this node presents where the NATS server asks for one.",
    }),
    tls_private_key_path: path({
      reload: true,
      default: "",
      optional: true,
      doc: "Its private key in PEM.",
    }),
    renewals: integer({
      reload: true,
      default: 0,
      min: 0,
      max: 3600,
      unit: "seconds",
      doc: "A peer that announces again without a change is forwarded once in this time; 0 forwards every announce. It must not exceed swarm.max_peer_age less peer_announce_interval and its 10 %.",
    }),
  },
  (values) => {
    const { credentialsPath, nkeySeedPath, user, password } = values;
    const ways = [credentialsPath, nkeySeedPath, user].filter((way) => way !== "");
    if (ways.length > 1)
      return {
        key: "credentials_path",
        expected: "one of credentials_path, nkey_seed_path and user",
      };
    if (password !== "" && user === "") return { key: "user", expected: "a name beside password" };
    if ((values.tlsCertificatePath === "") !== (values.tlsPrivateKeyPath === ""))
      return {
        key: "tls_certificate_path",
        expected: "both tls_certificate_path and tls_private_key_path, or neither",
      };
    return undefined;
  },
);

export type ClusterConfig = ConfigOf<typeof clusterSection>;

/** The name of this node. */
export function nodeNameOf({ name }: ClusterConfig, host: string = hostname()): string {
  if (name !== "") return name;
  return host.replaceAll(/[^A-Za-z0-9_-]/g, "-").slice(0, 64) || "node";
}
