/*
 * row - one line of a table of codes: number, name, sentence
 *
 * The tables are made by the X-macros beside the codes (pinyon/error.h and the like),
 * so that a code, its name and its text are written once.
 */
#ifndef PN_BASE_ROW_H
#define PN_BASE_ROW_H

#include <stddef.h>

struct pn_row {
    int code;
    const char *name, *text;
};

/* The row of CODE, or the table's last one, which stands for all others. */
static inline const struct pn_row *
pn_row_of(const struct pn_row *table, size_t n, int code)
{
    for (size_t i = 0; i + 1 < n; i++) {
        if (table[i].code == code) {
            return &table[i];
        }
    }
    return &table[n - 1];
}

#endif
