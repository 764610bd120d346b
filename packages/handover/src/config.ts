/** [handover] of the configuration file: another process that takes over. Read on the main thread. */
import { linuxSupported } from "@swarmtide/linux";
import { type ConfigOf, integer, path, section } from "@swarmtide/toml-config";

export const handoverSection = section(
  "An upgrade without loss: `swarmtide --take-over` gets swarms, sockets and keys from the process that runs (Linux).",
  {
    control_socket: path({
      default: "",
      optional: true,
      doc: 'Socket in the file system at which the process that takes over asks; "" for none. Its folder must be writable for whoever starts the tracker and for nobody else, and may not be one that systemd removes at a stop.',
    }),
    drain: integer({
      default: 60,
      min: 0,
      max: 3600,
      unit: "seconds",
      doc: "How long the old process keeps serving its connections after a hand-over. HTTP connections end with their next answer, WebSockets are closed one after another (code 1012).",
    }),
  },
  ({ controlSocket }) =>
    controlSocket === "" || linuxSupported()
      ? undefined
      : { key: "control_socket", expected: '"" where Linux calls are missing' },
);

export type HandoverConfig = ConfigOf<typeof handoverSection>;
