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
    check_row("pn_oaat", pn_oaat,
              (const uint32_t[]){596015325u, 2151715081u, 2773942091u, 3277896960u, 0u,
                                 3053611164u, 2092675704u, 3708338151u});
    check_row("pn_jenkins", pn_jenkins,
              (const uint32_t[]){2583187353u, 2006320315u, 936206289u, 2485055202u,
                                 3735928572u, 2379559564u, 2139165380u, 228853518u});
}

/* As compiled on ARM, where a byte from 0x80 on is not negative. */
static void
test_arm(void)
{
    CHECK_EQ(pn_oaat_u(keys[5], strlen(keys[5])), 2187236678u);
    CHECK_EQ(pn_oaat_u("a", 1), pn_oaat("a", 1));
}

/* Around the ends of its blocks of twelve, as libmemcached 1.1.4 has it. */
static void
test_blocks(void)
{
    static const char text[] = "abcdefghijklmnopqrstuvwxyz";
    CHECK_EQ(pn_jenkins(text, 12), 4220209635u);
    CHECK_EQ(pn_jenkins(text, 13), 3055675487u);
    CHECK_EQ(pn_jenkins(text, 24), 192687062u);
    CHECK_EQ(pn_jenkins(text, 26), 718112419u);
}

int
main(void)
{
    RUN(test_blocks);
    RUN(test_vectors);
    RUN(test_arm);
    return harness_done();
}
