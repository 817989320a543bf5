/*
 * model_store - random operations, the store beside a plain table (T13)
 *
 *     model_store [STEPS] [SEED]
 *
 * One run per geometry: each size of region with a small and a large item hint,
 * with and without stable tokens, nearly empty (no live key may be missed) and
 * overfull (what is missed must have been evicted). Prints its seed; the exit
 * code is 1 when anything differed.
 */
#include "../support/rng.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t
draw_rng(void *ctx, uint32_t n)
{
    return rng_below(ctx, n);
}

struct setting {
    uint64_t size;
    uint32_t item, flags;
    bool is_strict;
};

/* Returns the number of failures. */
static unsigned
run(const struct setting *setting, unsigned long steps, uint64_t seed, int number)
{
    static const uint8_t hash_seed[16] = {1, 2, 3}; /* the run repeats exactly */
    struct pn_store_opts opts = {.size = setting->size,
                                 .item = setting->item,
                                 .flags = setting->flags,
                                 .seed = hash_seed};
    struct pn_store *store;
    struct pn_why why;
    if (pn_store_open_private(&opts, &store, &why) < 0) {
        printf("not ok %d - open: %s\n", number, why.text);
        return 1;
    }
    struct rng rng = {.state = seed};
    struct session *s = session_new(store, (struct draw){draw_rng, &rng},
                                    setting->is_strict, setting->flags);
    if (s == NULL) {
        printf("not ok %d - out of memory\n", number);
        pn_store_close(store);
        return 1;
    }
    for (unsigned long i = 1; i <= steps && s->failures < 50; i++) {
        session_step(s);
        if (i % 2000 == 0 || i == steps) {
            session_audit(s);
        }
    }
    unsigned failures = s->failures;
    printf("%s %d - %" PRIu64 " KiB, item %" PRIu32 ", flags %" PRIu32
           ", %s: %lu steps, %" PRIu64 " puts, %" PRIu64 " hits, %" PRIu64
           " lost, %" PRIu64 " checks\n",
           failures == 0 ? "ok" : "not ok", number, setting->size >> 10, setting->item,
           setting->flags, setting->is_strict ? "roomy" : "full", s->step, s->puts,
           s->hits, s->lost, s->checks);
    fflush(stdout);
    session_free(s);
    pn_store_close(store);
    return failures;
}

int
main(int argc, char **argv)
{
    static const struct setting settings[] = {
        {4u << 20, 128, 0, true},   {4u << 20, 128, PN_STORE_STABLE_CAS, false},
        {4u << 20, 16, 0, false},   {5u << 20, 4096, PN_STORE_STABLE_CAS, true},
        {6u << 20, 1000, 0, false}, {8u << 20, 128, PN_STORE_STABLE_CAS, true},
        {16u << 20, 64, 0, true},   {33u << 20, 256, PN_STORE_STABLE_CAS, false},
        {64u << 20, 0, 0, true},
    };
    enum { SETTINGS = sizeof settings / sizeof settings[0] };
    unsigned long steps = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20261123;
    unsigned failures = 0;
    printf("# model_store %lu %" PRIu64 "\n1..%d\n", steps, seed, SETTINGS);
    for (int i = 0; i < SETTINGS; i++) {
        failures += run(&settings[i], steps, seed + (uint64_t)i, i + 1);
    }
    return failures == 0 ? 0 : 1;
}
