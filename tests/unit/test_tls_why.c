#define _GNU_SOURCE
#include <openssl/err.h>
#include <unistd.h>

#include "../support/scratch.h"
#include "../support/tlspeer.h"
#include "net.h"

/* What connecting to a peer with TLS came to. */
struct outcome {
    int code;     /* of the handshake, or else of the first read */
    int accepted; /* the peer's view */
    struct pn_why why;
};

static char ca_file[128];

/* Connects to PEER as HOST; when the handshake is done here, reads what the peer makes
 * of it: in TLS 1.3 it judges our certificate later. */
static struct outcome
try(struct tls_peer *peer, const char *host, const struct pn_tls_opts *opts)
{
    struct outcome out = {0};
    struct pn_tls_context *context = NULL;
    CHECK_EQ(pn_tls_context_new(opts, &context, &out.why), PN_OK);
    CHECK(tls_peer_start(peer));
    struct pn_stream stream;
    out.code = net_open(&stream, &peer->peer.addr,
                        &(struct pn_stream_opts){.tls = context, .host = host},
                        &out.why);
    if (out.code == 0) {
        char byte;
        ptrdiff_t n = pn_stream_read_within(&stream, &byte, 1, NET_PATIENCE_NS);
        out.code = n == 1 ? 0 : pn_stream_why(&stream, (int)n, &out.why);
    }
    CHECK_EQ(ERR_peek_error(), 0); /* nothing left for others to stumble over */
    pn_stream_close(&stream);
    CHECK_EQ(ERR_peek_error(), 0);
    tls_peer_join(peer);
    out.accepted = peer->accepted;
    pn_tls_context_free(context);
    return out;
}

static void
say_yes(SSL *ssl, void *context)
{
    (void)context;
    SSL_write(ssl, "y", 1);
    SSL_shutdown(ssl);
}

static void
check_code(const struct outcome *out, int code, const char *text)
{
    if (!CHECK_EQ(out->code, code) || !CHECK(strcmp(out->why.text, text) == 0)) {
        printf("# it says: %s\n", out->why.text);
    }
}

static void
test_good(void)
{
    static const char *const hosts[] = {"a.test", "A.Test.", "127.0.0.1"};
    for (size_t i = 0; i < 3; i++) {
        struct tls_peer peer = {.talk = say_yes};
        struct outcome out = try(&peer, hosts[i],
                                 &(struct pn_tls_opts){.ca_file = ca_file});
        CHECK_EQ(out.code, 0);
        CHECK_EQ(out.accepted, 1);
        /* The name is asked for as it is verified; an address is no name. */
        CHECK(strcasecmp(peer.asked, i < 2 ? "a.test" : "") == 0);
    }
}

static void
test_wrong_name(void)
{
    struct tls_peer peer = {0};
    struct outcome out = try(&peer, "b.test",
                             &(struct pn_tls_opts){.ca_file = ca_file});
    check_code(&out, PN_NET_E_CERTIFICATE,
               "hostname mismatch: the certificate is for a.test, 127.0.0.1");
    peer = (struct tls_peer){0};
    out = try(&peer, "127.0.0.2", &(struct pn_tls_opts){.ca_file = ca_file});
    check_code(&out, PN_NET_E_CERTIFICATE,
               "IP address mismatch: the certificate is for a.test, 127.0.0.1");
}

/* The name that the user sets is the one that counts, and that is asked for. */
static void
test_server_name(void)
{
    struct tls_peer peer = {.talk = say_yes};
    struct pn_tls_opts opts = {.ca_file = ca_file, .server_name = "a.test"};
    CHECK_EQ(try(&peer, "10.9.8.7", &opts).code, 0);
    CHECK(strcmp(peer.asked, "a.test") == 0);
    peer = (struct tls_peer){.talk = say_yes};
    opts.server_name = "b.test";
    CHECK_EQ(try(&peer, "a.test", &opts).code, PN_NET_E_CERTIFICATE);
}

