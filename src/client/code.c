#include "client/code.h"

#include "base/row.h"
#include "net/code.h"
#include "pinyon/error.h"
#include "wire/code.h"

static const struct pn_row table[] = {
#define PN_CLIENT_ROW(name, code, text) {name, #name, text},
    PN_CLIENT_MAP(PN_CLIENT_ROW)
#undef PN_CLIENT_ROW
        {0, "unknown", "unknown error"},
};

static const struct pn_row *
row_of(int code)
{
    return pn_row_of(table, sizeof table / sizeof table[0], code);
}

/* Each room has a hundred: -1 error.h, -201 wire, -301 net, -401 ours. */
const char *
pn_client_strerror(int code)
{
    switch (code / 100) {
    case -2:
        return pn_wire_strerror(code);
    case -3:
        return pn_net_strerror(code);
    case -4:
        return row_of(code)->text;
    default:
        return pn_strerror(code);
    }
}

const char *
pn_client_code_name(int code)
{
    switch (code / 100) {
    case -2:
        return pn_wire_code_name(code);
    case -3:
        return pn_net_code_name(code);
    case -4:
        return row_of(code)->name;
    default:
        return pn_error_name(code);
    }
}
