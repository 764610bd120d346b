/** [statistics] of the configuration file. Read on the main thread. */
import {
  boolean,
  type ConfigOf,
  choice,
  integer,
  optionalSocketAddress,
  path,
  type SocketAddress,
  section,
  text,
} from "@swarmtide/toml-config";
import { canCompress } from "./export/export-file.ts";

/** Taken by another program, it costs the page and a warning; a configured address that is taken is an error. */
export const PAGE_ADDRESS_DEFAULT: SocketAddress = { host: "127.0.0.1", port: 9000 };

/** [statistics] */
export const statisticsSection = section(
  "Numbers about what the tracker does: on a page, for Prometheus, as JSON, on stdout and in files.",
  {
    interval: integer({
      reload: true,
      default: 5,
      min: 1,
      max: 86400,
      unit: "seconds",
      doc: "Time between two reports on stdout and between two writings of html_path.",
    }),
    print_to_stdout: boolean({
      reload: true,
      default: false,
      doc: 'Prints each report on stdout: a readable block, or one JSON object a line where log_format = "json".',
    }),
    page_address: optionalSocketAddress({
      default: PAGE_ADDRESS_DEFAULT,
      family: "any",
      doc: 'Where the page is served (/), together with /metrics for Prometheus, /api/stats as JSON, /health and /ready; "" for off. If the default is taken by another program there is no page and a warning.',
    }),
    page_token: text({
      reload: true,
      secret: true,
      default: "",
      pattern: /^[\x21-\x7e]{0,256}$/,
      expected: 'up to 256 printable ASCII characters without spaces, or "" for none',
      doc: "Password of the page and its exports. Send it as a bearer token, or enter it in the browser with any user name. /health and /ready do not ask for it. Set it wherever page_address is not a loopback address.",
    }),
    page_tls_certificate_path: path({
      default: "",
      optional: true,
      doc: "Certificate chain in PEM with which the page is served over HTTPS; it may be the one of [web].",
    }),
    page_tls_private_key_path: path({
      default: "",
      optional: true,
      doc: "Its private key in PEM.",
    }),
    html_path: path({
      reload: true,
      default: "",
      optional: true,
      doc: "File to which the numbers are written as a page without scripts, for another server to serve.",
    }),
    peers_per_torrent: boolean({
      reload: true,
      default: true,
      doc: "Counts torrents by their number of peers, once after each cleaning. It takes the cleaning thread 0.3 s for a million torrents.",
    }),
    clients: boolean({
      default: true,
      doc: "Identifies clients by their peer ids, in one of 64 announces. It costs 1 to 2 ns an announce and no memory a peer.",
    }),
    export_path: path({
      reload: true,
      default: "",
      optional: true,
      doc: "File that lists all torrents after a cleaning, one a line: hash:seeders:leechers:completed.",
    }),
    export_by_family_path: path({
      reload: true,
      default: "",
      optional: true,
      doc: "File that lists all torrents after a cleaning, one line for each torrent and address family: 4 or 6, hash, seeders, leechers, with spaces between them.",
    }),
    export_compression: choice({
      reload: true,
      default: "none",
      choices: ["none", "gzip", "zstd"],
      doc: "How both files are compressed; their names stay as they are. zstd needs Node 22.15 or newer.",
    }),
    export_every: integer({
      reload: true,
      default: 1,
      min: 1,
      max: 100_000,
      unit: "cleanings",
      doc: "The files are written after every so many cleanings, see torrent_cleaning_interval of [swarm].",
    }),
  },
  (values) => {
    if ((values.pageTlsCertificatePath === "") !== (values.pageTlsPrivateKeyPath === ""))
      return {
        key: "page_tls_private_key_path",
        expected: "a path where page_tls_certificate_path has one, and none where it has none",
      };
    if (!canCompress(values.exportCompression))
      return {
        key: "export_compression",
        expected: '"none" or "gzip" with this Node; "zstd" needs 22.15 or newer',
      };
    return undefined;
  },
);

export type StatisticsConfig = ConfigOf<typeof statisticsSection>;
