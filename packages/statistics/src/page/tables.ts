/// <reference lib="dom" />
/** The tables below the charts. Called with every snapshot; each function shows one table. */
import type { ApiStats, TrafficRow } from "../api-shape.ts";
import { byId, fillTable, setText, tableById } from "./dom.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
  UNKNOWN,
} from "./format.ts";

const PROTOCOL_NAMES: Readonly<Record<string, string>> = {
  udp: "UDP",
  http: "HTTP",
  ws: "WebTorrent",
  tcp: "TCP",
  cluster: "Cluster",
  shared: "UDP and HTTP",
};
const FAMILY_NAMES: Readonly<Record<string, string>> = { ipv4: "IPv4", ipv6: "IPv6", all: "" };
const CLIENTS_MAX = 12;
const PROBLEMS_MAX = 25;

const named = (protocol: string, family: string) =>
  `${PROTOCOL_NAMES[protocol] ?? protocol} ${FAMILY_NAMES[family] ?? family}`.trim();

function showTraffic({ requests, responses }: ApiStats): void {
  const rows = new Map<string, { in?: TrafficRow; out?: TrafficRow; name: string }>();
  const keyOf = ({ protocol, family, kind }: TrafficRow) => `${protocol} ${family} ${kind}`;
  const nameOf = (row: TrafficRow) => `${named(row.protocol, row.family)} ${row.kind}`;
  for (const row of requests.rows) rows.set(keyOf(row), { in: row, name: nameOf(row) });
  for (const row of responses.rows)
    rows.set(keyOf(row), { ...rows.get(keyOf(row)), out: row, name: nameOf(row) });
  // What never happened says nothing, unless nothing ever happened.
  const happened = [...rows.values()].filter(
    (row) => (row.in?.total ?? 0) + (row.out?.total ?? 0) > 0,
  );
  fillTable(tableById("traffic"), {
    head: ["Kind", "Requests/s", "Responses/s", "Requests", "Responses"],
    rows: happened.map((row) => [
      row.name,
      row.in ? formatRate(row.in.perSecond.tenSeconds) : UNKNOWN,
      row.out ? formatRate(row.out.perSecond.tenSeconds) : UNKNOWN,
      row.in ? formatCount(row.in.total) : UNKNOWN,
      row.out ? formatCount(row.out.total) : UNKNOWN,
    ]),
    empty: "No requests yet.",
  });
}

function showProblems({ problems }: ApiStats): void {
  fillTable(tableById("problems"), {
    head: ["What", "Where", "A second", "In all"],
    rows: problems
      .slice(0, PROBLEMS_MAX)
      .map(({ text, protocol, perSecond, total }) => [
        text,
        PROTOCOL_NAMES[protocol] ?? protocol,
        formatRate(perSecond.minute),
        formatCount(total),
      ]),
    empty: "Nothing went wrong so far.",
  });
}

function showWorkers({ workers }: ApiStats): void {
  fillTable(tableById("workers"), {
    head: ["Worker", "Requests/s", "Responses/s", "Connections", "Busy"],
    rows: workers.map(({ name, requests, responses, connections, busyShare }) => [
      name,
      formatRate(requests.perSecond.tenSeconds),
      formatRate(responses.perSecond.tenSeconds),
      connections === null ? UNKNOWN : formatCount(connections),
      formatShare(busyShare),
    ]),
    empty: "No worker runs.",
  });
}

function showSwarms({ swarms }: ApiStats): void {
  const { shared, ws } = swarms.torrentsOfStores;
  const torrents = { shared, ws };
  fillTable(tableById("swarms"), {
    head: ["Swarms", "Torrents", "Peers", "Seeders", "Leechers"],
    rows: swarms.rows.map(({ store, family, peers, seeders, leechers }) => [
      named(store, family),
      // The torrents of both families are the same ones, told once.
      store === "shared" && family === "ipv6" ? "the same" : formatCount(torrents[store]),
      formatCount(peers),
      formatCount(seeders),
      formatCount(leechers),
    ]),
    empty: "No swarms.",
  });
}

function showBandwidth({ bandwidth }: ApiStats): void {
  fillTable(tableById("bandwidth"), {
    head: ["Protocol", "Received/s", "Sent/s", "Received", "Sent"],
    rows: bandwidth.rows
      .filter(({ received, sent }) => received.total + sent.total > 0)
      .map(({ protocol, family, received, sent }) => [
        named(protocol, family),
        formatBytes(received.perSecond.tenSeconds),
        formatBytes(sent.perSecond.tenSeconds),
        formatBytes(received.total),
        formatBytes(sent.total),
      ]),
    empty: "Nothing received yet.",
  });
}

const BUDGET_NAMES = { swarms: "UDP and HTTP", webtorrent: "WebTorrent" } as const;

function showMemory({ memory }: ApiStats): void {
  fillTable(tableById("memory"), {
    head: ["Budget", "Used", "Limit", "Full in", "Refused"],
    rows: memory.budgets.map(({ name, usedBytes, limitBytes, secondsUntilFull, refused }) => [
      BUDGET_NAMES[name],
      {
        text: `${formatBytes(usedBytes)} (${formatShare(usedBytes / Math.max(limitBytes, 1))})`,
        share: Math.min(usedBytes / Math.max(limitBytes, 1), 1),
      },
      formatBytes(limitBytes),
      secondsUntilFull === null ? "not growing" : formatDuration(secondsUntilFull),
      formatCount(refused.total),
    ]),
    empty: "No budget.",
  });
  const host = memory.hostLimitBytes;
  const limit = host === null ? "" : ` of ${formatBytes(host)} that the host or its cgroup allows`;
  setText(
    byId("memory-process"),
    `The process holds ${formatBytes(memory.residentBytes)}${limit}.`,
  );
}

