#include "wire/code.h"

#include "base/row.h"

static const struct pn_row table[] = {
#define PN_WIRE_ROW(name, code, text) {name, #name, text},
    PN_WIRE_MAP(PN_WIRE_ROW)
#undef PN_WIRE_ROW
        {0, "unknown", "unknown error"},
};

static const struct pn_row *
row_of(int code)
{
    return pn_row_of(table, sizeof table / sizeof table[0], code);
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
