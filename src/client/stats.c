#include "client/stats.h"

#include <stddef.h>

/*
 * Cells of the histogram, in units of 128 ns: 0 to 15 hold one unit each, and from
 * there each power of two is cut in 8. Which is: take the unit's number, shift it right
 * until it is below 16, and count the shifts.
 *
 *     unit    0 ... 15   16 17   18 19  ...  30 31   32 ... 35  ...
 *     cell    0 ... 15     16      17          23       24      ...   215
 */
enum {
    UNIT_BITS = 7, /* 128 ns: the octave of 1 us in 8 */
    CUT_BITS = 3,
    CUTS = 1 << CUT_BITS,
};

/* The first unit that has no cell: 2^36 ns are 69 s. What takes longer is counted in
 * the last cell. */
#define UNITS_MAX ((uint64_t)1 << (36 - UNIT_BITS))

_Static_assert(PN_LATENCY_CELLS == (36 - UNIT_BITS - CUT_BITS + 1) * CUTS,
               "the last cell ends where UNITS_MAX says");

static size_t
cell_of(uint64_t ns)
{
    uint64_t unit = ns >> UNIT_BITS;
    unit = unit < UNITS_MAX ? unit : UNITS_MAX - 1;
    unsigned shift = 0;
    while (unit >> shift >= 2 * CUTS) {
        shift++;
    }
    return shift * CUTS + (size_t)(unit >> shift);
}

/* Where CELL begins, in us; that of the next cell is where it ends. */
static double
cell_begin_us(size_t cell)
{
    size_t shift = cell < 2 * CUTS ? 0 : cell / CUTS - 1;
    uint64_t unit = (uint64_t)(cell - shift * CUTS) << shift;
    return (double)(unit << UNIT_BITS) / 1e3;
}

void
pn_latency_add(struct pn_node_counts *counts, uint64_t ns)
{
    atomic_fetch_add_explicit(&counts->latency[cell_of(ns)], 1, memory_order_relaxed);
}

/* The latency that PART of the calls did not exceed, as if those of a cell lay evenly
 * in it. */
static double
quantile_us(const uint64_t *cells, uint64_t total, double part)
{
    double rank = part * (double)total;
    double before = 0;
    for (size_t i = 0; i < PN_LATENCY_CELLS; i++) {
        double here = (double)cells[i];
        if (here > 0 && before + here >= rank) {
            double begin = cell_begin_us(i), end = cell_begin_us(i + 1);
            return begin + (end - begin) * (rank - before) / here;
        }
        before += here;
    }
    return 0;
}

void
pn_node_stats_read(struct pn_node_counts *counts, struct pn_node_stats *out)
{
#define PN_NODE_COUNTER(name) \
    out->name = atomic_load_explicit(&counts->name, memory_order_relaxed);
    PN_NODE_COUNTERS(PN_NODE_COUNTER)
#undef PN_NODE_COUNTER
    uint64_t cells[PN_LATENCY_CELLS], total = 0;
    for (size_t i = 0; i < PN_LATENCY_CELLS; i++) {
        cells[i] = atomic_load_explicit(&counts->latency[i], memory_order_relaxed);
        total += cells[i];
    }
    out->p50_us = quantile_us(cells, total, 0.5);
    out->p90_us = quantile_us(cells, total, 0.9);
    out->p99_us = quantile_us(cells, total, 0.99);
    out->p999_us = quantile_us(cells, total, 0.999);
}
