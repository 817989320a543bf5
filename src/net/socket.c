#define _GNU_SOURCE
#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "base/why.h"

int
pn_socket_why(struct pn_why *why, int os_error)
{
    int code = pn_net_from_errno(os_error);
    pn_why(why, code, "%s", strerror(os_error));
    if (why != NULL) {
        why->os_error = os_error;
    }
    return code;
}

static void
set(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

static int
or_default(uint16_t value, int standard)
{
    return value != 0 ? value : standard;
}

/*
 * Probes run only while nothing is unacknowledged; for data on its way to a peer that
 * is gone the kernel would try for a quarter of an hour. TCP_USER_TIMEOUT is the limit
 * for that, set to the time after which probes give up: one number for a dead peer,
 * whether or not something was being said to it.
 */
static void
keep_alive(int fd, const struct pn_stream_opts *opts)
{
    int idle = or_default(opts->keep_idle_s, 30);
    int interval = or_default(opts->keep_interval_s, 5);
    int count = or_default(opts->keep_count, 3);
    int64_t gone_ms = 1000 * (idle + (int64_t)interval * count);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, interval);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, count);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
        gone_ms < INT32_MAX ? (int)gone_ms : INT32_MAX);
}

/* A kernel that refuses one of these gives a connection that is slower to talk or to
 * notice its end, not a wrong one: no reason to have none. */
static void
set_options(int fd, int family, const struct pn_stream_opts *opts)
{
    if (opts->receive_buffer > 0) {
        set(fd, SOL_SOCKET, SO_RCVBUF, opts->receive_buffer);
    }
    if (opts->send_buffer > 0) {
        set(fd, SOL_SOCKET, SO_SNDBUF, opts->send_buffer);
    }
    if (family == AF_UNIX) {
        return;
    }
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (!opts->no_keepalive) {
        keep_alive(fd, opts);
    }
}

/* An interrupted connect goes on by itself. The queue of a unix socket that is full has
 * no news to wait for: the caller dials again later, as after a refusal. */
static int
begin(int fd, const struct pn_addr *addr, struct pn_why *why)
{
    if (connect(fd, &addr->at.any, addr->len) == 0) {
        return 0;
    }
    if (errno == EINPROGRESS || errno == EINTR) {
        return 1;
    }
    if (errno == EAGAIN && addr->at.any.sa_family == AF_UNIX) {
        return pn_why(why, PN_NET_E_REFUSED, "its queue of new connections is full");
    }
    return pn_socket_why(why, errno);
}

int
pn_socket_dial(const struct pn_addr *addr, const struct pn_stream_opts *opts, int *out,
               struct pn_why *why)
{
    int family = addr->at.any.sa_family;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return pn_socket_why(why, errno);
    }
    set_options(fd, family, opts);
    int rc = begin(fd, addr, why);
    /* Only connect() has no other way to be told not to wait. */
    if (rc >= 0 && fcntl(fd, F_SETFL, O_RDWR) != 0) {
        rc = pn_socket_why(why, errno);
    }
    if (rc < 0) {
        close(fd);
        return rc;
    }
    *out = fd;
    return rc;
}

/* A dial of an unused port of this host may be given that very port as its own, and
 * then TCP connects the socket to itself. */
static bool
is_self(int fd, const struct pn_addr *peer)
{
    struct pn_addr own = {.len = sizeof own.at};
    return peer->at.any.sa_family != AF_UNIX &&
           getsockname(fd, &own.at.any, &own.len) == 0 && own.len == peer->len &&
           memcmp(&own.at, &peer->at, own.len) == 0;
}

int
pn_socket_connected(int fd, struct pn_why *why)
{
    int err = 0;
    socklen_t len = sizeof err;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0) {
        err = errno;
    }
    if (err != 0) {
        return pn_socket_why(why, err);
    }
    struct pn_addr peer = {.len = sizeof peer.at};
    if (getpeername(fd, &peer.at.any, &peer.len) != 0) {
        return errno == ENOTCONN ? 1 : pn_socket_why(why, errno);
    }
    return is_self(fd, &peer) ? pn_socket_why(why, ECONNREFUSED) : 0;
}
