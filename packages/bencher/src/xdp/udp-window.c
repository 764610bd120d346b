/*
 * A load of UDP clients that keeps a window of requests on the way, for servers that answer faster than `load-test udp` asks:
 * with that tester engine `xdp` waits for the tester, and gets small batches. `npm run bench:xdp` compiles and runs it.
 *
 *   udp-window ADDRESS PORT SECONDS WARMUP_SECONDS CONNECTS ANNOUNCES SCRAPES TORRENTS WINDOW
 *
 * CONNECTS, ANNOUNCES and SCRAPES are weights. Prints one line of JSON: requests sent and replies that were right after the
 * warm-up, replies that were wrong or refusals, and their rate. A reply is right when its transaction id is one of a request
 * that waits, its action is that request's, and its length is one that this action has (BEP 15).
 *
 * A transaction id is the slot of the request (16 bits), its kind (2 bits) and a count, so that a late or second reply is
 * known. Four sockets, non-blocking; recvmmsg of 64. Requests of one kind have one length and go out as one message that the kernel
 * cuts into datagrams (UDP_SEGMENT, udp(7)): sent one by one they fill the load's core at 220,000 a second, and engine `xdp`
 * waits. Peers differ in their port, torrents are drawn with the square of a random number, so that a quarter of them get half
 * of the announces.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { SOCKETS = 4, BATCH = 64, SLOTS = 1 << 16, REQUEST_BYTES = 128, CONNECT_BYTES = 16, REPLY_BYTES = 2048 };
enum { CONNECT = 0, ANNOUNCE = 1, SCRAPE = 2, REFUSAL = 3 };
/* With nothing heard for so long, what is on the way is lost. */
static const double STALL_SECONDS = 0.2;

static uint32_t waiting[SLOTS]; /* the transaction id that waits in a slot, 0 for none */
static uint64_t connection_ids[SOCKETS];
static uint64_t random_state = 88172645463325252ull;
static long right, wrong, outstanding;
static uint32_t next_slot, count_bits;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t draw(void) { /* xorshift64 (Marsaglia, 2003) */
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  return random_state ^= random_state << 17;
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

/* Takes a slot; returns its transaction id, never 0. */
static uint32_t open_request(uint32_t kind) {
  do {
    if ((++next_slot & (SLOTS - 1)) == 0) count_bits = (count_bits + 1) & 0x3fff;
  } while (waiting[next_slot & (SLOTS - 1)] != 0);
  uint32_t slot = next_slot & (SLOTS - 1);
  outstanding++;
  return waiting[slot] = ((count_bits << 2 | kind) << 16 | slot) ^ 0x80000000u;
}

/* Writes a request of this kind; returns its length. */
static int write_request(uint8_t *bytes, uint32_t kind, int socket, long torrents) {
  uint32_t id = open_request(kind);
  memset(bytes, 0, REQUEST_BYTES);
  put32(bytes + 8, kind);
  put32(bytes + 12, id);
  if (kind == CONNECT) {
    put32(bytes, 0x417);
    put32(bytes + 4, 0x27101980);
    return CONNECT_BYTES;
  }
  memcpy(bytes, &connection_ids[socket], 8);
  double fraction = (double)(draw() >> 11) / 9007199254740992.0;
  uint64_t torrent = (uint64_t)(fraction * fraction * (double)torrents) + 1;
  uint64_t hash = torrent * 0x9e3779b97f4a7c15ull;
  memcpy(bytes + 16, &hash, 8);
  memcpy(bytes + 24, &torrent, 8);
  if (kind == SCRAPE) return 36;
  memcpy(bytes + 36, "-ST0001-", 8);
  uint64_t random = draw();
  memcpy(bytes + 44, &random, 8);
  put32(bytes + 68, (random >> 8) % 4 == 0); /* left: a quarter are leechers */
  put32(bytes + 92, 30);
  bytes[96] = (uint8_t)(random >> 16) | 4;
  bytes[97] = (uint8_t)(random >> 24);
  return 98;
}

static void read_reply(const uint8_t *bytes, int length, int socket) {
  if (length < 8) {
    wrong++;
    return;
  }
  uint32_t action = get32(bytes), id = get32(bytes + 4);
  uint32_t slot = id & (SLOTS - 1);
  if (waiting[slot] != id || id == 0) {
    wrong++;
    return;
  }
  waiting[slot] = 0;
  outstanding--;
  uint32_t kind = ((id ^ 0x80000000u) >> 16) & 3;
  int fits = (action == CONNECT && length == 16) || (action == SCRAPE && length == 20) ||
             (action == ANNOUNCE && length >= 20 && (length - 20) % 6 == 0);
  if (action != kind || !fits) {
    wrong++;
    return;
  }
  if (action == CONNECT) memcpy(&connection_ids[socket], bytes + 8, 8);
  right++;
}

static int open_socket(const char *address, int port) {
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), bytes = 8 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  if (fd < 0 || inet_pton(AF_INET, address, &server.sin_addr) != 1 ||
      connect(fd, (struct sockaddr *)&server, sizeof server) != 0) {
    perror(address);
    exit(1);
  }
  return fd;
}

