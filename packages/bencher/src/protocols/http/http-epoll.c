/*
 * The floor: what the kernel's TCP sockets cost when the tracker costs nothing.
 *
 * An HTTP server with the system calls of a swarmtide worker (epoll, accept4 as often as connections wait, recv once,
 * send once) that answers every request with the same bytes: no parser, no swarm, no limit, no timeout.
 * `npm run bench:http` compiles and runs it; a tracker that uses these system calls cannot be cheaper. For benchmarks on
 * loopback only.
 *
 *   http-epoll PORT BODY_BYTES keep-alive|close
 *
 * A request ends with an empty line; only the four bytes that end what has arrived are looked at, so a client must not
 * pipeline. One request has to arrive in one piece. A fresh connection is read at once, since its request has mostly
 * arrived with it; with `close` it is closed after the answer, and epoll never hears of it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  EVENTS_MAX = 256,
  ACCEPTS_MAX = 64,
  REQUEST_BYTES = 16384,
  BODY_MAX = 8192,
  HEAD_MAX = 256,
  BACKLOG = 1024,
};

static char request[REQUEST_BYTES];
static char reply[HEAD_MAX + BODY_MAX];
static size_t reply_length;
static int closes, epoll_fd;

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Writes the one reply: a bencoded announce reply whose peers fill the body. */
static void prepare_reply(size_t body_bytes) {
  char start[64], body[BODY_MAX];
  size_t body_length = (size_t)snprintf(start, sizeof start, "d8:completei5e10:incompletei50e8:intervali900e5:peers");
  memcpy(body, start, body_length);
  size_t fill = body_bytes > body_length + 6 ? body_bytes - body_length - 6 : 0;
  fill -= fill % 6; /* whole IPv4 peers */
  body_length += (size_t)snprintf(body + body_length, 16, "%zu:", fill);
  memset(body + body_length, 0x7f, fill);
  body_length += fill;
  body[body_length++] = 'e';
  reply_length = (size_t)snprintf(reply, HEAD_MAX, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n",
                                  body_length, closes ? "Connection: close\r\n" : "");
  memcpy(reply + reply_length, body, body_length);
  reply_length += body_length;
}

/* Reads once and answers. Returns 1 when the connection is over, 0 when it waits for more. */
static int serve(int fd) {
  ssize_t got = recv(fd, request, REQUEST_BYTES, MSG_DONTWAIT);
  if (got < 0) return errno != EAGAIN && errno != EINTR;
  if (got == 0) return 1;
  if (got < 4 || memcmp(request + got - 4, "\r\n\r\n", 4) != 0) return 0;
  if (send(fd, reply, reply_length, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)reply_length) return 1;
  return closes;
}

static void watch(int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

/* tcp_info of a listener tells how many connections wait: an accept4 that finds none costs the kernel 3.7 µs. */
static void accept_waiting(int listener) {
  struct tcp_info info;
  socklen_t length = sizeof info;
  unsigned waiting = 1;
  if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_unacked > 0)
    waiting = info.tcpi_unacked;
  if (waiting > ACCEPTS_MAX) waiting = ACCEPTS_MAX;
  for (unsigned count = 0; count < waiting; count++) {
    struct sockaddr_in source;
    socklen_t source_length = sizeof source;
    int fd = accept4(listener, (struct sockaddr *)&source, &source_length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (serve(fd)) close(fd);
    else watch(fd);
  }
}

static int listen_on(uint16_t port) {
  int on = 1;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (listener < 0) die("socket");
  if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) die("SO_REUSEADDR");
  if (setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) die("TCP_NODELAY");
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port)};
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&local, sizeof local) < 0) die("bind");
  if (listen(listener, BACKLOG) < 0) die("listen");
  socklen_t length = sizeof local;
  if (getsockname(listener, (struct sockaddr *)&local, &length) < 0) die("getsockname");
  printf("listening on 127.0.0.1:%d\n", ntohs(local.sin_port));
  fflush(stdout);
  return listener;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: http-epoll PORT BODY_BYTES keep-alive|close\n");
    return 2;
  }
  size_t body_bytes = (size_t)atoi(argv[2]);
  closes = strcmp(argv[3], "close") == 0;
  prepare_reply(body_bytes < BODY_MAX - 64 ? body_bytes : BODY_MAX - 64);
  int listener = listen_on((uint16_t)atoi(argv[1]));
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) die("epoll_create1");
  watch(listener);
  struct epoll_event events[EVENTS_MAX];
  for (;;) {
    int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
    if (count < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) accept_waiting(listener);
      else if (serve(fd)) close(fd);
    }
  }
}
