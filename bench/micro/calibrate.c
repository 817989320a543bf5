#include "calibrate.h"

#include <math.h>

#include "fixture.h"

enum { VALUE_MIN = 64, PAGE = 4096, LENGTHS = 8, STEPS = 12, SAMPLES = 64 };

/* Good enough: one item in a thousand. */
static const double tolerance = 0.001;

/* What a region spends on an item beside key and value, roughly; only where the search
 * begins depends on it. */
static const double overhead = 24;

/* Mean number of live items of a full store of this geometry, without any reads. */
static double
fill_live(struct geometry geometry, double target)
{
    struct pn_store *store = fixture_open(geometry.size, KEY_SIZE + geometry.value);
    uint64_t step = (uint64_t)target / SAMPLES + 1;
    uint64_t next = 0;
    double sum = 0;
    unsigned n = 0;

    for (unsigned sample = 0; sample < 4 * SAMPLES; sample++) {
        for (uint64_t i = 0; i < step; i++) {
            fixture_put(store, next++, geometry.value, PN_NO_TTL);
        }
        if (sample >= 2 * SAMPLES) {
            sum += (double)fixture_stats(store).items;
            n++;
        }
    }
    pn_store_close(store);
    return sum / n;
}

/* The best size for GEOMETRY->value; returns its distance from TARGET, relative. */
static double
bisect_size(struct geometry *geometry, double target)
{
    uint64_t low = PN_STORE_SIZE_MIN / PAGE;
    uint64_t high = (uint64_t)(target * (geometry->value + KEY_SIZE + 2 * overhead)) *
                        3 / 2 / PAGE +
                    low;
    double best = INFINITY;

    for (unsigned step = 0; step < STEPS && best > tolerance && low < high; step++) {
        uint64_t middle = low + (high - low) / 2;
        struct geometry trial = {middle * PAGE, geometry->value};
        double live = fill_live(trial, target);
        double distance = fabs(live / target - 1);

        if (distance < best) {
            best = distance;
            geometry->size = trial.size;
        }
        if (live < target) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return best;
}

struct geometry
calibrate(double target)
{
    double room = 1.05 * (double)PN_STORE_SIZE_MIN / target - KEY_SIZE - overhead;
    uint32_t value = room > VALUE_MIN ? (uint32_t)room : VALUE_MIN;
    struct geometry best = {0};
    double best_distance = INFINITY;

    for (unsigned i = 0; i < LENGTHS && best_distance > tolerance; i++) {
        struct geometry trial = {0, value + value * i / 50 / 4 * 4 + 4 * i};
        double distance = bisect_size(&trial, target);

        if (distance < best_distance) {
            best_distance = distance;
            best = trial;
        }
    }
    return best;
}