function showCluster({ cluster }: ApiStats): void {
  const state = cluster?.isConnected ? "connected" : "not connected: serving the local swarms";
  const webTorrent = cluster?.webTorrent;
  const elsewhere = webTorrent
    ? ` WebTorrent peers on them: ${formatCount(webTorrent.peers)}.`
    : "";
  setText(
    byId("cluster-note"),
    cluster
      ? `Other nodes: ${formatCount(cluster.nodes)}, ${cluster.isJoining ? "joining" : state}; the latest message came ${formatDuration(cluster.lagSeconds)} after its time.${elsewhere}`
      : "The swarms are not shared with other nodes.",
  );
  const drops = (cluster?.drops ?? [])
    .filter(({ total }) => total > 0)
    .map(
      ({ unit, reason, total }) => `${formatCount(total)} ${unit} (${reason.replaceAll("_", " ")})`,
    );
  setText(byId("cluster-drops"), drops.length === 0 ? "" : `Dropped: ${drops.join(", ")}.`);
  const rows = cluster
    ? ([
        ["Received", cluster.recordsIn, cluster.bytesIn],
        ["Sent", cluster.recordsOut, cluster.bytesOut],
        ...(webTorrent
          ? ([
              ["WebTorrent, received", webTorrent.recordsIn, undefined],
              ["WebTorrent, sent", webTorrent.recordsOut, undefined],
            ] as const)
          : []),
      ] as const)
    : [];
  fillTable(tableById("cluster"), {
    head: ["", "Records/s", "Bytes/s", "Records", "Bytes"],
    rows: rows.map(([name, records, bytes]) => [
      name,
      formatRate(records.perSecond.tenSeconds),
      bytes ? formatBytes(bytes.perSecond.tenSeconds) : "",
      formatCount(records.total),
      bytes ? formatBytes(bytes.total) : "",
    ]),
    empty: "No cluster.",
  });
}

function showSizes({ peersPerTorrent }: ApiStats): void {
  const note = peersPerTorrent
    ? `Counted ${formatDuration(peersPerTorrent.ageSeconds)} ago; the largest swarm has ${formatCount(peersPerTorrent.largestPeers)} peers.`
    : "Switched off, or not counted yet: swarms are counted when they are cleaned.";
  setText(byId("sizes-note"), note);
  const buckets = peersPerTorrent?.buckets ?? [];
  const most = Math.max(1, ...buckets.map(({ torrents }) => torrents));
  fillTable(tableById("sizes"), {
    head: ["Peers", "Torrents"],
    rows: buckets.map(({ from, to, torrents }) => [
      to === null
        ? `${formatCount(from)} and more`
        : from === to
          ? `${from}`
          : `${formatCount(from)} to ${formatCount(to)}`,
      // The square root keeps the few large swarms visible beside the many small ones.
      { text: formatCount(torrents), share: Math.sqrt(torrents / most) },
    ]),
    empty: "No torrents counted.",
  });
}

function showClients({ clients }: ApiStats): void {
  setText(
    byId("clients-note"),
    clients
      ? `From a sample: one of ${formatCount(clients.sampledOneIn)} announces, ${formatCount(clients.sampledAnnounces)} looked at.`
      : "Switched off.",
  );
  const rows = clients?.clients.slice(0, CLIENTS_MAX) ?? [];
  fillTable(tableById("clients"), {
    head: ["Client", "Share", "Versions"],
    rows: rows.map(({ name, share, versions }) => [
      name,
      { text: formatShare(share), share },
      versions
        .slice(0, 3)
        .map(({ version }) => version)
        .join(", ") || UNKNOWN,
    ]),
    empty: "No announce sampled yet.",
  });
}

function showUpkeep({ addresses, certificates, lastReload, timeMilliseconds }: ApiStats): void {
  const listening = addresses.map(({ protocol, address }) => [`Listens (${protocol})`, address]);
  const certified = certificates.map(({ section, subject, secondsToExpiry }) => [
    `Certificate [${section}]`,
    secondsToExpiry < 0
      ? `${subject} expired ${formatDuration(-secondsToExpiry)} ago`
      : `${subject} expires in ${formatDuration(secondsToExpiry)}`,
  ]);
  const reloaded = lastReload
    ? `${lastReload.isSuccess ? "" : "failed "}${formatDuration((timeMilliseconds - lastReload.timeMilliseconds) / 1000)} ago: ${lastReload.text}`
    : "none since the start";
  fillTable(tableById("upkeep"), {
    head: ["What", "State"],
    rows: [...listening, ...certified, ["Last reload", reloaded]],
    empty: "",
  });
}

/** Shows all tables. */
export function showTables(stats: ApiStats): void {
  showTraffic(stats);
  showBandwidth(stats);
  showProblems(stats);
  showWorkers(stats);
  showSwarms(stats);
  showMemory(stats);
  showCluster(stats);
  showSizes(stats);
  showClients(stats);
  showUpkeep(stats);
}
