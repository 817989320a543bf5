/*
 * bench_net - what a stream costs over the bare calls it is made of
 *
 * A round trip of 100 bytes over the loopback, with and without TLS, as a stream does
 * it (a write, and a read that waits within one system call), as it would with poll()
 * before the read, and as bare send() and recv(), or SSL_write() and SSL_read() on
 * OpenSSL's own socket BIO, which have no limit of time. Rounds of all take turns; each
 * has an echo of its own in a child process. Then the heap that idle connections hold.
 */
#include <malloc.h>
#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/stream.h"
#include "report.h"
#include "timing.h"

static const char what[] = "a round trip of 100 bytes: streams over the bare calls";

enum { MESSAGE = 100, WARM_UP = 10, IDLE = 100, RECORD = 16 << 10 };

#define PATIENCE_NS INT64_C(1000000000)

/* One echo, and the connection to it. */
struct line {
    pid_t child;
    struct pn_stream stream;
    SSL *ssl; /* the bare one's */
};

typedef void (*trip_fn)(struct line *line, char *buf);

/* ---- The echo ------------------------------------------------------------------ */

static SSL_CTX *
server_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();

    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    if (X509_sign(cert, key, EVP_sha256()) == 0 ||
        SSL_CTX_use_certificate(context, cert) != 1 ||
        SSL_CTX_use_PrivateKey(context, key) != 1) {
        report_fail("echo", "no certificate could be made");
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    return context;
}

static void
echo(int fd, SSL *ssl)
{
    char buf[RECORD];
    ssize_t n;

    do {
        n = ssl != NULL ? SSL_read(ssl, buf, sizeof buf) : recv(fd, buf, sizeof buf, 0);
        if (n > 0) {
            n = ssl != NULL ? SSL_write(ssl, buf, (int)n) : send(fd, buf, (size_t)n, 0);
        }
    } while (n > 0);
}

/* Serves until the connection ends. */
_Noreturn static void
serve(int listener, bool is_tls)
{
    int fd = accept(listener, NULL, NULL);
    SSL *ssl = NULL;

    if (is_tls) {
        ssl = SSL_new(server_context());
        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) != 1) {
            _exit(1);
        }
    }
    echo(fd, ssl);
    _exit(0);
}

/* ---- Connecting ---------------------------------------------------------------- */

static void
connect_stream(struct line *line, const struct pn_addr *addr,
               struct pn_tls_context *tls)
{
    struct pn_why why = {0};
    int rc = pn_stream_dial(&line->stream, addr, &(struct pn_stream_opts){.tls = tls},
                            &why);

    while (rc == 0 && (rc = pn_stream_progress(&line->stream, &why)) == 1) {
        struct pn_poll one = {.fd = line->stream.fd, .want = line->stream.want};

        rc = pn_poll(&one, 1, PATIENCE_NS) == 1 ? 0 : -1;
    }
    if (rc != 0) {
        report_fail("connect", why.text);
    }
}

/* The bare TLS line is a plain stream whose socket OpenSSL uses by itself. */
static void
connect_bare(struct line *line)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    line->ssl = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(line->ssl, line->stream.fd);
    if (SSL_connect(line->ssl) != 1) {
        report_fail("connect", "no TLS");
    }
}

static void
open_line(struct line *line, bool is_tls, bool is_bare, struct pn_tls_context *context)
{
    struct pn_addr addr;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    (void)pn_addr_literal("127.0.0.1", 0, &addr);
    if (bind(listener, &addr.at.any, addr.len) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, &addr.at.any, &addr.len) != 0) {
        report_fail("listen", "no port is free");
    }
    line->child = fork();
    if (line->child == 0) {
        serve(listener, is_tls);
    }
    close(listener);
    connect_stream(line, &addr, is_tls && !is_bare ? context : NULL);
    if (is_tls && is_bare) {
        connect_bare(line);
    }
}

static void
close_line(struct line *line)
{
    SSL_free(line->ssl);
    pn_stream_close(&line->stream);
    kill(line->child, SIGKILL); /* later children hold this connection open as well */
    waitpid(line->child, NULL, 0);
}

/* ---- Round trips --------------------------------------------------------------- */

static void
must(ptrdiff_t n)
{
    if (n != MESSAGE) {
        report_fail("echo", "a message was cut or lost");
    }
}

