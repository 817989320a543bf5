#define _GNU_SOURCE
#include "net/tls.h"

#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/scratch.h"
#include "../support/tlspeer.h"
#include "net.h"

#define LARGE (1 << 20)

static struct pn_tls_context *context; /* trusts the test's authority */

/* Starts PEER and connects to it. */
static struct pn_stream
open_to(struct tls_peer *peer, int send_buffer)
{
    struct pn_stream stream = {.fd = -1};
    struct pn_why why = {0};
    CHECK(tls_peer_start(peer));
    int rc = net_open(&stream, &peer->peer.addr,
                      &(struct pn_stream_opts){
                          .tls = context, .host = "a.test", .send_buffer = send_buffer},
                      &why);
    if (!CHECK_EQ(rc, 0)) {
        printf("# %s\n", why.text);
    }
    return stream;
}

/* Waits until N bytes, or the end, lie in the socket of STREAM. */
static void
wait_for_bytes(const struct pn_stream *stream, int n)
{
    int there = 0;
    for (int i = 0; i < 10000 && there < n; i++) {
        struct pollfd one = {.fd = stream->fd, .events = POLLRDHUP};
        if (ioctl(stream->fd, FIONREAD, &there) != 0 || poll(&one, 1, 1) > 0) {
            break;
        }
    }
}

/* ---- What peers do -------------------------------------------------------------- */

static void
echo(SSL *ssl, void *unused)
{
    char buf[20000];
    int n;
    (void)unused;
    while ((n = SSL_read(ssl, buf, sizeof buf)) > 0 && SSL_write(ssl, buf, n) == n) {
    }
}

/* So late that what is sent first does not fit on the way. */
static void
echo_late(SSL *ssl, void *unused)
{
    usleep(50000);
    echo(ssl, unused);
}

static void
say_three(SSL *ssl, void *unused)
{
    char byte;
    (void)unused;
    SSL_write(ssl, "one", 3);
    SSL_write(ssl, "two.", 4);
    SSL_write(ssl, "three", 5);
    SSL_read(ssl, &byte, 1);
}

/* Notes how the other side ended: SSL_ERROR_ZERO_RETURN after a goodbye. */
static void
listen_to_end(SSL *ssl, void *ended)
{
    char byte;
    int n = SSL_read(ssl, &byte, 1);
    *(int *)ended = SSL_get_error(ssl, n);
}

static void
say_and_shut(SSL *ssl, void *unused)
{
    (void)unused;
    SSL_write(ssl, "last", 4);
    SSL_shutdown(ssl);
}

static void
say_and_cut(SSL *ssl, void *unused)
{
    (void)unused;
    SSL_write(ssl, "last", 4);
}

static void
say_and_reset(SSL *ssl, void *unused)
{
    char byte;
    say_and_cut(ssl, unused);
    SSL_read(ssl, &byte, 1);
    peer_will_reset(SSL_get_fd(ssl));
}

static void
say_garbage(SSL *ssl, void *unused)
{
    char byte;
    (void)unused;
    peer_send(SSL_get_fd(ssl), "$5\r\nplain\r\n", 11);
    peer_receive(SSL_get_fd(ssl), &byte, 1);
}

/* Sends a record in pieces: no more than a byte at a time gets there. */
static void
say_byte_by_byte(SSL *ssl, void *unused)
{
    (void)unused;
    BIO *memory = BIO_new(BIO_s_mem());
    BIO_up_ref(SSL_get_wbio(ssl));
    BIO *wire = SSL_get_wbio(ssl);
    SSL_set0_wbio(ssl, memory);
    SSL_write(ssl, "slowly", 6);
    char *data;
    long n = BIO_get_mem_data(memory, &data);
    for (long i = 0; i < n; i++) {
        BIO_write(wire, data + i, 1);
        usleep(500);
    }
    SSL_set0_wbio(ssl, wire);
}

/* ---- Tests ---------------------------------------------------------------------- */

/* A megabyte there and back: partial writes, records cut anywhere, both wants. */
static void
test_large(void)
{
    struct tls_peer peer = {.talk = echo_late};
    struct pn_stream stream = open_to(&peer, 4096);
    unsigned char *out = malloc(LARGE), *in = malloc(LARGE);
    for (size_t i = 0; i < LARGE; i++) {
        out[i] = (unsigned char)(i * 13 >> 4);
    }
    size_t sent = 0, have = 0, full = 0;
    while (have < LARGE) {
        ptrdiff_t n = sent < LARGE ? pn_stream_write(&stream, out + sent, LARGE - sent)
                                   : 0;
        sent += n > 0 ? (size_t)n : 0;
        ptrdiff_t m = pn_stream_read(&stream, in + have, LARGE - have);
        have += m > 0 ? (size_t)m : 0;
        full += sent < LARGE && n == 0;
        if (!CHECK(n >= 0) || !CHECK(m >= 0)) {
            break;
        }
        if (n == 0 && m == 0) {
            struct pn_poll one = {.fd = stream.fd, .want = PN_IO_READ};
            one.want |= sent < LARGE ? PN_IO_WRITE : 0;
            CHECK(pn_poll(&one, 1, NET_PATIENCE_NS) == 1);
        }
    }
    CHECK(full > 0);
    CHECK_MEM(in, out, LARGE);
    free(out);
    free(in);
    pn_stream_close(&stream);
    tls_peer_join(&peer);
}

