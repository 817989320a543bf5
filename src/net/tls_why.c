#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
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

/* ---- Certificates ------------------------------------------------------------ */

/* What the user can do about ERROR of a chain. */
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
    default:
        return "";
    }
}

/* Writes NAME as text; bytes that are no letters of a name become '?', for a log is no
 * place for what a stranger wrote. False: it is of a kind nobody connects by. */
static bool
text_of(const GENERAL_NAME *name, char *text, size_t cap)
{
    int type;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    if (type == GEN_IPADD) {
        int family = ASN1_STRING_length(value) == 4 ? AF_INET : AF_INET6;
        bool is_whole = family == AF_INET || ASN1_STRING_length(value) == 16;
        return is_whole &&
               inet_ntop(family, ASN1_STRING_get0_data(value), text, (socklen_t)cap);
    }
    if (type != GEN_DNS) {
        return false;
    }
    snprintf(text, cap, "%.*s", ASN1_STRING_length(value),
             (const char *)ASN1_STRING_get0_data(value));
    for (char *at = text; *at != '\0'; at++) {
        *at = *at > ' ' && *at < 0x7f ? *at : '?';
    }
    return true;
}

/* Appends the names for which X509 was made, as many as there is room for. */
static void
append_names(char *text, size_t cap, const X509 *x509)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    const char *before = ": the certificate is for ";
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        char name[64];
        size_t have = strlen(text);
        if (text_of(sk_GENERAL_NAME_value(names, i), name, sizeof name) &&
            have + strlen(before) + strlen(name) < cap) {
            snprintf(text + have, cap - have, "%s%s", before, name);
            before = ", ";
        }
    }
    GENERAL_NAMES_free(names);
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
    if (error == X509_V_ERR_HOSTNAME_MISMATCH ||
        error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        append_names(tls->cause, sizeof tls->cause,
                     X509_STORE_CTX_get_current_cert(store));
    }
    return 0;
}

/* ---- The rest ---------------------------------------------------------------- */

/* What REASON of OpenSSL means to who connects; empty: nothing more than it says. */
static const char *
meaning_of(int reason)
{
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
        return ": the peer does not speak TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return ": the peer speaks no version of TLS that is allowed here";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return ": the peer asks for a certificate of ours";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return ": the peer does not know who signed our certificate";
    default:
        return "";
    }
}

static int
failed_inside(struct pn_tls *tls)
{
    unsigned long error = ERR_peek_last_error();
    int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        return PN_NET_E_CERTIFICATE; /* pn_tls_judge() has said why */
    }
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return PN_NET_E_RESET;
    }
    snprintf(tls->cause, sizeof tls->cause, "%s%s", pn_tls_queue_text(),
             meaning_of(reason));
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
