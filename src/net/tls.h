/*
 * tls - TLS 1.2 and later over OpenSSL, as a client
 *
 * The peer's certificate and its name are verified unless the user says otherwise.
 * OpenSSL reaches the socket through a BIO of ours, because its own raises SIGPIPE.
 * What its error queue says becomes a sentence; secrets never do. The queue is empty
 * after every call.
 *
 * Threads: a context is immutable once made and shared; a struct pn_tls belongs to one
 * connection. A context made before a fork is usable in the child, a pn_tls is not.
 */
#ifndef PN_NET_TLS_H
#define PN_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* A connection over the socket FD to HOST (a name or an IP literal; copied); nothing is
 * said before pn_tls_handshake(). PN_OK; PN_NET_E_CERTIFICATE when a name is to be
 * verified and HOST is none (NULL, a path); or PN_E_NOMEM. */
int
pn_tls_new(struct pn_tls_context *context, int fd, const char *host,
           struct pn_tls **out, struct pn_why *why);
/* Says goodbye if that needs no waiting, and frees. The socket stays open. */
void
pn_tls_free(struct pn_tls *tls); /* NULL is fine */
/* Frees without a word on the wire: in the child after a fork. */
void
pn_tls_abandon(struct pn_tls *tls);

/* The three below: when they cannot go on, *want becomes PN_IO_READ or PN_IO_WRITE. */

/* 0 done, 1 in progress, < 0 a code. */
int
pn_tls_handshake(struct pn_tls *tls, uint8_t *want, struct pn_why *why);
/* > 0 bytes, 0 would block, < 0 a code (PN_NET_E_CLOSED after the peer's goodbye). A
 * read of less than CAP has left nothing in OpenSSL's buffers that no poll would tell
 * of. */
ptrdiff_t
pn_tls_read(struct pn_tls *tls, void *buf, size_t cap, uint8_t *want);
ptrdiff_t
pn_tls_write(struct pn_tls *tls, const void *buf, size_t len, uint8_t *want);

/* As pn_tls_read(), but the first recv() may wait as long as the socket's SO_RCVTIMEO.
 * *IS_INTERRUPTED: a signal ended it. */
ptrdiff_t
pn_tls_read_waiting(struct pn_tls *tls, void *buf, size_t cap, uint8_t *want,
                    bool *is_interrupted);

/* True when the peer has said nothing that is not read yet, and goes on. */
bool
pn_tls_is_quiet(struct pn_tls *tls);

/* Writes CODE, which a call on TLS answered, with a sentence of its cause. Returns
 * CODE. */
int
pn_tls_why(const struct pn_tls *tls, int code, struct pn_why *why);

#endif
