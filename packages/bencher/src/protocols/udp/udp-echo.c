/*
 * The floor: what the kernel's UDP sockets cost when the tracker costs nothing.
 *
 * A datagram server with the same batch size and socket options as a swarmtide worker (recvmmsg and sendmmsg of 64,
 * SO_REUSEPORT, SO_RCVBUFFORCE) that answers every BEP 15 request with a reply of the right kind and a plausible length,
 * and keeps nothing: no swarm, no connection table, no check. `npm run bench:udp` compiles and runs it; a tracker that
 * uses these system calls cannot be faster than this. For benchmarks on loopback only: it answers whatever it is sent.
 *
 *   udp-echo PORT PEERS RECEIVE_BUFFER_BYTES
 *
 * PEERS is the number of (invented) IPv4 peers in each announce reply; a client that asks for fewer gets fewer.
 *
 * request            offset  size      reply              offset  size
 * connect  magic          0     8      connect  action 0       0     4
 *          action         8     4               transaction    4     4
 *          transaction   12     4               connection     8     8
 * announce action 1       8     4      announce action 1       0     4
 *          transaction   12     4               transaction    4     4
 *          num_want      92     4               interval       8     4
 *                                               leechers      12     4
 *                                               seeders       16     4
 *                                               peers         20     6 each
 * scrape   action 2       8     4      scrape   action 2       0     4
 *          transaction   12     4               transaction    4     4
 *          info hashes   16    20 each          counts         8    12 each
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
  BATCH = 64,
  REQUEST_BYTES = 2048,
  REPLY_BYTES = 2048,
  PEERS_MAX = 300,
  SCRAPE_MAX = 70,
  CONNECT_LENGTH = 16,
  ANNOUNCE_LENGTH = 98,
};

static uint8_t requests[BATCH][REQUEST_BYTES] __attribute__((aligned(64)));
static uint8_t replies[BATCH][REPLY_BYTES] __attribute__((aligned(64)));
static struct sockaddr_in sources[BATCH];
static struct iovec request_parts[BATCH], reply_parts[BATCH];
static struct mmsghdr request_headers[BATCH], reply_headers[BATCH];

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void put32(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

static uint32_t get32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

/* Writes the reply and returns its length; 0 = silence. */
static size_t answer(const uint8_t *request, size_t length, uint8_t *reply, uint32_t peers) {
  if (length < CONNECT_LENGTH) return 0;
  uint32_t action = get32(request + 8);
  memcpy(reply, request + 8, 8); /* action and transaction id lie side by side in both */
  if (action == 0) {
    put32(reply + 8, 0x53574152);
    put32(reply + 12, 0x4d544944);
    return 16;
  }
  if (action == 1 && length >= ANNOUNCE_LENGTH) {
    uint32_t wanted = get32(request + 92);
    uint32_t count = wanted < peers ? wanted : peers;
    put32(reply + 8, 900);
    put32(reply + 12, count);
    put32(reply + 16, count);
    /* Every tracker writes its peers into the reply, so the floor does too. */
    for (uint32_t peer = 0; peer < count; peer++) memcpy(reply + 20 + peer * 6, "\x7f\x00\x00\x01\x1a\xe1", 6);
    return 20 + count * 6;
  }
  if (action == 2) {
    size_t hashes = (length - 16) / 20;
    if (hashes > SCRAPE_MAX) hashes = SCRAPE_MAX;
    memset(reply + 8, 0, hashes * 12);
    return 8 + hashes * 12;
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: udp-echo PORT PEERS RECEIVE_BUFFER_BYTES\n");
    return 2;
  }
  uint32_t peers = (uint32_t)atoi(argv[2]);
  if (peers > PEERS_MAX) peers = PEERS_MAX;
  int receive_buffer_bytes = atoi(argv[3]);
  int on = 1;

  int socket_fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (socket_fd < 0) die("socket");
  if (setsockopt(socket_fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) die("SO_REUSEPORT");
  /* As swarmtide does: past the system's limit where the user may, up to it where not. */
  socklen_t size = sizeof receive_buffer_bytes;
  if (setsockopt(socket_fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer_bytes, size) < 0 &&
      setsockopt(socket_fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, size) < 0)
    die("SO_RCVBUF");
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(socket_fd, (struct sockaddr *)&local, sizeof local) < 0) die("bind");
  socklen_t local_length = sizeof local;
  if (getsockname(socket_fd, (struct sockaddr *)&local, &local_length) < 0) die("getsockname");
  printf("listening on 127.0.0.1:%d\n", ntohs(local.sin_port));
  fflush(stdout);

  for (int slot = 0; slot < BATCH; slot++) {
    request_parts[slot] = (struct iovec){requests[slot], REQUEST_BYTES};
    request_headers[slot].msg_hdr.msg_name = &sources[slot];
    request_headers[slot].msg_hdr.msg_iov = &request_parts[slot];
    request_headers[slot].msg_hdr.msg_iovlen = 1;
    reply_headers[slot].msg_hdr.msg_namelen = sizeof sources[0];
    reply_headers[slot].msg_hdr.msg_iov = &reply_parts[slot];
    reply_headers[slot].msg_hdr.msg_iovlen = 1;
  }

  for (;;) {
    for (int slot = 0; slot < BATCH; slot++) request_headers[slot].msg_hdr.msg_namelen = sizeof sources[0];
    /* Waits for one datagram and takes what else is there: one call a batch, the cheapest form there is. */
    int received = recvmmsg(socket_fd, request_headers, BATCH, MSG_WAITFORONE, NULL);
    if (received < 0) {
      if (errno == EINTR) continue;
      die("recvmmsg");
    }
    int queued = 0;
    for (int slot = 0; slot < received; slot++) {
      size_t length = answer(requests[slot], request_headers[slot].msg_len, replies[queued], peers);
      if (length == 0) continue;
      reply_parts[queued] = (struct iovec){replies[queued], length};
      reply_headers[queued].msg_hdr.msg_name = &sources[slot];
      queued++;
    }
    for (int sent = 0; sent < queued;) {
      int now = sendmmsg(socket_fd, reply_headers + sent, (unsigned)(queued - sent), 0);
      if (now > 0) sent += now;
      else if (errno == ENOBUFS) sent++; /* the client sees a lost reply, as with any tracker */
      else if (errno != EINTR) die("sendmmsg");
    }
  }
}
