/*
 * tlspeer - a peer that speaks TLS, with certificates of its own
 *
 * An authority, a certificate that it signed for a.test and 127.0.0.1, and their files
 * in the scratch directory: ca.pem for those who are to trust it.
 */
#ifndef PINYON_TEST_TLSPEER_H
#define PINYON_TEST_TLSPEER_H

#include <openssl/ssl.h>

#include "cert.h"
#include "peer.h"

struct tls_peer {
    /* Set before the start; zero means the plain thing. */
    struct cert identity;  /* {0}: the one for a.test and 127.0.0.1 */
    const char *client_ca; /* demand a certificate that this file's authority signed */
    int version_max;       /* TLS1_1_VERSION ... */
    int tickets;           /* how many to send after the handshake (TLS 1.3) */
    void (*talk)(SSL *ssl, void *context); /* after the handshake; NULL: nothing */
    void *context;

    int accepted;   /* SSL_accept() answered: 1 a handshake was done */
    char asked[64]; /* the name the client asked for; empty: none */
    struct peer peer;
    SSL_CTX *ssl;
};

/* The authority of this program, made by the first call; its certificate is ca.pem in
 * the scratch directory, which must be there. */
const struct cert *
tls_authority(void);
/* PATH of NAME in the scratch directory. One at a time. */
const char *
tls_path(const char *name);

bool
tls_peer_start(struct tls_peer *peer);
void
tls_peer_join(struct tls_peer *peer);
/* Frees what tls_authority() made. */
void
tls_authority_release(void);

#endif
