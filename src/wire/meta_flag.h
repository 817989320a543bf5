/*
 * meta_flag - the flags of the meta commands as a table
 *
 * One row a letter: which commands have it, and what stands behind it. Parser and
 * composer of requests both walk this table, so neither can know a flag the other
 * does not.
 */
#ifndef PN_WIRE_META_FLAG_H
#define PN_WIRE_META_FLAG_H

#include "wire/meta.h"

enum pn_meta_arg {
    PN_ARG_NONE,
    PN_ARG_U64,
    PN_ARG_I64, /* an exptime */
    PN_ARG_U32,
    PN_ARG_TEXT, /* a word of at least one byte */
    PN_ARG_MODE, /* one letter of `modes` */
};

struct pn_meta_flag {
    char name;
    uint8_t arg;    /* enum pn_meta_arg */
    uint8_t verbs;  /* bit of each pn_meta_verb that has it */
    uint16_t field; /* offset in struct pn_meta_request; 0 without argument */
    uint64_t bit;   /* pn_meta_bit(name) */
};

/* All flags, in the order in which requests are written; *n is how many. */
const struct pn_meta_flag *
pn_meta_flags(size_t *n);

/* The row of NAME if VERB has such a flag; else NULL. */
const struct pn_meta_flag *
pn_meta_flag_of(enum pn_meta_verb verb, char name);

/* Reads ARG, the text behind the letter, into REQUEST. 0, or a code. */
int
pn_meta_flag_read(const struct pn_meta_flag *flag, struct pn_bytes arg,
                  struct pn_meta_request *request);

/* " T60": the flag with what REQUEST holds for it. 0, or PN_WIRE_E_FLAG. */
int
pn_meta_flag_put(struct pn_out *out, const struct pn_meta_flag *flag,
                 const struct pn_meta_request *request);

#endif
