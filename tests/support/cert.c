#include "cert.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/* The extension NID = VALUE, as a line of openssl.cnf would say it. */
static bool
extend(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool ok = extension != NULL && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

bool
cert_make(struct cert *cert, const char *alt, const struct cert *issuer, long lasts_s)
{
    cert->key = EVP_EC_gen("P-256");
    cert->x509 = X509_new();
    X509 *x = cert->x509;
    if (cert->key == NULL || x == NULL) {
        return false;
    }
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), alt == NULL ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(x), -86400);
    X509_gmtime_adj(X509_getm_notAfter(x), lasts_s);
    X509_set_pubkey(x, cert->key);
    const char *name = alt == NULL ? "Test Authority" : "test";
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer != NULL ? issuer->x509 : x));
    if (!extend(x, NID_basic_constraints,
                alt == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE") ||
        (alt != NULL && !extend(x, NID_subject_alt_name, alt))) {
        return false;
    }
    return X509_sign(x, issuer != NULL ? issuer->key : cert->key, EVP_sha256()) > 0;
}

bool
cert_write(const struct cert *cert, const char *cert_path, const char *key_path,
           const char *password)
{
    bool ok = true;
    if (cert_path != NULL) {
        FILE *file = fopen(cert_path, "w");
        ok = file != NULL && PEM_write_X509(file, cert->x509) == 1;
        ok = file != NULL && fclose(file) == 0 && ok;
    }
    if (ok && key_path != NULL) {
        FILE *file = fopen(key_path, "w");
        union {
            const char *given;
            void *data;
        } word = {password};
        ok = file != NULL &&
             PEM_write_PrivateKey(file, cert->key,
                                  password != NULL ? EVP_aes_128_cbc() : NULL, NULL, 0,
                                  NULL, word.data) == 1;
        ok = file != NULL && fclose(file) == 0 && ok;
    }
    return ok;
}

void
cert_release(struct cert *cert)
{
    EVP_PKEY_free(cert->key);
    X509_free(cert->x509);
    *cert = (struct cert){0};
}