/* Several records that came together are one read: no poll would tell of the second. */
static void
test_records_together(void)
{
    for (size_t cap = 5; cap <= 64; cap += 59) {
        struct tls_peer peer = {.talk = say_three};
        struct pn_stream stream = open_to(&peer, 0);
        char buf[64];
        wait_for_bytes(&stream, 3 * (5 + 1 + 16) + 12); /* header, type, tag; data */
        CHECK_EQ(pn_stream_read(&stream, buf, cap), cap == 5 ? 5 : 12);
        if (cap == 5) {
            CHECK_EQ(pn_stream_read(&stream, buf + 5, sizeof buf - 5), 7);
        }
        CHECK_MEM(buf, "onetwo.three", 12);
        CHECK_EQ(pn_stream_read(&stream, buf, sizeof buf), 0);
        CHECK_EQ(stream.want, PN_IO_READ);
        pn_stream_close(&stream);
        tls_peer_join(&peer);
    }
}

static void
test_byte_by_byte(void)
{
    struct tls_peer peer = {.talk = say_byte_by_byte};
    struct pn_stream stream = open_to(&peer, 0);
    char buf[8];
    ptrdiff_t n = 0;
    for (int i = 0; i < 1000 && n == 0; i++) { /* a part of a record is no byte yet */
        n = pn_stream_read_within(&stream, buf, sizeof buf, NET_PATIENCE_NS);
    }
    CHECK_EQ(n, 6);
    CHECK_MEM(buf, "slowly", 6);
    pn_stream_close(&stream);
    tls_peer_join(&peer);
}

/* Tickets, which a server sends unasked, are no reply to anything. */
static void
test_quiet(void)
{
    struct tls_peer peer = {.talk = echo, .tickets = 2};
    struct pn_stream stream = open_to(&peer, 0);
    wait_for_bytes(&stream, 100);
    CHECK(pn_stream_is_quiet(&stream));
    CHECK(net_write(&stream, "ping", 4));
    for (int i = 0; i < 10000 && pn_stream_is_quiet(&stream); i++) {
        usleep(1000);
    }
    CHECK(!pn_stream_is_quiet(&stream));
    char buf[8];
    CHECK_EQ(pn_stream_read(&stream, buf, sizeof buf), 4);
    CHECK(pn_stream_is_quiet(&stream));
    pn_stream_close(&stream);
    tls_peer_join(&peer);
}

static void
test_waits(void)
{
    struct tls_peer peer = {.talk = echo};
    struct pn_stream stream = open_to(&peer, 0);
    char buf[8];
    CHECK_EQ(pn_stream_read_within(&stream, buf, sizeof buf, 1000000), 0);
    CHECK_EQ(pn_stream_read_within(&stream, buf, sizeof buf, 80000000), 0);
    CHECK_EQ(stream.wait_ns, 70000000);
    CHECK(net_write(&stream, "ping", 4));
    CHECK_EQ(pn_stream_read_within(&stream, buf, sizeof buf, NET_PATIENCE_NS), 4);
    CHECK_EQ(pn_stream_read(&stream, buf, sizeof buf), 0); /* which does not wait */
    pn_stream_close(&stream);
    tls_peer_join(&peer);
}

/* How the peer ends: in order, cut off, broken off. Only the first is a close, for only
 * it proves that nothing was cut away. What came before is read first. */
static void
test_ends(void)
{
    static const struct {
        void (*talk)(SSL *, void *);
        int code;
    } rows[] = {{say_and_shut, PN_NET_E_CLOSED},
                {say_and_cut, PN_NET_E_RESET},
                {say_and_reset, PN_NET_E_RESET}};
    for (size_t i = 0; i < 3; i++) {
        struct tls_peer peer = {.talk = rows[i].talk};
        struct pn_stream stream = open_to(&peer, 0);
        char buf[8];
        int code;
        CHECK_EQ(net_read(&stream, buf, 4, &code), 4);
        if (rows[i].talk == say_and_reset) {
            CHECK_EQ(pn_stream_write(&stream, "x", 1), 1);
        }
        CHECK_EQ(net_read(&stream, buf, 4, &code), 0);
        CHECK_EQ(code, rows[i].code);
        CHECK_EQ(pn_stream_read(&stream, buf, 4), rows[i].code); /* and again */
        CHECK(!pn_stream_is_quiet(&stream));
        CHECK_EQ(ERR_peek_error(), 0);
        pn_stream_close(&stream);
        tls_peer_join(&peer);
    }
}

