#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "net/stream.h"

#define SECOND_NS 1000000000

/* Up to FEW are waited for in half a KiB of stack; PN_POLL_MAX take 32 KiB. */
#define FEW 64

static short
events_of(uint8_t want)
{
    return (short)((want & PN_IO_READ ? POLLIN : 0) |
                   (want & PN_IO_WRITE ? POLLOUT : 0));
}

static uint8_t
got_of(short events)
{
    if (events & (POLLERR | POLLHUP | POLLNVAL)) {
        return PN_IO_READ | PN_IO_WRITE; /* whichever is tried will say what happened */
    }
    return (uint8_t)((events & POLLIN ? PN_IO_READ : 0) |
                     (events & POLLOUT ? PN_IO_WRITE : 0));
}

static int
wait_with(struct pollfd *kernel, struct pn_poll *set, size_t n, int64_t wait_ns)
{
    for (size_t i = 0; i < n; i++) {
        kernel[i] = (struct pollfd){.fd = set[i].fd, .events = events_of(set[i].want)};
        set[i].got = 0;
    }
    const struct timespec limit = {.tv_sec = wait_ns / SECOND_NS,
                                   .tv_nsec = wait_ns % SECOND_NS};
    int ready = ppoll(kernel, n, &limit, NULL);
    if (ready < 0) {
        return errno == EINTR ? 0 : pn_net_from_errno(errno);
    }
    for (size_t i = 0; i < n && ready > 0; i++) {
        set[i].got = got_of(kernel[i].revents);
    }
    return ready;
}

static PN_NOINLINE int
wait_for_many(struct pn_poll *set, size_t n, int64_t wait_ns)
{
    struct pollfd kernel[PN_POLL_MAX];
    return wait_with(kernel, set, n, wait_ns);
}

int
pn_poll(struct pn_poll *set, size_t n, int64_t wait_ns)
{
    PN_ASSERT(n <= PN_POLL_MAX);
    int64_t limit = wait_ns > 0 ? wait_ns : 0;
    if (n > FEW) {
        return wait_for_many(set, n, limit);
    }
    struct pollfd kernel[FEW];
    return wait_with(kernel, set, n, limit);
}
