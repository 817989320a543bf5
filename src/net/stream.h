/*
 * stream - one connection: a socket, with or without TLS
 *
 *     pn_stream_dial()          begins to connect; never waits
 *     pn_stream_progress()      goes on, when the socket is ready for stream.want;
 *                               0: it stands, TLS included
 *     pn_stream_read/write()    never wait
 *     pn_stream_read_within()   waits once, with a limit: the one blocking call
 *
 * Sockets are close on exec, TCP_NODELAY, with keepalive (idle 30 s, interval 5 s, 3
 * probes unless options say otherwise; unacknowledged data has the sum of them, 45 s).
 * SIGPIPE is never raised.
 *
 * Every failure is one of net/code.h (or PN_E_NOMEM); after one, only pn_stream_why()
 * and pn_stream_close() make sense. Sentences do not name the address: the caller puts
 * it in front.
 *
 * Threads: a stream belongs to who uses it. Forks: the child closes with
 * pn_stream_abandon(), which says nothing to the peer.
 */
#ifndef PN_NET_STREAM_H
#define PN_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"
#include "net/code.h"
#include "net/tls.h"

enum pn_io {
    PN_IO_READ = 1,
    PN_IO_WRITE = 2,
};

/* {0} means the defaults. */
struct pn_stream_opts {
    struct pn_tls_context *tls; /* NULL: no TLS. Must outlive the stream */
    const char *host;           /* for TLS: the name to ask for and to verify */
    bool no_keepalive;
    uint16_t keep_idle_s, keep_interval_s, keep_count; /* 0: 30, 5, 3 */
    int receive_buffer, send_buffer;                   /* SO_RCVBUF, SO_SNDBUF; 0: the
                                                          system's */
};

/* {.fd = -1} is a closed one. */
struct pn_stream {
    int fd;
    uint8_t want;       /* enum pn_io: what to wait for before going on */
    bool is_connected;  /* TCP stands */
    bool is_ready;      /* TLS too */
    struct pn_tls *tls; /* NULL without */
    int64_t wait_ns;    /* the socket's SO_RCVTIMEO; 0: none is set */
};

/* Begins. PN_OK (then progress), or a code and the stream stays closed. */
int
pn_stream_dial(struct pn_stream *stream, const struct pn_addr *addr,
               const struct pn_stream_opts *opts, struct pn_why *why);

/* 0 the stream is ready, 1 in progress (wait for .want), < 0 a code. */
int
pn_stream_progress(struct pn_stream *stream, struct pn_why *why);

/* > 0 bytes, 0 would block (.want says for what), < 0 a code; an orderly end is
 * PN_NET_E_CLOSED. A read that fills CAP may have left more that no poll would tell of:
 * read on until one does not. */
ptrdiff_t
pn_stream_read(struct pn_stream *stream, void *buf, size_t cap);
ptrdiff_t
pn_stream_write(struct pn_stream *stream, const void *buf, size_t len);

/* As pn_stream_read(), but waits up to WAIT_NS for the first byte; 0: none came, or a
 * signal did. One system call when the answer comes soon: poll() would be a second. */
ptrdiff_t
pn_stream_read_within(struct pn_stream *stream, void *buf, size_t cap, int64_t wait_ns);

/* Is an idle stream still one to send on? True when nothing is waiting to be read:
 * an idle connection on which something came was closed by the peer, or has a reply to
 * a question nobody asked. One system call. */
bool
pn_stream_is_quiet(struct pn_stream *stream);

/* Was what came last taken in on the processor the caller runs on? Within a host it is
 * the peer's, and who waits for it had better not stand in its way. A guess: both may
 * have moved since. One system call. */
bool
pn_stream_shares_cpu(const struct pn_stream *stream);

/* Writes CODE, with which a read or a write failed, and a sentence that says more than
 * its own where TLS knows more. Returns CODE. */
int
pn_stream_why(const struct pn_stream *stream, int code, struct pn_why *why);

/* Both leave {.fd = -1}, which they accept too. */
void
pn_stream_close(struct pn_stream *stream);
void
pn_stream_abandon(struct pn_stream *stream);

/* ---- Waiting for several ---------------------------------------------------- */

struct pn_poll {
    int fd;       /* < 0: skipped */
    uint8_t want; /* enum pn_io */
    uint8_t got;  /* enum pn_io; both when the peer hung up */
};

/* Waits until one of SET is ready or WAIT_NS have passed (< 0 is taken as 0); returns
 * how many are, or a code (out of memory; more than the process may have files). A
 * signal ends the wait early with 0. N at most PN_POLL_MAX. */
#define PN_POLL_MAX 4096
int
pn_poll(struct pn_poll *set, size_t n, int64_t wait_ns);

#endif