/* Part of a name does not stand for all: a wildcard is one whole label. */
static void
test_wildcards(void)
{
    static const struct {
        const char *alt, *host;
        int code;
    } rows[] = {
        {"DNS:*.a.test", "x.a.test", 0},
        {"DNS:*.a.test", "y.x.a.test", PN_NET_E_CERTIFICATE},
        {"DNS:x*.a.test", "x1.a.test", PN_NET_E_CERTIFICATE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tls_peer peer = {.talk = say_yes};
        cert_make(&peer.identity, rows[i].alt, tls_authority(), 3600);
        struct pn_tls_opts opts = {.ca_file = ca_file};
        CHECK_EQ(try(&peer, rows[i].host, &opts).code, rows[i].code);
    }
}

static void
test_expired(void)
{
    struct tls_peer peer = {0};
    cert_make(&peer.identity, "DNS:a.test", tls_authority(), -60);
    struct outcome out = try(&peer, "a.test",
                             &(struct pn_tls_opts){.ca_file = ca_file});
    check_code(&out, PN_NET_E_CERTIFICATE, "certificate has expired");
    CHECK(out.accepted != 1);
}

static void
test_not_trusted(void)
{
    struct tls_peer peer = {0};
    cert_make(&peer.identity, "DNS:a.test", NULL, 3600);
    struct pn_tls_opts opts = {.ca_file = ca_file};
    struct outcome out = try(&peer, "a.test", &opts);
    check_code(
        &out, PN_NET_E_CERTIFICATE,
        "self-signed certificate: name the file of the authority that signed it");

    struct cert stranger;
    cert_make(&stranger, NULL, NULL, 3600);
    peer = (struct tls_peer){0};
    cert_make(&peer.identity, "DNS:a.test", &stranger, 3600);
    out = try(&peer, "a.test", &opts);
    CHECK_EQ(out.code, PN_NET_E_CERTIFICATE);
    cert_release(&stranger);

    peer = (struct tls_peer){0}; /* the system's store does not know our authority */
    out = try(&peer, "a.test", NULL);
    check_code(&out, PN_NET_E_CERTIFICATE,
               "unable to get local issuer certificate: name the file of the authority "
               "that signed it");
}

/* A certificate may be trusted itself. */
static void
test_pinned(void)
{
    struct tls_peer peer = {.talk = say_yes};
    cert_make(&peer.identity, "DNS:a.test", tls_authority(), 3600);
    cert_write(&peer.identity, tls_path("pinned.pem"), NULL, NULL);
    struct pn_tls_opts opts = {.ca_file = tls_path("pinned.pem")};
    CHECK_EQ(try(&peer, "a.test", &opts).code, 0);
}

static void
test_verify_less(void)
{
    struct tls_peer peer = {.talk = say_yes};
    struct pn_tls_opts opts = {.ca_file = ca_file, .verify = PN_TLS_VERIFY_CHAIN};
    CHECK_EQ(try(&peer, "b.test", &opts).code, 0);
    peer = (struct tls_peer){.talk = say_yes};
    CHECK_EQ(try(&peer, "127.0.0.9", &opts).code, 0);
    peer = (struct tls_peer){.talk = say_yes};
    CHECK_EQ(try(&peer, NULL, &opts).code, 0);

    peer = (struct tls_peer){.talk = say_yes};
    cert_make(&peer.identity, "DNS:b.test", NULL, 3600);
    CHECK_EQ(try(&peer, "a.test", &opts).code, PN_NET_E_CERTIFICATE);
    peer = (struct tls_peer){.talk = say_yes};
    cert_make(&peer.identity, "DNS:b.test", NULL, -60);
    opts.verify = PN_TLS_VERIFY_NONE;
    CHECK_EQ(try(&peer, "a.test", &opts).code, 0);
}

static void
test_versions(void)
{
    struct tls_peer peer = {.version_max = TLS1_1_VERSION};
    struct pn_tls_opts opts = {.ca_file = ca_file};
    struct outcome out = try(&peer, "a.test", &opts);
    CHECK_EQ(out.code, PN_NET_E_TLS);
    CHECK(strstr(out.why.text, "no version of TLS that is allowed") != NULL);

    peer = (struct tls_peer){.version_max = TLS1_2_VERSION, .talk = say_yes};
    CHECK_EQ(try(&peer, "a.test", &opts).code, 0);
    opts.is_13_only = true;
    peer = (struct tls_peer){.version_max = TLS1_2_VERSION, .talk = say_yes};
    CHECK_EQ(try(&peer, "a.test", &opts).code, PN_NET_E_TLS);
    peer = (struct tls_peer){.talk = say_yes};
    CHECK_EQ(try(&peer, "a.test", &opts).code, 0);
}

static void
test_client_certificate(void)
{
    struct cert mine;
    char cert_file[128], key_file[128];
    cert_make(&mine, "DNS:client", tls_authority(), 3600);
    snprintf(cert_file, sizeof cert_file, "%s", tls_path("mine.pem"));
    snprintf(key_file, sizeof key_file, "%s", tls_path("mine.key"));
    CHECK(cert_write(&mine, cert_file, key_file, "secret"));
    cert_release(&mine);
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 2; i++) {
        struct pn_tls_opts opts = {.ca_file = ca_file};
        struct tls_peer peer = {.client_ca = ca_file,
                                .version_max = versions[i],
                                .talk = say_yes};
        struct outcome out = try(&peer, "a.test", &opts);
        CHECK_EQ(out.code, PN_NET_E_TLS);
        CHECK(out.accepted != 1);
        CHECK(strstr(out.why.text, i == 0 ? "alert handshake failure"
                                          : "asks for a certificate of ours") != NULL);

        opts.cert_file = cert_file;
        opts.key_file = key_file;
        opts.key_password = "secret";
        peer = (struct tls_peer){.client_ca = ca_file,
                                 .version_max = versions[i],
                                 .talk = say_yes};
        CHECK_EQ(try(&peer, "a.test", &opts).code, 0);
    }
}

