#define _GNU_SOURCE
#include <openssl/bio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "harness.h"
#include "net/tls_inner.h"

struct pair {
    int fd[2];
    struct pn_tls tls; /* as far as the BIO looks at it */
    BIO_METHOD *method;
    BIO *bio;
};

static void
open_pair(struct pair *pair)
{
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair->fd), 0);
    pair->tls = (struct pn_tls){.fd = pair->fd[0]};
    pair->method = pn_tls_bio_method();
    pair->bio = BIO_new(pair->method);
    BIO_set_data(pair->bio, &pair->tls);
    BIO_set_init(pair->bio, 1);
}

static void
close_pair(struct pair *pair)
{
    BIO_free(pair->bio);
    BIO_meth_free(pair->method);
    close(pair->fd[0]);
    close(pair->fd[1]);
}

/* The descriptor is a blocking one: the BIO does not wait all the same. */
static void
test_read(void)
{
    struct pair pair;
    char buf[8];
    open_pair(&pair);
    CHECK_EQ(BIO_read(pair.bio, buf, 8), -1);
    CHECK(BIO_should_read(pair.bio));
    CHECK_EQ(send(pair.fd[1], "word", 4, 0), 4);
    CHECK_EQ(BIO_read(pair.bio, buf, 8), 4);
    CHECK_MEM(buf, "word", 4);
    CHECK(!BIO_should_retry(pair.bio));
    CHECK(!BIO_eof(pair.bio));
    shutdown(pair.fd[1], SHUT_WR);
    CHECK_EQ(BIO_read(pair.bio, buf, 8), 0);
    CHECK(!BIO_should_retry(pair.bio));
    CHECK(BIO_eof(pair.bio));
    close_pair(&pair);
}

/* Allowed to wait, it waits once: as long as the socket's limit says. */
static void
test_wait_once(void)
{
    struct pair pair;
    char buf[8];
    open_pair(&pair);
    const struct timeval limit = {.tv_usec = 20000};
    setsockopt(pair.fd[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    pair.tls.may_wait = true;
    CHECK_EQ(BIO_read(pair.bio, buf, 8), -1);
    CHECK(BIO_should_read(pair.bio));
    CHECK(!pair.tls.may_wait);
    CHECK(!pair.tls.is_interrupted);
    close_pair(&pair);
}

static void
test_write(void)
{
    struct pair pair;
    char buf[4096] = "x";
    open_pair(&pair);
    CHECK_EQ(BIO_write(pair.bio, "word", 4), 4);
    CHECK_EQ(recv(pair.fd[1], buf, 8, 0), 4);
    CHECK_EQ(BIO_flush(pair.bio), 1);
    int n = 0;
    for (int i = 0; i < 100000 && n >= 0; i++) {
        n = BIO_write(pair.bio, buf, sizeof buf);
    }
    CHECK_EQ(n, -1);
    CHECK(BIO_should_write(pair.bio));
    close_pair(&pair);
}

/* SIGPIPE would end this program. */
static void
test_peer_is_gone(void)
{
    struct pair pair;
    open_pair(&pair);
    shutdown(pair.fd[1], SHUT_RDWR);
    CHECK_EQ(BIO_write(pair.bio, "word", 4), -1);
    CHECK(!BIO_should_retry(pair.bio));
    close_pair(&pair);
}

int
main(void)
{
    RUN(test_read);
    RUN(test_wait_once);
    RUN(test_write);
    RUN(test_peer_is_gone);
    return harness_done();
}
