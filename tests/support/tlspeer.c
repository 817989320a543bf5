#define _GNU_SOURCE
#include "tlspeer.h"

#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>

#include "scratch.h"

static struct cert authority;

const char *
tls_path(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", scratch_path(), name);
    return path;
}

const struct cert *
tls_authority(void)
{
    if (authority.x509 == NULL && cert_make(&authority, NULL, NULL, 3600)) {
        cert_write(&authority, tls_path("ca.pem"), NULL, NULL);
    }
    return &authority;
}

void
tls_authority_release(void)
{
    cert_release(&authority);
}

/* OpenSSL's own BIO of the peer may raise SIGPIPE: in this thread it is held back, so
 * that one raised by what is tested still ends the program. */
static void
talk(int fd, void *context)
{
    struct tls_peer *peer = context;
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, NULL);
    SSL *ssl = SSL_new(peer->ssl);
    SSL_set_fd(ssl, fd);
    peer->accepted = SSL_accept(ssl);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(peer->asked, sizeof peer->asked, "%s", name != NULL ? name : "");
    if (peer->accepted == 1 && peer->talk != NULL) {
        peer->talk(ssl, peer->context);
    }
    SSL_free(ssl);
    ERR_clear_error();
}

bool
tls_peer_start(struct tls_peer *peer)
{
    if (peer->identity.x509 == NULL &&
        !cert_make(&peer->identity, "DNS:a.test,IP:127.0.0.1", tls_authority(), 3600)) {
        return false;
    }
    peer->ssl = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(peer->ssl, peer->identity.x509);
    SSL_CTX_use_PrivateKey(peer->ssl, peer->identity.key);
    SSL_CTX_set_num_tickets(peer->ssl, (size_t)peer->tickets);
    SSL_CTX_set_session_cache_mode(peer->ssl, SSL_SESS_CACHE_OFF);
    if (peer->version_max != 0) {
        SSL_CTX_set_min_proto_version(peer->ssl, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(peer->ssl, peer->version_max);
        SSL_CTX_set_cipher_list(peer->ssl, "DEFAULT:@SECLEVEL=0"); /* for 1.1 */
    }
    if (peer->client_ca != NULL) {
        SSL_CTX_load_verify_file(peer->ssl, peer->client_ca);
        SSL_CTX_set_verify(peer->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           NULL);
    }
    return peer_start(&peer->peer, talk, peer);
}

void
tls_peer_join(struct tls_peer *peer)
{
    peer_join(&peer->peer);
    SSL_CTX_free(peer->ssl);
    cert_release(&peer->identity);
}
