/**
 * What the keys of aquatic's three configuration files are called here, for `swarmtide check-config` of such a file. Keys
 * without a counterpart say why. The defaults of aquatic 0.9.0 stand beside the keys: a test gives each of them to our key.
 */

/** What became of a key. */
export interface AquaticKey {
  /** Aquatic's default, as TOML. */
  readonly usual: string;
  /** Our key; undefined where there is none. */
  readonly to?: string;
  /** What differs, or why there is none. */
  readonly note?: string;
}

export type AquaticKeys = Readonly<Record<string, AquaticKey>>;

const OWN_THREADS =
  "swarms lie in memory that all workers share; there are no threads of their own for them";

const SHARED: AquaticKeys = {
  "privileges.drop_privileges": { usual: "false", to: "privileges.drop_privileges" },
  "privileges.chroot_path": { usual: '"."', to: "privileges.chroot_path" },
  "privileges.group": { usual: '"nogroup"', to: "privileges.group" },
  "privileges.user": { usual: '"nobody"', to: "privileges.user" },
  "access_list.mode": { usual: '"off"', to: "access_list.mode" },
  "access_list.path": { usual: '"./access-list.txt"', to: "access_list.path" },
};

const PAGE = {
  endpoint: {
    usual: "false",
    note: "/metrics is served wherever statistics.page_address is set, as it is by default",
  },
  address: { usual: '"0.0.0.0:9000"', to: "statistics.page_address" },
  prefixes: { usual: "false", note: "clients are named, not counted by peer id prefix" },
} as const;

const udp: AquaticKeys = {
  ...SHARED,
  socket_workers: { usual: "1", to: "udp.workers" },
  log_level: { usual: '"error"', to: "log_level", note: '"trace" is "debug"' },
  "network.use_ipv4": { usual: "true", to: "udp.use_ipv4" },
  "network.use_ipv6": { usual: "true", to: "udp.use_ipv6" },
  "network.address_ipv4": { usual: '"0.0.0.0:3000"', to: "udp.address_ipv4" },
  "network.address_ipv6": { usual: '"[::]:3000"', to: "udp.address_ipv6" },
  "network.socket_recv_buffer_size": { usual: "8000000", to: "udp.socket_recv_buffer_size" },
  "network.poll_timeout_ms": { usual: "50", note: "workers look every 50 ms, always" },
  "network.resend_buffer_max_len": { usual: "0", to: "udp.resend_buffer_max_len" },
  "network.set_only_ipv6": { usual: "true", to: "udp.set_only_ipv6" },
  "network.use_io_uring": {
    usual: "true",
    note: 'udp.engine = "uring" reads datagrams through io_uring',
  },
  "network.ring_size": { usual: "128", note: "the engine uring sizes its ring itself" },
  "network.set_reuseport_lb": { usual: "true", note: "a setting of FreeBSD alone" },
  "protocol.max_scrape_torrents": { usual: "70", to: "udp.max_scrape_torrents" },
  "protocol.max_response_peers": { usual: "30", to: "udp.max_response_peers" },
  "protocol.peer_announce_interval": { usual: "900", to: "udp.peer_announce_interval" },
  "statistics.interval": { usual: "5", to: "statistics.interval", note: "at least 1" },
  "statistics.torrent_peer_histograms": { usual: "false", to: "statistics.peers_per_torrent" },
  "statistics.peer_clients": { usual: "false", to: "statistics.clients" },
  "statistics.print_to_stdout": { usual: "false", to: "statistics.print_to_stdout" },
  "statistics.write_html_to_file": {
    usual: "false",
    note: "statistics.html_path writes the page where it is a path",
  },
  "statistics.html_file_path": { usual: '"tmp/statistics.html"', to: "statistics.html_path" },
  "statistics.run_prometheus_endpoint": PAGE.endpoint,
  "statistics.prometheus_endpoint_address": PAGE.address,
  "statistics.prometheus_peer_id_prefixes": PAGE.prefixes,
  "cleaning.torrent_cleaning_interval": { usual: "120", to: "swarm.torrent_cleaning_interval" },
  "cleaning.max_connection_age": { usual: "120", to: "udp.max_connection_age" },
  "cleaning.max_peer_age": { usual: "1200", to: "swarm.max_peer_age" },
  "scrape_exports.enable_scrape_exports": {
    usual: "false",
    note: "statistics.export_path writes the export where it is a path",
  },
  "scrape_exports.frequency": { usual: "10", to: "statistics.export_every" },
  "scrape_exports.path": { usual: '"./udp-scrape-export.txt"', to: "statistics.export_path" },
};

