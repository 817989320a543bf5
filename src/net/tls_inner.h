/*
 * tls_inner - what the files behind tls.h share; private to this room
 *
 * A pn_tls is the data of its SSL (SSL_get_app_data) and of its BIO (BIO_get_data), so
 * that OpenSSL's callbacks find it: no index is registered with the process.
 */
#ifndef PN_NET_TLS_INNER_H
#define PN_NET_TLS_INNER_H

#include <openssl/ssl.h>

#include "net/code.h"
#include "net/tls.h"

#define PN_TLS_NAME_MAX 256 /* a host's name, terminated */

struct pn_tls_context {
    SSL_CTX *ssl;
    BIO_METHOD *socket; /* tls_bio.c */
    enum pn_tls_verify verify;
    char server_name[PN_TLS_NAME_MAX]; /* empty: the host's */
};

struct pn_tls {
    SSL *ssl;
    int fd;
    bool is_at_end; /* the peer's bytes have ended */
    bool may_wait;  /* the next recv() may, the ones after it not */
    bool is_interrupted;
    int failure;     /* the code it failed with: nothing more may be said, not even
                        goodbye; 0: none */
    char cause[256]; /* why; empty: the code says all */
};

/* ---- tls_bio.c: OpenSSL's way to the socket --------------------------------- */

/* NULL: out of memory. Freed with BIO_meth_free(). */
BIO_METHOD *
pn_tls_bio_method(void);

/* ---- tls_why.c: what OpenSSL says, as a sentence ------------------------------- */

/* The context's verify callback: notes in pn_tls.cause what is wrong. */
int
pn_tls_judge(int is_good, X509_STORE_CTX *store);

/* The code for what the last call on TLS answered, RC; its cause is noted. Takes
 * what is in the error queue. */
int
pn_tls_failed(struct pn_tls *tls, int rc);

/* The newest sentence of the error queue, which is empty then. */
const char *
pn_tls_queue_text(void);

#endif
