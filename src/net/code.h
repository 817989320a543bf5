/*
 * code - why a peer could not be reached, or was lost
 *
 * The numbers do not meet those of pinyon/error.h and wire/code.h, so that one int can
 * carry any of them.
 */
#ifndef PN_NET_CODE_H
#define PN_NET_CODE_H

/*      name                  code  text */
#define PN_NET_MAP(X)                                                                \
    X(PN_NET_E_ADDRESS, -301, "the address is malformed")                            \
    X(PN_NET_E_RESOLVE, -302, "the name of the host is not known")                   \
    X(PN_NET_E_REFUSED, -303, "nothing listens there: the connection was refused")   \
    X(PN_NET_E_UNREACHABLE, -304, "the host cannot be reached")                      \
    X(PN_NET_E_RESET, -305, "the connection was broken off")                         \
    X(PN_NET_E_CLOSED, -306, "the peer closed the connection")                       \
    X(PN_NET_E_TIMEOUT, -307, "the peer did not answer in time")                     \
    X(PN_NET_E_TLS, -308, "TLS could not be agreed on")                              \
    X(PN_NET_E_CERTIFICATE, -309, "the peer's certificate is not one to be trusted") \
    X(PN_NET_E_FILES, -310, "a certificate or key file cannot be used")              \
    X(PN_NET_E_LIMIT, -311, "the process has too many files open")                   \
    X(PN_NET_E_OS, -312, "a system call failed")

enum pn_net_code {
#define PN_NET_ENUM(name, code, text) name = (code),
    PN_NET_MAP(PN_NET_ENUM)
#undef PN_NET_ENUM
};

/* The sentence of CODE; "unknown error" for a code that is not in the table. */
const char *
pn_net_strerror(int code);

/* The name of CODE, such as "PN_NET_E_REFUSED". */
const char *
pn_net_code_name(int code);

/* The code that stands for ERRNO of a socket call. */
int
pn_net_from_errno(int os_error);

#endif
