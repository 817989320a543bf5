#define _GNU_SOURCE
#include "net/stream.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/why.h"
#include "net/socket.h"

#define SECOND_NS 1000000000

/* Waits shorter than this are poll's: SO_RCVTIMEO counts in ticks of up to 10 ms. */
#define SHORT_WAIT_NS 50000000

int
pn_stream_dial(struct pn_stream *stream, const struct pn_addr *addr,
               const struct pn_stream_opts *opts, struct pn_why *why)
{
    static const struct pn_stream_opts defaults = {0};
    const struct pn_stream_opts *given = opts != NULL ? opts : &defaults;
    *stream = (struct pn_stream){.fd = -1, .want = PN_IO_WRITE};
    int fd = -1;
    int rc = pn_socket_dial(addr, given, &fd, why);
    if (rc < 0) {
        return rc;
    }
    if (given->tls != NULL) {
        int made = pn_tls_new(given->tls, fd, given->host, &stream->tls, why);
        if (made != PN_OK) {
            close(fd);
            return made;
        }
    }
    stream->fd = fd;
    stream->is_connected = rc == 0;
    return PN_OK;
}

int
pn_stream_progress(struct pn_stream *stream, struct pn_why *why)
{
    PN_ASSERT(stream->fd >= 0);
    if (!stream->is_connected) {
        int rc = pn_socket_connected(stream->fd, why);
        if (rc != 0) {
            return rc;
        }
        stream->is_connected = true;
    }
    if (!stream->is_ready && stream->tls != NULL) {
        int rc = pn_tls_handshake(stream->tls, &stream->want, why);
        if (rc != 0) {
            return rc;
        }
    }
    stream->is_ready = true;
    stream->want = PN_IO_READ;
    return 0;
}

/* What a recv() of a plain socket answered, N, as a stream says it. */
static ptrdiff_t
received(struct pn_stream *stream, ptrdiff_t n)
{
    if (n > 0) {
        return n;
    }
    if (n == 0) {
        return PN_NET_E_CLOSED;
    }
    if (errno == EAGAIN || errno == EINTR) {
        stream->want = PN_IO_READ;
        return 0;
    }
    return pn_net_from_errno(errno);
}

static ptrdiff_t
receive_now(struct pn_stream *stream, void *buf, size_t cap, int flags)
{
    ptrdiff_t n;
    do {
        n = recv(stream->fd, buf, cap, flags | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    return received(stream, n);
}

/* Waits as long as SO_RCVTIMEO says, or until a signal. */
static ptrdiff_t
receive_waiting(struct pn_stream *stream, void *buf, size_t cap, bool *is_interrupted)
{
    if (stream->tls != NULL) {
        return pn_tls_read_waiting(stream->tls, buf, cap, &stream->want,
                                   is_interrupted);
    }
    ptrdiff_t n = recv(stream->fd, buf, cap, 0);
    *is_interrupted = n < 0 && errno == EINTR;
    return received(stream, n);
}

ptrdiff_t
pn_stream_read(struct pn_stream *stream, void *buf, size_t cap)
{
    PN_ASSERT(stream->is_ready);
    PN_ASSERT(cap > 0);
    if (stream->tls != NULL) {
        return pn_tls_read(stream->tls, buf, cap, &stream->want);
    }
    return receive_now(stream, buf, cap, 0);
}

ptrdiff_t
pn_stream_write(struct pn_stream *stream, const void *buf, size_t len)
{
    PN_ASSERT(stream->is_ready);
    PN_ASSERT(len > 0);
    if (stream->tls != NULL) {
        return pn_tls_write(stream->tls, buf, len, &stream->want);
    }
    ptrdiff_t n;
    do {
        n = send(stream->fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) {
        stream->want = PN_IO_WRITE;
        return 0;
    }
    return n >= 0 ? n : pn_net_from_errno(errno);
}

/*
 * Makes recv() wait for about WAIT_NS, and never longer. To set the limit is a system
 * call of its own, so it is set a little short, and then serves the waits that are not
 * shorter still nor more than twice as long: those of one timeout, whatever of it has
 * passed. What is missing is waited for with poll.
 */
static bool
set_wait(struct pn_stream *stream, int64_t wait_ns)
{
    if (wait_ns >= stream->wait_ns && wait_ns / 2 < stream->wait_ns) {
        return true;
    }
    int64_t ns = wait_ns - wait_ns / 8;
    const struct timeval limit = {.tv_sec = ns / SECOND_NS,
                                  .tv_usec = ns % SECOND_NS / 1000};
    if (setsockopt(stream->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) {
        return false;
    }
    stream->wait_ns = ns;
    return true;
}

ptrdiff_t
pn_stream_read_within(struct pn_stream *stream, void *buf, size_t cap, int64_t wait_ns)
{
    PN_ASSERT(stream->is_ready);
    PN_ASSERT(cap > 0);
    int64_t left_ns = wait_ns;
    bool is_interrupted = false;
    ptrdiff_t n;
    if (wait_ns >= SHORT_WAIT_NS && set_wait(stream, wait_ns)) {
        n = receive_waiting(stream, buf, cap, &is_interrupted);
        left_ns -= stream->wait_ns;
    } else {
        n = pn_stream_read(stream, buf, cap);
    }
    if (n != 0 || left_ns <= 0 || is_interrupted) {
        return n;
    }
    struct pn_poll one = {.fd = stream->fd, .want = stream->want};
    int ready = pn_poll(&one, 1, left_ns);
    return ready > 0 ? pn_stream_read(stream, buf, cap) : ready;
}

bool
pn_stream_is_quiet(struct pn_stream *stream)
{
    PN_ASSERT(stream->is_ready);
    if (stream->tls != NULL) {
        return pn_tls_is_quiet(stream->tls);
    }
    char byte;
    return receive_now(stream, &byte, 1, MSG_PEEK) == 0;
}

bool
pn_stream_shares_cpu(const struct pn_stream *stream)
{
    int cpu = -1;
    socklen_t len = sizeof cpu;
    return getsockopt(stream->fd, SOL_SOCKET, SO_INCOMING_CPU, &cpu, &len) == 0 &&
           cpu == sched_getcpu();
}

static void
forget(struct pn_stream *stream)
{
    if (stream->fd >= 0) {
        close(stream->fd);
    }
    *stream = (struct pn_stream){.fd = -1};
}

void
pn_stream_close(struct pn_stream *stream)
{
    pn_tls_free(stream->tls);
    forget(stream);
}

void
pn_stream_abandon(struct pn_stream *stream)
{
    pn_tls_abandon(stream->tls);
    forget(stream);
}

int
pn_stream_why(const struct pn_stream *stream, int code, struct pn_why *why)
{
    if (stream->tls != NULL) {
        return pn_tls_why(stream->tls, code, why);
    }
    return pn_why(why, code, "%s", pn_net_strerror(code));
}
