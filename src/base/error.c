#include "pinyon/error.h"

#include "base/row.h"

static const struct pn_row table[] = {
    {PN_OK, "PN_OK", "done"},
    {PN_MISS, "PN_MISS", "no such key"},
    {PN_EXISTS, "PN_EXISTS", "the key, or another version of it, is there"},
    {PN_SMALL, "PN_SMALL", "the buffer is too short"},
    {PN_BUSY, "PN_BUSY", "the lock was not free within the deadline"},
    {PN_FENCED, "PN_FENCED", "the lease is no longer yours"},
    {PN_HELD, "PN_HELD", "somebody else holds the lease"},
    {PN_TIMEOUT, "PN_TIMEOUT", "the wait ended without news"},
#define PN_ERROR_ROW(name, code, text) {name, #name, text},
    PN_ERROR_MAP(PN_ERROR_ROW)
#undef PN_ERROR_ROW
        {0, "unknown", "unknown error"},
};

static const struct pn_row *
row_of(int code)
{
    return pn_row_of(table, sizeof table / sizeof table[0], code);
}

const char *
pn_strerror(int code)
{
    return row_of(code)->text;
}

const char *
pn_error_name(int code)
{
    return row_of(code)->name;
}