/** What [web] has for both of the others. */
const WEB: AquaticKeys = {
  ...SHARED,
  socket_workers: { usual: "1", to: "web.workers" },
  swarm_workers: { usual: "1", note: OWN_THREADS },
  log_level: { usual: '"warn"', to: "log_level", note: '"trace" is "debug"' },
  "network.tcp_backlog": { usual: "1024", to: "web.tcp_backlog" },
  "network.enable_tls": {
    usual: "false",
    note: "HTTPS listens at web.tls_address_ipv4 and web.tls_address_ipv6, plain HTTP at web.address_…",
  },
  "network.tls_certificate_path": { usual: '""', to: "web.tls_certificate_path" },
  "network.tls_private_key_path": { usual: '""', to: "web.tls_private_key_path" },
  "cleaning.connection_cleaning_interval": {
    usual: "60",
    note: "deadlines of connections are looked at twice a second",
  },
  "metrics.run_prometheus_endpoint": PAGE.endpoint,
  "metrics.prometheus_endpoint_address": PAGE.address,
  "metrics.torrent_count_update_interval": { usual: "10", note: "counts are always up to date" },
};

const http: AquaticKeys = {
  ...WEB,
  socket_workers: {
    usual: "1",
    to: "http.workers",
    note: "plain HTTP; web.workers are those of HTTPS",
  },
  "network.use_ipv4": { usual: "true", to: "web.use_ipv4" },
  "network.use_ipv6": { usual: "true", to: "web.use_ipv6" },
  "network.address_ipv4": { usual: '"0.0.0.0:3000"', to: "web.address_ipv4" },
  "network.address_ipv6": { usual: '"[::]:3000"', to: "web.address_ipv6" },
  "network.keep_alive": {
    usual: "true",
    note: "web.max_requests_per_connection = 1 closes each connection after its answer",
  },
  "network.runs_behind_reverse_proxy": {
    usual: "false",
    note: "name the proxies in web.trusted_proxies; only they may say who asks",
  },
  "network.reverse_proxy_ip_header_name": {
    usual: '"X-Forwarded-For"',
    to: "web.reverse_proxy_ip_header_name",
  },
  "network.reverse_proxy_ip_header_format": {
    usual: '"last_address"',
    note: "the rightmost address that is not a trusted proxy's counts",
  },
  "network.set_only_ipv6": { usual: "true", to: "web.set_only_ipv6" },
  "protocol.max_scrape_torrents": { usual: "100", to: "http.max_scrape_torrents" },
  "protocol.max_peers": { usual: "50", to: "http.max_response_peers" },
  "protocol.peer_announce_interval": {
    usual: "120",
    to: "http.peer_announce_interval",
    note: "with http.peer_min_announce_interval at most nine tenths of it",
  },
  "cleaning.torrent_cleaning_interval": { usual: "30", to: "swarm.torrent_cleaning_interval" },
  "cleaning.max_peer_age": { usual: "1800", to: "swarm.max_peer_age" },
  "cleaning.max_connection_idle": { usual: "180", to: "web.max_connection_idle" },
};

const ws: AquaticKeys = {
  ...WEB,
  "network.address": {
    usual: '"0.0.0.0:3000"',
    to: "web.address_ipv4",
    note: "an IPv6 address goes to web.address_ipv6",
  },
  "network.only_ipv6": {
    usual: "false",
    note: "each family has a socket of its own; web.use_ipv4 and web.use_ipv6 say which are opened",
  },
  "network.websocket_max_message_size": { usual: "65536", to: "ws.max_message_size" },
  "network.websocket_max_frame_size": {
    usual: "16384",
    note: "frames may be as long as a message, ws.max_message_size",
  },
  "network.websocket_write_buffer_size": {
    usual: "8192",
    note: "ws.max_unsent and ws.max_unsent_before_drop bound what waits for a slow reader",
  },
  "network.enable_http_health_checks": { usual: "false", note: "/health is always answered" },
  "protocol.max_scrape_torrents": { usual: "255", to: "ws.max_scrape_torrents" },
  "protocol.max_offers": { usual: "10", to: "ws.max_offers" },
  "protocol.peer_announce_interval": { usual: "120", to: "ws.peer_announce_interval" },
  "cleaning.torrent_cleaning_interval": {
    usual: "30",
    note: "peers are looked at every second, see ws.max_peer_age",
  },
  "cleaning.max_peer_age": { usual: "180", to: "ws.max_peer_age" },
  "cleaning.max_offer_age": { usual: "120", to: "ws.max_offer_age" },
  "cleaning.max_connection_idle": { usual: "180", to: "ws.max_connection_idle" },
  "cleaning.close_after_tls_update_grace_period": {
    usual: "216000",
    note: "connections go on with the certificate they began with",
  },
  "metrics.peer_clients": { usual: "false", to: "statistics.clients" },
  "metrics.peer_id_prefixes": PAGE.prefixes,
};

/** By the program whose file it is: aquatic_udp, aquatic_http, aquatic_ws. */
export const AQUATIC_KEYS = { udp, http, ws } as const satisfies Record<string, AquaticKeys>;
