#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "base/why.h"
#include "net/tls_inner.h"

const char *
pn_tls_queue_text(void)
{
    unsigned long error = ERR_peek_last_error();
    const char *text = ERR_reason_error_string(error);
    ERR_clear_error();
    return text != NULL ? text : "OpenSSL does not say why";
}

/* What the user can do about ERROR, or what it means in the place where he meets it. */
static const char *
remedy_of(int error)
{
    switch (error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return ": name the file of the authority that signed it";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return ": connect by a name that is in it, or set the server's name";
    default:
        return "";
    }
}

int
pn_tls_judge(int is_good, X509_STORE_CTX *store)
{
    if (is_good) {
        return 1;
    }
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct pn_tls *tls = SSL_get_app_data(ssl);
    int error = X509_STORE_CTX_get_error(store);
    snprintf(tls->cause, sizeof tls->cause, "%s%s",
             X509_verify_cert_error_string(error), remedy_of(error));
    return 0;
}

static int
failed_inside(struct pn_tls *tls)
{
    unsigned long error = ERR_peek_last_error();
    int reason = ERR_GET_REASON(error);
    if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
        if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
            return PN_NET_E_CERTIFICATE; /* pn_tls_judge() has said why */
        }
        if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
            return PN_NET_E_RESET;
        }
        if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST) {
            snprintf(tls->cause, sizeof tls->cause, "the peer does not speak TLS");
            return PN_NET_E_TLS;
        }
    }
    snprintf(tls->cause, sizeof tls->cause, "%s", pn_tls_queue_text());
    return PN_NET_E_TLS;
}

int
pn_tls_failed(struct pn_tls *tls, int rc)
{
    int os_error = errno;
    switch (SSL_get_error(tls->ssl, rc)) {
    case SSL_ERROR_ZERO_RETURN:
        return PN_NET_E_CLOSED; /* in order: our own goodbye may still be said */
    case SSL_ERROR_SYSCALL:
        tls->failure = os_error != 0 ? pn_net_from_errno(os_error) : PN_NET_E_RESET;
        break;
    default:
        tls->failure = failed_inside(tls);
        break;
    }
    ERR_clear_error();
    return tls->failure;
}

int
pn_tls_why(const struct pn_tls *tls, int code, struct pn_why *why)
{
    return pn_why(why, code, "%s",
                  tls->cause[0] != '\0' ? tls->cause : pn_net_strerror(code));
}
