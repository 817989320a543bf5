#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/why.h"
#include "net/tls_inner.h"

static int
unusable(struct pn_why *why, const char *what, const char *name)
{
    return pn_why(why, PN_NET_E_FILES, "%s '%.200s' cannot be used: %s", what, name,
                  pn_tls_queue_text());
}

/* OpenSSL looks into a directory when it needs one, and finds nothing where none is. */
static bool
is_directory(const char *path)
{
    struct stat sb;
    return stat(path, &sb) == 0 && S_ISDIR(sb.st_mode);
}

static int
load_authorities(SSL_CTX *ssl, const struct pn_tls_opts *opts, struct pn_why *why)
{
    if (opts->ca_file != NULL && !SSL_CTX_load_verify_file(ssl, opts->ca_file)) {
        return unusable(why, "the CA file", opts->ca_file);
    }
    if (opts->ca_dir != NULL) {
        if (!is_directory(opts->ca_dir)) {
            return pn_why(why, PN_NET_E_FILES, "the CA directory '%.200s' is none",
                          opts->ca_dir);
        }
        if (!SSL_CTX_load_verify_dir(ssl, opts->ca_dir)) {
            return unusable(why, "the CA directory", opts->ca_dir);
        }
    }
    if (opts->ca_file == NULL && opts->ca_dir == NULL) {
        SSL_CTX_set_default_verify_paths(ssl);
    }
    return PN_OK;
}

/* Without this OpenSSL would ask the terminal. */
static int
give_password(char *buf, int cap, int is_writing, void *data)
{
    (void)is_writing;
    const char *password = data;
    size_t len = password != NULL ? strlen(password) : 0;
    if (len == 0 || len > (size_t)cap) {
        return -1;
    }
    memcpy(buf, password, len);
    return (int)len;
}

static int
load_key(SSL_CTX *ssl, const struct pn_tls_opts *opts, struct pn_why *why)
{
    const char *key = opts->key_file != NULL ? opts->key_file : opts->cert_file;
    if (key == NULL) {
        return PN_OK;
    }
    if (opts->cert_file == NULL) {
        return pn_why(why, PN_NET_E_FILES, "the key '%.200s' has no certificate", key);
    }
    if (SSL_CTX_use_certificate_chain_file(ssl, opts->cert_file) != 1) {
        return unusable(why, "the certificate", opts->cert_file);
    }
    union {
        const char *given;
        void *data; /* OpenSSL hands it back as it is */
    } password = {opts->key_password};
    SSL_CTX_set_default_passwd_cb(ssl, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(ssl, password.data);
    int ok = SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(ssl, NULL);
    return ok ? PN_OK : unusable(why, "the key", key);
}

/*
 * RELEASE_BUFFERS: an idle connection gives its buffers back. read_ahead: the header
 * and the body of a record come with one recv(). No session is ever used again and
 * renegotiation is not answered: what is not there cannot be attacked. An authority in
 * the user's file is trusted whether or not it is a root.
 */
static void
set_manners(SSL_CTX *ssl, const struct pn_tls_opts *opts)
{
    SSL_CTX_set_min_proto_version(ssl,
                                  opts->is_13_only ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ssl, 1);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_NO_TICKET);
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ssl);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_CTX_set_verify(ssl,
                       opts->verify == PN_TLS_VERIFY_NONE ? SSL_VERIFY_NONE
                                                          : SSL_VERIFY_PEER,
                       pn_tls_judge);
}

static int
configure(struct pn_tls_context *context, const struct pn_tls_opts *opts,
          struct pn_why *why)
{
    const char *name = opts->server_name != NULL ? opts->server_name : "";
    if (strlen(name) >= sizeof context->server_name) {
        return pn_why(why, PN_E_INVALID, "the server's name is too long");
    }
    memcpy(context->server_name, name, strlen(name) + 1);
    context->verify = opts->verify;
    set_manners(context->ssl, opts);
    if (opts->ciphers != NULL &&
        !SSL_CTX_set_cipher_list(context->ssl, opts->ciphers)) {
        return pn_why(why, PN_E_INVALID, "no cipher of '%.200s' is known",
                      opts->ciphers);
    }
    int rc = load_authorities(context->ssl, opts, why);
    return rc == PN_OK ? load_key(context->ssl, opts, why) : rc;
}

/* OpenSSL would otherwise take itself down at exit(), under threads that still talk. */
static bool
is_started(void)
{
    return OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL) == 1;
}

int
pn_tls_context_new(const struct pn_tls_opts *opts, struct pn_tls_context **out,
                   struct pn_why *why)
{
    static const struct pn_tls_opts defaults = {0};
    struct pn_tls_context *context = pn_alloc(sizeof *context);
    int rc = PN_E_NOMEM;
    if (context != NULL && is_started()) {
        context->ssl = SSL_CTX_new(TLS_client_method());
        context->socket = pn_tls_bio_method();
        if (context->ssl != NULL && context->socket != NULL) {
            rc = configure(context, opts != NULL ? opts : &defaults, why);
        }
    }
    ERR_clear_error();
    if (rc == PN_OK) {
        *out = context;
        return PN_OK;
    }
    pn_tls_context_free(context);
    return rc == PN_E_NOMEM ? pn_why(why, rc, "out of memory") : rc;
}

void
pn_tls_context_free(struct pn_tls_context *context)
{
    if (context != NULL) {
        SSL_CTX_free(context->ssl);
        BIO_meth_free(context->socket);
        pn_free(context);
    }
}
