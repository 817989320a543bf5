/*
 * tls - TLS 1.2 and later over OpenSSL, as a client
 *
 * The peer's certificate and its name are verified unless the user says otherwise. No
 * BIO of our own: OpenSSL is given the socket. What its error queue says becomes a
 * sentence in struct pn_why; secrets never do.
 *
 * Threads: a context is immutable once made and shared; a struct pn_tls belongs to one
 * connection. A context made before a fork is usable in the child, a pn_tls is not.
 */
#ifndef PN_NET_TLS_H
#define PN_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "pinyon/error.h"

struct pn_tls_context;
struct pn_tls;

enum pn_tls_verify {
    PN_TLS_VERIFY_ALL,   /* the certificate's chain and the host's name: the default */
    PN_TLS_VERIFY_CHAIN, /* the chain, not the name */
    PN_TLS_VERIFY_NONE,  /* nothing: protects from listeners only */
};

/* NULL means the default everywhere. Files are PEM. */
struct pn_tls_opts {
    enum pn_tls_verify verify;
    bool is_13_only;     /* TLS 1.3 and later; else 1.2 and later */
    const char *ca_file; /* who may sign; the system's store when both are NULL */
    const char *ca_dir;
    const char *cert_file; /* our own certificate (and chain), for servers that ask */
    const char *key_file;  /* its key; in cert_file when NULL */
    const char *key_password;
    const char *ciphers;     /* TLS 1.2 list of OpenSSL */
    const char *server_name; /* to ask for (SNI) and verify, instead of the host */
};

/* PN_OK, PN_NET_E_FILES with a sentence that names the file, or PN_E_NOMEM. */
int
pn_tls_context_new(const struct pn_tls_opts *opts, struct pn_tls_context **out,
                   struct pn_why *why);
void
pn_tls_context_free(struct pn_tls_context *context); /* NULL is fine */

/* A connection over FD (non-blocking) to HOST; the handshake comes with
 * pn_tls_handshake(). PN_OK or PN_E_NOMEM. */
int
pn_tls_new(struct pn_tls_context *context, int fd, const char *host,
           struct pn_tls **out);
/* Says goodbye if that needs no waiting, and frees. The socket stays open. */
void
pn_tls_free(struct pn_tls *tls); /* NULL is fine */
/* Frees without a word on the wire: in the child after a fork. */
void
pn_tls_abandon(struct pn_tls *tls);

/* The three below: when they cannot go on, *want becomes PN_IO_READ or PN_IO_WRITE. */

/* 0 done, 1 in progress, < 0 a code. */
int
pn_tls_handshake(struct pn_tls *tls, int *want, struct pn_why *why);
/* > 0 bytes, 0 would block, < 0 a code (PN_NET_E_CLOSED after the peer's goodbye). */
ptrdiff_t
pn_tls_read(struct pn_tls *tls, void *buf, size_t cap, int *want);
ptrdiff_t
pn_tls_write(struct pn_tls *tls, const void *buf, size_t len, int *want);

/* Are decrypted bytes waiting that no poll would tell of? */
bool
pn_tls_pending(const struct pn_tls *tls);

#endif
