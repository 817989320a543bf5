#include "wire/code.h"

struct row {
    int code;
    const char *name, *text;
};

static const struct row table[] = {
#define PN_WIRE_ROW(name, code, text) {name, #name, text},
    PN_WIRE_MAP(PN_WIRE_ROW)
#undef PN_WIRE_ROW
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
pn_wire_strerror(int code)
{
    return row_of(code)->text;
}

const char *
pn_wire_code_name(int code)
{
    return row_of(code)->name;
}
