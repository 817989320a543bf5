/*
 * why - saying in words why something was refused
 *
 * The sentence names the thing (which region, which size) and the remedy, because
 * only the place that refuses knows both. Nothing prints; the caller decides where
 * the words go.
 */
#ifndef PN_BASE_WHY_H
#define PN_BASE_WHY_H

#include "base/compiler.h"
#include "pinyon/error.h"

/* Writes CODE, errno (where it matters) and a sentence to *WHY, which may be NULL.
 * Returns CODE. */
int
pn_why(struct pn_why *why, int code, const char *format, ...) PN_PRINTF(3, 4);

#endif
