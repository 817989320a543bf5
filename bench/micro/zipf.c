#include "zipf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rng.h"

/* cumulative[r] = P(rank <= r). */
static void
fill_cumulative(double *cumulative, uint32_t population, double skew)
{
    double sum = 0;

    for (uint32_t r = 0; r < population; r++) {
        sum += pow((double)r + 1, -skew);
        cumulative[r] = sum;
    }
    for (uint32_t r = 0; r < population; r++) {
        cumulative[r] /= sum;
    }
}

/* The first rank whose cumulative probability is above U. A binary search of 18 steps;
 * an alias table would be faster, and a page longer for a one-off of half a second. */
static uint32_t
rank_of(const double *cumulative, uint32_t population, double u)
{
    uint32_t low = 0;
    uint32_t high = population - 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (cumulative[middle] > u) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

int
zipf_trace(double skew, uint32_t population, uint32_t n, uint64_t seed,
           struct trace *out)
{
    int rc = -1;
    double *cumulative = NULL;
    uint32_t *dense = NULL; /* rank -> id + 1, 0 = not drawn yet */
    uint32_t *id = NULL;
    uint32_t distinct = 0;

    if (population == 0 || population > TRACE_REQUESTS_MAX || n == 0 ||
        n > TRACE_REQUESTS_MAX) {
        return -1;
    }
    cumulative = malloc(population * sizeof *cumulative);
    dense = calloc(population, sizeof *dense);
    id = malloc(n * sizeof *id);
    if (cumulative == NULL || dense == NULL || id == NULL) {
        goto out;
    }
    fill_cumulative(cumulative, population, skew);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t rank = rank_of(cumulative, population, rng_unit(&seed));

        if (dense[rank] == 0) {
            dense[rank] = ++distinct;
        }
        id[i] = dense[rank] - 1;
    }
    *out = (struct trace){.n = n, .distinct = distinct, .id = id};
    id = NULL;
    rc = 0;
out:
    free(cumulative);
    free(dense);
    free(id);
    return rc;
}
