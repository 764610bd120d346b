/** The loads of the bench of the engine `xdp`, what a round tells, and the table of many. Pure functions. */
import { median } from "../harness/figures.ts";

/** Honest requests a second beside a flood: few enough that a server which drops the flood loses none. */
export const HONEST_RATE = 5000;

interface Load {
  readonly about: string;
  /** Weights of connects, announces and scrapes. */
  readonly weights: readonly [number, number, number];
  readonly isFlooded: boolean;
}

export const LOADS: Readonly<Record<string, Load>> = {
  mix: {
    about: "50 connects, 50 announces, 1 scrape",
    weights: [50, 50, 1],
    isFlooded: false,
  },
  connects: { about: "connects alone", weights: [1, 0, 0], isFlooded: false },
  flood: {
    about: `${HONEST_RATE} requests a second of honest clients, beside a million a second without connection ids`,
    weights: [50, 50, 1],
    isFlooded: true,
  },
};

export interface XdpRound {
  readonly load: string;
  readonly server: string;
  readonly responsesPerSecond: number;
  readonly answeredShare: number;
  readonly errors: number;
  /** Share of the time for which the server's core was busy. */
  readonly coreBusy: number;
  /** Forged datagrams that the server's core took in; what it had no time for overflowed the card. */
  readonly floodPerSecond: number;
}

/** Medians over all rounds, and ratios within each round: to aquatic_udp and to engine mmsg. */
export function tableOf(rounds: readonly XdpRound[], servers: readonly string[]): string {
  const lines: string[] = [];
  for (const [load, { about, isFlooded }] of Object.entries(LOADS)) {
    const of = (server: string) =>
      rounds.filter((each) => each.load === load && each.server === server);
    if (of("swarmtide xdp").length === 0) continue;
    const ratio = (server: string, to: string) => {
      const others = of(to);
      const own = of(server);
      const count = Math.min(own.length, others.length);
      const ratios = Array.from(
        { length: count },
        (_, i) => (own[i]?.responsesPerSecond ?? 0) / (others[i]?.responsesPerSecond ?? 1),
      );
      return count === 0 ? "" : `${median(ratios).toFixed(2)} ×`;
    };
    lines.push(
      `\n${load}: ${about}; ${of("swarmtide xdp").length} rounds`,
      "| server | responses/s | to aquatic_udp | to mmsg | answered | server's core busy |" +
        (isFlooded ? " of the flood taken in/s |" : ""),
    );
    for (const server of servers) {
      const own = of(server);
      const middle = (key: keyof XdpRound) => median(own.map((each) => Number(each[key])));
      const cells = [
        server,
        Math.round(middle("responsesPerSecond")).toLocaleString("en"),
        ratio(server, "aquatic_udp"),
        ratio(server, "swarmtide mmsg"),
        `${(100 * middle("answeredShare")).toFixed(1)} %`,
        `${Math.round(100 * middle("coreBusy"))} %`,
        ...(isFlooded ? [Math.round(middle("floodPerSecond")).toLocaleString("en")] : []),
      ];
      lines.push(`| ${cells.join(" | ")} |`);
    }
  }
  return lines.join("\n");
}
