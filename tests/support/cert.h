/*
 * cert - certificates made on the spot, for tests of TLS
 */
#ifndef PINYON_TEST_CERT_H
#define PINYON_TEST_CERT_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

/* {0} holds nothing. */
struct cert {
    EVP_PKEY *key;
    X509 *x509;
};

/* Makes a certificate for the names ALT ("DNS:a.test,IP:127.0.0.1"; NULL: for an
 * authority), signed by ISSUER (NULL: itself), that ends LASTS_S seconds from now. */
bool
cert_make(struct cert *cert, const char *alt, const struct cert *issuer, long lasts_s);

/* Writes PEM: the certificate, the key (encrypted when PASSWORD is given), or both.
 * NULL paths are left out. */
bool
cert_write(const struct cert *cert, const char *cert_path, const char *key_path,
           const char *password);

void
cert_release(struct cert *cert);

#endif
