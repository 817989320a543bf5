/* What the tests of src/net share: connecting a stream, reading to an end. */
#ifndef PN_TEST_NET_H
#define PN_TEST_NET_H

#include "../support/peer.h"
#include "harness.h"
#include "net/stream.h"

#define NET_PATIENCE_NS INT64_C(10000000000) /* how long a test waits for what comes */

/* Waits until STREAM is ready for what it wants. */
static inline bool
net_wait(const struct pn_stream *stream)
{
    struct pn_poll one = {.fd = stream->fd, .want = stream->want};
    return pn_poll(&one, 1, NET_PATIENCE_NS) == 1;
}

/* Goes on until STREAM is ready: 0, or the code with which it failed. */
static inline int
net_finish(struct pn_stream *stream, struct pn_why *why)
{
    int rc;
    while ((rc = pn_stream_progress(stream, why)) == 1) {
        if (!CHECK(net_wait(stream))) {
            return 1;
        }
    }
    return rc;
}

static inline int
net_open(struct pn_stream *stream, const struct pn_addr *addr,
         const struct pn_stream_opts *opts, struct pn_why *why)
{
    int rc = pn_stream_dial(stream, addr, opts, why);
    return rc == 0 ? net_finish(stream, why) : rc;
}

/* Reads LEN bytes: LEN, or less and the code that ended it. */
static inline size_t
net_read(struct pn_stream *stream, void *buf, size_t len, int *code)
{
    char *to = buf;
    size_t have = 0;
    *code = 0;
    while (have < len) {
        ptrdiff_t n = pn_stream_read_within(stream, to + have, len - have,
                                            NET_PATIENCE_NS);
        if (n <= 0) {
            *code = (int)n;
            break;
        }
        have += (size_t)n;
    }
    return have;
}

static inline bool
net_write(struct pn_stream *stream, const void *buf, size_t len)
{
    const char *at = buf;
    while (len > 0) {
        ptrdiff_t n = pn_stream_write(stream, at, len);
        if (n < 0 || (n == 0 && !net_wait(stream))) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

#endif