static void
test_no_name(void)
{
    struct pn_tls_context *context;
    struct pn_why why = {0};
    struct pn_stream stream;
    struct tls_peer peer = {0};
    CHECK_EQ(pn_tls_context_new(NULL, &context, &why), PN_OK);
    CHECK(tls_peer_start(&peer));
    static const char *const hosts[] = {NULL, "", "/run/redis.sock", "."};
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(net_open(&stream, &peer.peer.addr,
                          &(struct pn_stream_opts){.tls = context, .host = hosts[i]},
                          &why),
                 PN_NET_E_CERTIFICATE);
        CHECK(strstr(why.text, "no name to verify") != NULL);
        CHECK_EQ(stream.fd, -1);
    }
    tls_peer_join(&peer);
    pn_tls_context_free(context);
}

/* ---- Peers that speak something else -------------------------------------------- */

static void
speak_plainly(int fd, void *context)
{
    char hello[64];
    peer_receive(fd, hello, sizeof hello);
    peer_send(fd, context, strlen(context));
    while (recv(fd, hello, sizeof hello, 0) > 0) {
    }
}

static void
close_amid(int fd, void *context)
{
    char hello[64];
    peer_receive(fd, hello, sizeof hello);
    if (context != NULL) {
        peer_will_reset(fd);
    } else {
        char rest[4096]; /* all is read, so that close() says an orderly end */
        recv(fd, rest, sizeof rest, 0);
    }
}

static int
try_plain(void (*talk)(int fd, void *context), void *context, struct pn_why *why)
{
    struct pn_tls_context *tls;
    struct peer peer;
    struct pn_stream stream;
    CHECK_EQ(pn_tls_context_new(NULL, &tls, why), PN_OK);
    CHECK(peer_start(&peer, talk, context));
    int rc = net_open(&stream, &peer.addr,
                      &(struct pn_stream_opts){.tls = tls, .host = "a.test"}, why);
    pn_stream_close(&stream);
    peer_join(&peer);
    pn_tls_context_free(tls);
    return rc;
}

static void
test_not_tls(void)
{
    struct pn_why why = {0};
    char error[] = "-ERR unknown command\r\n";
    CHECK_EQ(try_plain(speak_plainly, error, &why), PN_NET_E_TLS);
    CHECK(strstr(why.text, "does not speak TLS") != NULL);
    char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    CHECK_EQ(try_plain(speak_plainly, http, &why), PN_NET_E_TLS);
    CHECK(strstr(why.text, "does not speak TLS") != NULL);
}

static void
test_lost_amid_handshake(void)
{
    struct pn_why why = {0};
    CHECK_EQ(try_plain(close_amid, NULL, &why), PN_NET_E_RESET);
    CHECK(strcmp(why.text, "the connection was broken off") == 0);
    CHECK_EQ(try_plain(close_amid, &why, &why), PN_NET_E_RESET);
}

int
main(void)
{
    scratch_make();
    tls_authority();
    snprintf(ca_file, sizeof ca_file, "%s", tls_path("ca.pem"));
    RUN(test_good);
    RUN(test_wrong_name);
    RUN(test_server_name);
    RUN(test_wildcards);
    RUN(test_expired);
    RUN(test_not_trusted);
    RUN(test_pinned);
    RUN(test_verify_less);
    RUN(test_versions);
    RUN(test_client_certificate);
    RUN(test_no_name);
    RUN(test_not_tls);
    RUN(test_lost_amid_handshake);
    tls_authority_release();
    scratch_remove();
    return harness_done();
}
