/** [access_list] of the configuration file. Read on the main thread. */
import { type ConfigOf, choice, path, section } from "@swarmtide/toml-config";
import { ACCESS_LIST_MODES } from "./access-list.ts";

/** [access_list] */
export const accessListSection = section("Which torrents are served.", {
  mode: choice({
    reload: true,
    default: "off",
    choices: ACCESS_LIST_MODES,
    doc: '"allow" serves only the torrents of the list, "deny" all others, "off" all.',
  }),
  path: path({
    reload: true,
    default: "./access-list.txt",
    doc: "The list. Each line is an info hash of 40 hexadecimal digits; blank lines and text after a # are ignored. SIGUSR1 and SIGHUP read it again.",
  }),
});

export type AccessListConfig = ConfigOf<typeof accessListSection>;
