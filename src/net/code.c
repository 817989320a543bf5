#include "net/code.h"

#include <errno.h>

#include "base/row.h"
#include "pinyon/error.h"

static const struct pn_row table[] = {
#define PN_NET_ROW(name, code, text) {name, #name, text},
    PN_NET_MAP(PN_NET_ROW)
#undef PN_NET_ROW
        {0, "unknown", "unknown error"},
};

static const struct pn_row *
row_of(int code)
{
    return pn_row_of(table, sizeof table / sizeof table[0], code);
}

const char *
pn_net_strerror(int code)
{
    return row_of(code)->text;
}

const char *
pn_net_code_name(int code)
{
    return row_of(code)->name;
}

/* Why these: a unix socket without its file is a server that is not there (ENOENT). A
 * family the host does not have, or an address of it that cannot be ours, is met when
 * the peer's IPv6 address is tried on a host without IPv6. */
int
pn_net_from_errno(int os_error)
{
    switch (os_error) {
    case ECONNREFUSED:
    case ENOENT:
        return PN_NET_E_REFUSED;
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return PN_NET_E_UNREACHABLE;
    case ECONNRESET:
    case ECONNABORTED:
    case ENETRESET:
    case ENOTCONN:
    case EPIPE:
        return PN_NET_E_RESET;
    case ETIMEDOUT:
        return PN_NET_E_TIMEOUT;
    case EPROTOTYPE:
    case ENOTSOCK:
    case ENAMETOOLONG:
        return PN_NET_E_ADDRESS;
    case EMFILE:
    case ENFILE:
        return PN_NET_E_LIMIT;
    case ENOMEM:
    case ENOBUFS:
        return PN_E_NOMEM;
    default:
        return PN_NET_E_OS;
    }
}
