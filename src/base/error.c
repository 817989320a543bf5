#include "pinyon/error.h"

struct row {
    int code;
    const char *name, *text;
};

static const struct row table[] = {
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
};

static const struct row unknown = {0, "unknown", "unknown error"};

static const struct row *
row_of(int code)
{
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].code == code) {
            return &table[i];
        }
    }
    return &unknown;
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
