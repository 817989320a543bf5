#include "place/hash.h"

#include "place.h"

static void
test_64(void)
{
    static const uint64_t want[8] = {
        3728699739546630719ull, 5234164152756840025ull,  15692727345848811763ull,
        6709427766188742023ull, 17241709254077376921ull, 9278228920455835563ull,
        6241609220271238915ull, 15482089774887296164ull,
    };
    for (unsigned i = 0; i < 8; i++) {
        CHECK_EQ(pn_xxh64(keys[i], strlen(keys[i]), 0), want[i]);
    }
    CHECK_EQ(pn_xxh64("", 0, 0), 0xef46db3751d8e999ull);
    CHECK_EQ(pn_xxh64("a", 1, 0), 0xd24ec4f1a98c6e5bull);
}

/* The value that the xxHash library publishes for no bytes; seeds count. */
static void
test_3(void)
{
    CHECK_EQ(pn_xxh3("", 0, 0), 0x2d06800538d394c2ull);
    CHECK(pn_xxh3("foo", 3, 0) != pn_xxh3("foo", 3, 1));
}

int
main(void)
{
    RUN(test_64);
    RUN(test_3);
    return harness_done();
}
