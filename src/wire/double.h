/*
 * double - floating-point numbers as RESP3 and the scores of sorted sets write them
 *
 *     3   -0.5   1e10   1.5E-7   inf   -inf   nan
 *
 * Read to the nearest double and written with the fewest digits that read back as the
 * same one, whatever the locale of the process: a comma must not appear on a wire.
 */
#ifndef PN_WIRE_DOUBLE_H
#define PN_WIRE_DOUBLE_H

#include <stdbool.h>

#include "wire/out.h"

/* True and *value when the whole of TEXT is a double of at most PN_RESP_DOUBLE_MAX
 * characters. About 10 ns for what fits 19 digits and a small exponent. */
bool
pn_double_read(struct pn_bytes text, double *value);

void
pn_double_write(struct pn_out *out, double value);

#endif
