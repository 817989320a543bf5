/*
 * cells - the yardstick: recorded traces x three cache sizes
 *
 * A cell is one trace and one size (0.1, 1 or 10 % of the trace's distinct keys), with
 * the hit counts an exact implementation of each policy must reproduce to the unit. The
 * counts were computed once by an independent simulator (Megiddo and Modha, FAST 2003,
 * collected arc-*; headissue GmbH / Jens Wilke, CC BY 4.0, orm-busy and web07).
 */
#ifndef BENCH_CELLS_H
#define BENCH_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctr.h"

enum { CELL_SIZES = 3 };

struct expected_hits {
    uint32_t fifo, lru, sieve, s3fifo;
};

struct yardstick {
    const char *trace; /* file TRACE.ctr.zst */
    uint32_t requests, distinct;
    struct expected_hits hits[CELL_SIZES];
};

extern const uint32_t cell_permille[CELL_SIZES]; /* 1, 10, 100 */
extern const struct yardstick yardsticks[];
extern const size_t yardstick_count;

/* Generated traces, by name: always there, for machines without the recorded ones. */
extern const char *const zipf_names[];
extern const size_t zipf_count;

/*
 * Loads trace NAME: "zipf-S" is generated (200 000 objects, 4 000 000 requests, one
 * fixed seed), anything else is DIRECTORY/NAME.ctr.zst. Returns false when there is no
 * such file. A damaged file ends the program with a message: a figure measured on it
 * would be worse than none.
 */
bool
cell_load(const char *directory, const char *name, struct trace *out);

#endif
