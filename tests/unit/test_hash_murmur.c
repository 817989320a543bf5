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
    check_row("pn_murmur2", pn_murmur2,
              (const uint32_t[]){3303027599u, 516654467u, 3587224931u, 818895068u, 0u,
                                 2556074035u, 2745006090u, 3270146476u});
    check_row("pn_murmur3", pn_murmur3,
              (const uint32_t[]){2784297138u, 148727849u, 3313101634u, 2264802418u, 0u,
                                 2537265040u, 1837095680u, 1590107264u});
}

static void
test_64a(void)
{
    static const uint64_t want[8] = {
        0x649c5afd3a8f4a03ull, 0xcc58c3050c7a5261ull, 0xedf62a9d9615c241ull,
        0x5606a3723829b48cull, 0x4d408de62dee109aull, 0x591cec1d1884d51bull,
        0x3aa5d5fe17e3c1e0ull, 0x200751067bb6f0cbull,
    };
    for (unsigned i = 0; i < 8; i++) {
        CHECK_EQ(pn_murmur64a(keys[i], strlen(keys[i]), 4193360111u), want[i]);
    }
}

/* Cut anywhere into three, the pieces hash as the whole. */
static void
test_pieces(void)
{
    const char *text = keys[6];
    size_t len = strlen(text);
    for (size_t a = 0; a <= len; a++) {
        for (size_t b = a; b <= len; b++) {
            struct pn_murmur3_run run = pn_murmur3_begin(0xdeadbeefu * (uint32_t)len);
            pn_murmur3_add(&run, text, a);
            pn_murmur3_add(&run, text + a, b - a);
            pn_murmur3_add(&run, text + b, len - b);
            CHECK_EQ(pn_murmur3_end(&run), pn_murmur3(text, len));
        }
    }
}

int
main(void)
{
    RUN(test_vectors);
    RUN(test_64a);
    RUN(test_pieces);
    return harness_done();
}
