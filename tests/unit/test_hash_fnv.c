#include "place/hash.h"

#include "place.h"

static void
check_row(const char *name, pn_hash32_fn hash, const uint32_t want[8])
{
    for (unsigned i = 0; i < 8; i++) {
        if (!CHECK_EQ(hash(keys[i], strlen(keys[i])), want[i])) {
            printf("# %s of key %u\n", name, i);
        }
    }
}

static void
test_vectors(void)
{
    check_row("pn_fnv1_64", pn_fnv1_64,
              (const uint32_t[]){1805727027u, 1806514304u, 3376212627u, 912593517u,
                                 2216829733u, 1256795077u, 734096573u, 4099999747u});
    check_row("pn_fnv1a_64", pn_fnv1a_64,
              (const uint32_t[]){4275688823u, 322520602u, 1963465963u, 2066161017u,
                                 2216829733u, 3987817617u, 1558597677u, 344162767u});
    check_row("pn_fnv1_32", pn_fnv1_32,
              (const uint32_t[]){1083137555u, 513390112u, 13403571u, 2846109069u,
                                 2166136261u, 195842117u, 3939317213u, 2047512835u});
    check_row("pn_fnv1a_32", pn_fnv1a_32,
              (const uint32_t[]){2851307223u, 1991736602u, 1830439627u, 611582553u,
                                 2166136261u, 4164387409u, 3951279181u, 2763192655u});
}

/* As compiled on ARM, where a byte from 0x80 on is not negative. */
static void
test_arm(void)
{
    CHECK_EQ(pn_fnv1_64_u(keys[5], strlen(keys[5])), 2318700997u);
    CHECK_EQ(pn_fnv1_64_u("a", 1), pn_fnv1_64("a", 1));
    CHECK_EQ(pn_fnv1a_64_u(keys[5], strlen(keys[5])), 2798898833u);
    CHECK_EQ(pn_fnv1a_64_u("a", 1), pn_fnv1a_64("a", 1));
    CHECK_EQ(pn_fnv1_32_u(keys[5], strlen(keys[5])), 84073541u);
    CHECK_EQ(pn_fnv1_32_u("a", 1), pn_fnv1_32("a", 1));
    CHECK_EQ(pn_fnv1a_32_u(keys[5], strlen(keys[5])), 2670128721u);
    CHECK_EQ(pn_fnv1a_32_u("a", 1), pn_fnv1a_32("a", 1));
}

int
main(void)
{
    RUN(test_vectors);
    RUN(test_arm);
    return harness_done();
}
