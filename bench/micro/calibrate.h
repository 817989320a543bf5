/*
 * calibrate - a region of the real store that holds just so many items
 *
 * The yardstick counts objects, a store counts bytes. To compare the two, a cell of C
 * entries is replayed on a region whose live items, in the steady state of the full
 * store, are C on average: all its bytes are at work, reserves, open and half-drained
 * segments included, as in service, and the number it keeps is the model's number.
 *
 * Keys are 16 bytes. The value length is constant within a cell: at least 64 bytes, and
 * as long as the smallest region (4 MiB) needs it to be for a small C. Longer than a
 * few KiB it would be stored as a large value, whose rules are others: hence no cells
 * under 1000 entries.
 *
 * How: the number of live items is found by filling a region with new keys and looking,
 * since it depends on how items pack into segments and on what eviction keeps free. The
 * region's size is bisected for a few value lengths, because packing makes steps of
 * several per cent for one length alone. What reads change in the steady state (copies
 * that wait for a drain) the caller corrects by asking for a little more or less.
 */
#ifndef BENCH_CALIBRATE_H
#define BENCH_CALIBRATE_H

#include <stdint.h>

struct geometry {
    uint64_t size;  /* bytes of the region */
    uint32_t value; /* bytes of every value */
};

/* The geometry whose live items come nearest to TARGET, 1000 .. 10^7. Takes up to
 * a hundred fills of TARGET items. Deterministic. */
struct geometry
calibrate(double target);

#endif