static void
bare_plain(struct line *line, char *buf)
{
    must(send(line->stream.fd, buf, MESSAGE, MSG_NOSIGNAL));
    must(recv(line->stream.fd, buf, RECORD, 0));
}

static void
bare_tls(struct line *line, char *buf)
{
    must(SSL_write(line->ssl, buf, MESSAGE));
    must(SSL_read(line->ssl, buf, RECORD));
}

static void
as_stream(struct line *line, char *buf)
{
    ptrdiff_t n = 0;

    must(pn_stream_write(&line->stream, buf, MESSAGE));
    while (n == 0) { /* at first the peer's tickets come, which are no bytes of ours */
        n = pn_stream_read_within(&line->stream, buf, RECORD, PATIENCE_NS);
    }
    must(n);
}

static void
with_poll(struct line *line, char *buf)
{
    struct pn_poll one = {.fd = line->stream.fd, .want = PN_IO_READ};
    ptrdiff_t n = 0;

    must(pn_stream_write(&line->stream, buf, MESSAGE));
    while (n == 0 && pn_poll(&one, 1, PATIENCE_NS) == 1) {
        n = pn_stream_read(&line->stream, buf, RECORD);
    }
    must(n);
}

static const struct row {
    const char *name;
    trip_fn trip;
    bool is_tls, is_bare;
} rows[] = {
    {"plain_bare", bare_plain, false, true}, {"plain_stream", as_stream, false, false},
    {"plain_poll", with_poll, false, false}, {"tls_bare", bare_tls, true, true},
    {"tls_stream", as_stream, true, false},  {"tls_poll", with_poll, true, false},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* ---- Memory -------------------------------------------------------------------- */

/* Bytes of heap that one of IDLE connections holds after its first round trip. */
static double
idle_bytes(bool is_tls, struct pn_tls_context *context)
{
    static struct line lines[IDLE];
    char buf[RECORD] = {0};
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;

    for (unsigned i = 0; i < IDLE; i++) {
        open_line(&lines[i], is_tls, false, context);
        as_stream(&lines[i], buf);
    }
    size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    for (unsigned i = 0; i < IDLE; i++) {
        close_line(&lines[i]);
    }
    return (double)(after - before) / IDLE;
}

static double
us_of(const struct row *row, struct line *line, uint64_t trips)
{
    char buf[RECORD] = {0};
    uint64_t from = timing_now_ns();

    for (uint64_t i = 0; i < trips; i++) {
        row->trip(line, buf);
    }
    return (double)(timing_now_ns() - from) / (double)trips / 1000;
}

int
main(int argc, char **argv)
{
    uint64_t count = 200, trips = 500;
    const struct option_spec options[] = {
        {"rounds", "rounds, at most 4000", &count, 0},
        {"trips", "round trips of each in a round", &trips, 0},
        {0},
    };
    static struct line lines[ROWS];
    static struct rounds rounds[ROWS];
    struct pn_tls_context *context = NULL;

    report_options(argc, argv, what, options);
    report_begin(argv[0], what);
    report_pin(1); /* the echoes too: else it is the scheduler's choices that differ */
    if (pn_tls_context_new(&(struct pn_tls_opts){.verify = PN_TLS_VERIFY_NONE},
                           &context, NULL) != 0) {
        report_fail("tls", "no context");
    }
    for (unsigned i = 0; i < ROWS; i++) {
        open_line(&lines[i], rows[i].is_tls, rows[i].is_bare, context);
    }
    for (uint64_t round = 0; round < count + WARM_UP; round++) {
        for (unsigned i = 0; i < ROWS; i++) {
            double us = us_of(&rows[i], &lines[i], trips);

            if (round >= WARM_UP) {
                rounds_add(&rounds[i], us);
            }
        }
    }
    for (unsigned i = 0; i < ROWS; i++) {
        report_result(rows[i].name, rounds_median(&rounds[i]), "us", NO_TARGET);
        close_line(&lines[i]);
    }
    report_result("idle_plain", idle_bytes(false, context), "bytes", NO_TARGET);
    report_result("idle_tls", idle_bytes(true, context), "bytes", NO_TARGET);
    pn_tls_context_free(context);
    return 0;
}