static uint8_t replies[BATCH][REPLY_BYTES];
static struct mmsghdr incoming[BATCH];
static struct iovec incoming_parts[BATCH];

/*
 * Sends so many requests of one kind, which all have one length, as one message that the kernel cuts into datagrams. It takes
 * all of the message or nothing.
 */
static long send_kind(int fd, int socket, int count, uint32_t kind, long torrents) {
  static uint8_t bytes[BATCH * REQUEST_BYTES];
  uint32_t ids[BATCH];
  union {
    char bytes[CMSG_SPACE(sizeof(uint16_t))];
    struct cmsghdr header;
  } control = {.header = {.cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof(uint16_t))}};
  int length = 0;
  for (int i = 0; i < count; i++) {
    length = write_request(bytes + i * length, kind, socket, torrents);
    ids[i] = get32(bytes + i * length + 12);
  }
  uint16_t segment = (uint16_t)length;
  memcpy(CMSG_DATA(&control.header), &segment, sizeof segment);
  struct iovec part = {bytes, (size_t)(count * length)};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.bytes};
  if (count == 0 || sendmsg(fd, &message, 0) == (ssize_t)part.iov_len) return count;
  for (int i = 0; i < count; i++) waiting[ids[i] & (SLOTS - 1)] = 0; /* not sent: nobody will answer */
  outstanding -= count;
  return 0;
}

/* Sends so many requests, drawn by the weights, kind by kind. */
static long send_requests(int fd, int socket, int count, const long *weights, long torrents) {
  int counts[3] = {0, 0, 0};
  for (int i = 0; i < count; i++) {
    long drawn = (long)(draw() % (uint64_t)(weights[0] + weights[1] + weights[2]));
    counts[drawn < weights[0] ? CONNECT : drawn < weights[0] + weights[1] ? ANNOUNCE : SCRAPE]++;
  }
  long sent = 0;
  for (uint32_t kind = CONNECT; kind <= SCRAPE; kind++) sent += send_kind(fd, socket, counts[kind], kind, torrents);
  return sent;
}

static int receive_replies(int fd, int socket) {
  int count = recvmmsg(fd, incoming, BATCH, MSG_DONTWAIT, NULL);
  for (int i = 0; i < count; i++) read_reply(replies[i], (int)incoming[i].msg_len, socket);
  return count < 0 ? 0 : count;
}

int main(int argc, char **argv) {
  if (argc != 10) {
    fprintf(stderr, "usage: udp-window ADDRESS PORT SECONDS WARMUP CONNECTS ANNOUNCES SCRAPES TORRENTS WINDOW\n");
    return 2;
  }
  long weights[3] = {atol(argv[5]), atol(argv[6]), atol(argv[7])};
  long torrents = atol(argv[8]), window = atol(argv[9]), sent = 0;
  int fds[SOCKETS];
  for (int i = 0; i < BATCH; i++) {
    incoming_parts[i] = (struct iovec){replies[i], REPLY_BYTES};
    incoming[i].msg_hdr = (struct msghdr){.msg_iov = &incoming_parts[i], .msg_iovlen = 1};
  }
  for (int i = 0; i < SOCKETS; i++) fds[i] = open_socket(argv[1], atoi(argv[2]));
  double end = now() + 5;
  for (int i = 0; i < SOCKETS; i++)
    while (connection_ids[i] == 0 && now() < end) {
      send_kind(fds[i], i, 1, CONNECT, torrents);
      for (double until = now() + 0.05; now() < until && connection_ids[i] == 0;) receive_replies(fds[i], i);
    }
  double began = now(), heard = began, counting = began + atof(argv[4]);
  int is_counting = 0;
  end = counting + atof(argv[3]);
  for (double time = began; time < end; time = now()) {
    if (!is_counting && time >= counting) {
      right = wrong = sent = 0;
      is_counting = 1;
      counting = time;
    }
    for (int i = 0; i < SOCKETS; i++) {
      if (receive_replies(fds[i], i) > 0) heard = time;
      long room = window - outstanding;
      int count = room < BATCH ? (int)room : BATCH;
      if (room < BATCH / 2) continue;
      sent += send_requests(fds[i], i, count, weights, torrents);
    }
    if (time - heard > STALL_SECONDS) {
      memset(waiting, 0, sizeof waiting);
      outstanding = 0;
      heard = time;
    }
  }
  double seconds = now() - counting;
  printf("{\"sent\":%ld,\"right\":%ld,\"wrong\":%ld,\"perSecond\":%.0f}\n", sent, right, wrong, (double)right / seconds);
  return 0;
}