/* What is no record of TLS ends the connection for good, and it is told why. */
static void
test_garbage(void)
{
    struct tls_peer peer = {.talk = say_garbage};
    struct pn_stream stream = open_to(&peer, 0);
    char buf[8];
    int code;
    for (int i = 0; i < 2; i++) {
        struct pn_why why = {0};
        CHECK_EQ(net_read(&stream, buf, 4, &code), 0);
        CHECK_EQ(code, PN_NET_E_TLS);
        CHECK_EQ(pn_stream_why(&stream, code, &why), PN_NET_E_TLS);
        CHECK(strstr(why.text, "does not speak TLS") != NULL);
        CHECK_EQ(pn_stream_write(&stream, "x", 1), PN_NET_E_TLS);
    }
    pn_stream_close(&stream);
    tls_peer_join(&peer);
}

/* A write to a peer that is gone is a code, not a signal. */
static void
test_write_to_nobody(void)
{
    struct tls_peer peer = {0};
    struct pn_stream stream = open_to(&peer, 0);
    tls_peer_join(&peer);
    ptrdiff_t n = 1;
    for (int i = 0; i < 1000 && n >= 0; i++) {
        n = pn_stream_write(&stream, "ping", 4);
        usleep(1000);
    }
    CHECK_EQ(n, PN_NET_E_RESET);
    CHECK_EQ(pn_stream_write(&stream, "ping", 4), PN_NET_E_RESET);
    pn_stream_close(&stream);
}

static void
test_goodbye(void)
{
    int ended = -1;
    struct tls_peer peer = {.talk = listen_to_end, .context = &ended};
    struct pn_stream stream = open_to(&peer, 0);
    pn_stream_close(&stream);
    tls_peer_join(&peer);
    CHECK_EQ(ended, SSL_ERROR_ZERO_RETURN);
}

/* A child that abandons its copy says nothing: the parent's connection goes on. */
static void
test_abandon(void)
{
    struct tls_peer peer = {.talk = echo};
    struct pn_stream stream = open_to(&peer, 0);
    pid_t child = fork();
    if (child == 0) {
        pn_stream_abandon(&stream);
        _exit(stream.fd == -1 ? 0 : 1);
    }
    int status = -1, code;
    char buf[4];
    waitpid(child, &status, 0);
    CHECK_EQ(status, 0);
    CHECK(net_write(&stream, "ping", 4));
    CHECK_EQ(net_read(&stream, buf, 4, &code), 4);
    CHECK_MEM(buf, "ping", 4);
    pn_stream_close(&stream);
    tls_peer_join(&peer);
}

/* Before the handshake is done even a write waits for something to read. */
static void
test_want(void)
{
    struct peer silent;
    struct pn_addr addr;
    pn_addr_literal("127.0.0.1", 0, &addr);
    CHECK(peer_listen(&silent, &addr));
    int fd = peer_connect(&silent.addr);
    struct pn_tls *tls = NULL;
    CHECK_EQ(pn_tls_new(context, fd, "a.test", &tls, NULL), PN_OK);
    uint8_t want = 0;
    CHECK_EQ(pn_tls_write(tls, "ping", 4, &want), 0);
    CHECK_EQ(want, PN_IO_READ);
    want = 0;
    CHECK_EQ(pn_tls_handshake(tls, &want, NULL), 1);
    CHECK_EQ(want, PN_IO_READ);
    pn_tls_free(tls); /* in the middle: says nothing, closes nothing */
    pn_tls_free(NULL);
    close(fd);
    close(silent.listener);
}

int
main(void)
{
    scratch_make();
    tls_authority();
    CHECK_EQ(pn_tls_context_new(&(struct pn_tls_opts){.ca_file = tls_path("ca.pem")},
                                &context, NULL),
             PN_OK);
    RUN(test_large);
    RUN(test_records_together);
    RUN(test_byte_by_byte);
    RUN(test_quiet);
    RUN(test_waits);
    RUN(test_ends);
    RUN(test_garbage);
    RUN(test_write_to_nobody);
    RUN(test_goodbye);
    RUN(test_abandon);
    RUN(test_want);
    pn_tls_context_free(context);
    tls_authority_release();
    scratch_remove();
    return harness_done();
}
