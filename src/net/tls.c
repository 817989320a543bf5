#include "net/tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/why.h"
#include "net/stream.h"
#include "net/tls_inner.h"

/* The name that HOST is verified by: without a zone or the dot of the root. */
static bool
plain_name(const char *host, char name[PN_TLS_NAME_MAX])
{
    size_t len = host == NULL || host[0] == '/' ? 0 : strcspn(host, "%");
    if (len > 0 && host[len - 1] == '.') {
        len--;
    }
    if (len == 0 || len >= PN_TLS_NAME_MAX) {
        return false;
    }
    memcpy(name, host, len);
    name[len] = '\0';
    return true;
}

/* Asks for NAME and has it verified. An IP literal is not asked for (RFC 6066, 3).
 * NAME is not const because OpenSSL's macro would cast that away. */
static bool
set_name(SSL *ssl, char *name, bool is_verified)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1) {
        if (!is_verified) {
            X509_VERIFY_PARAM_set1_ip(param, NULL, 0);
        }
        return true;
    }
    ERR_clear_error();
    return SSL_set_tlsext_host_name(ssl, name) == 1 &&
           (!is_verified || SSL_set1_host(ssl, name) == 1);
}

/* Gives the BIO to the SSL, which frees it then. */
static bool
attach(struct pn_tls *tls, const struct pn_tls_context *context)
{
    BIO *bio = BIO_new(context->socket);
    if (bio == NULL) {
        return false;
    }
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    return SSL_set_app_data(tls->ssl, tls) == 1;
}

int
pn_tls_new(struct pn_tls_context *context, int fd, const char *host,
           struct pn_tls **out, struct pn_why *why)
{
    char name[PN_TLS_NAME_MAX];
    bool is_set = context->server_name[0] != '\0';
    bool is_named = plain_name(is_set ? context->server_name : host, name);
    bool is_verified = context->verify == PN_TLS_VERIFY_ALL;
    if (is_verified && !is_named) {
        return pn_why(
            why, PN_NET_E_CERTIFICATE,
            "there is no name to verify the certificate by: set the server's");
    }
    struct pn_tls *tls = pn_alloc(sizeof *tls);
    if (tls != NULL) {
        tls->fd = fd;
        tls->ssl = SSL_new(context->ssl);
        if (tls->ssl != NULL && attach(tls, context) &&
            (!is_named || set_name(tls->ssl, name, is_verified))) {
            SSL_set_connect_state(tls->ssl);
            *out = tls;
            return PN_OK;
        }
    }
    pn_tls_abandon(tls);
    return pn_why(why, PN_E_NOMEM, "out of memory");
}

/* 0: SSL would go on after *WANT; else its code. */
static int
pause_or_fail(struct pn_tls *tls, int rc, uint8_t *want)
{
    switch (SSL_get_error(tls->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        *want = PN_IO_READ;
        return 0;
    case SSL_ERROR_WANT_WRITE:
        *want = PN_IO_WRITE;
        return 0;
    default:
        return pn_tls_failed(tls, rc);
    }
}

/* What SSL_get_error() will say depends on the queue being empty before a call, and on
 * errno, which tells of nothing if the peer just ended. */
static void
begin(void)
{
    ERR_clear_error();
    errno = 0;
}

int
pn_tls_handshake(struct pn_tls *tls, uint8_t *want, struct pn_why *why)
{
    begin();
    int rc = SSL_do_handshake(tls->ssl);
    if (rc == 1) {
        return 0;
    }
    int code = pause_or_fail(tls, rc, want);
    return code == 0 ? 1 : pn_tls_why(tls, code, why);
}

/* A record that is in the buffers is not told of by any poll, so reading goes on until
 * they are empty or CAP is full. What was read is given before a failure, which the
 * next call meets again. */
ptrdiff_t
pn_tls_read(struct pn_tls *tls, void *buf, size_t cap, uint8_t *want)
{
    unsigned char *to = buf;
    size_t have = 0;
    if (tls->failure != 0) {
        return tls->failure;
    }
    do {
        size_t room = cap - have < INT_MAX ? cap - have : INT_MAX;
        begin();
        int n = SSL_read(tls->ssl, to + have, (int)room);
        if (n <= 0) {
            int code = pause_or_fail(tls, n, want);
            return have > 0 ? (ptrdiff_t)have : code;
        }
        have += (size_t)n;
    } while (have < cap && SSL_has_pending(tls->ssl));
    if (!SSL_has_pending(tls->ssl)) {
        SSL_free_buffers(tls->ssl); /* tickets leave the one for writing behind */
    }
    return (ptrdiff_t)have;
}

ptrdiff_t
pn_tls_read_waiting(struct pn_tls *tls, void *buf, size_t cap, uint8_t *want,
                    bool *is_interrupted)
{
    tls->may_wait = true;
    tls->is_interrupted = false;
    ptrdiff_t n = pn_tls_read(tls, buf, cap, want);
    tls->may_wait = false; /* nobody has asked for it, if all was in the buffers */
    *is_interrupted = tls->is_interrupted;
    return n;
}

ptrdiff_t
pn_tls_write(struct pn_tls *tls, const void *buf, size_t len, uint8_t *want)
{
    if (tls->failure != 0) {
        return tls->failure;
    }
    begin();
    int n = SSL_write(tls->ssl, buf, (int)(len < INT_MAX ? len : INT_MAX));
    return n > 0 ? n : pause_or_fail(tls, n, want);
}

bool
pn_tls_is_quiet(struct pn_tls *tls)
{
    char byte;
    uint8_t want;
    begin();
    int n = SSL_peek(tls->ssl, &byte, 1);
    return n <= 0 && pause_or_fail(tls, n, &want) == 0;
}

void
pn_tls_free(struct pn_tls *tls)
{
    if (tls != NULL && tls->failure == 0 && SSL_is_init_finished(tls->ssl)) {
        SSL_shutdown(tls->ssl); /* only says goodbye: nobody waits for the answer */
        ERR_clear_error();
    }
    pn_tls_abandon(tls);
}

void
pn_tls_abandon(struct pn_tls *tls)
{
    if (tls != NULL) {
        SSL_free(tls->ssl);
        pn_free(tls);
    }
}
