/*
 * OpenSSL's own socket BIO calls write(), which raises SIGPIPE when the peer is gone;
 * a library may neither ignore the signal for its process nor block it around every
 * call. This one calls send() and recv() with flags: no signal, and no waiting but
 * where it is asked for, so that a read that waits is one system call here too.
 */
#include <errno.h>
#include <limits.h>
#include <sys/socket.h>

#include "net/tls_inner.h"

/* A call that answered N may be made again later: OpenSSL is told by a flag. */
static bool
is_soon(ptrdiff_t n)
{
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static int
bio_read(BIO *bio, char *buf, int cap)
{
    struct pn_tls *tls = BIO_get_data(bio);
    bool is_waiting = tls->may_wait;
    tls->may_wait = false;
    ptrdiff_t n;
    do {
        n = recv(tls->fd, buf, (size_t)cap, is_waiting ? 0 : MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR && !is_waiting);
    tls->is_interrupted = n < 0 && errno == EINTR;
    BIO_clear_retry_flags(bio);
    if (is_soon(n)) {
        BIO_set_retry_read(bio);
    }
    tls->is_at_end = n == 0;
    return (int)n;
}

static int
bio_write(BIO *bio, const char *buf, int len)
{
    struct pn_tls *tls = BIO_get_data(bio);
    ptrdiff_t n;
    do {
        n = send(tls->fd, buf, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    BIO_clear_retry_flags(bio);
    if (is_soon(n)) {
        BIO_set_retry_write(bio);
    }
    return (int)n;
}

/* Nothing is buffered here, so a flush is always done; other requests are not known. */
static long
bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)number, (void)pointer;
    const struct pn_tls *tls = BIO_get_data(bio);
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return tls->is_at_end;
    default:
        return 0;
    }
}

BIO_METHOD *
pn_tls_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "pinyon socket");
    if (method == NULL || !BIO_meth_set_read(method, bio_read) ||
        !BIO_meth_set_write(method, bio_write) ||
        !BIO_meth_set_ctrl(method, bio_ctrl)) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}
