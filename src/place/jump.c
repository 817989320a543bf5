#include "place/jump.h"

#include "place/kind.h"

/* "A Fast, Minimal Memory, Consistent Hash Algorithm": the chain of bucket counts at
 * which the key changes its bucket, drawn from a generator that the key seeds. */
uint32_t
pn_jump(uint64_t key, uint32_t n)
{
    int64_t bucket = -1, next = 0;
    while (next < (int64_t)n) {
        bucket = next;
        key = key * 2862933555777941757ull + 1;
        double step = 2147483648.0 / (double)((key >> 33) + 1);
        next = (int64_t)((double)(bucket + 1) * step);
    }
    return (uint32_t)bucket;
}

static int
build(struct pn_place *place, const struct pn_place_opts *opts, struct pn_why *why)
{
    (void)place, (void)opts, (void)why;
    return PN_OK;
}

static uint32_t
owner(const struct pn_place *place, const void *key, size_t len)
{
    return pn_jump(pn_xxh3(key, len, place->seed), place->n);
}

static void
share(const struct pn_place *place, double *out)
{
    for (uint32_t i = 0; i < place->n; i++) {
        out[i] = 1.0 / place->n;
    }
}

const struct place_kind place_jump_kind = {
    .size = sizeof(struct pn_place),
    .build = build,
    .owner = owner,
    .share = share,
};
