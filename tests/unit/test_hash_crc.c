#include "place/hash.h"

#include "place.h"

static void
test_vectors(void)
{
    static const struct {
        uint32_t crc32, crc15, wide;
    } rows[8] = {
        {2356372769u, 3187, 205303702u},
        {1996459178u, 30463, 1276220357u},
        {2074460802u, 31653, 3580783130u},
        {1141235401u, 17413, 3190012356u},
        {0, 0, 0},
        {3350711756u, 18359, 567225029u},
        {3378219557u, 18779, 984769822u},
        {3594037720u, 22072, 2095620793u},
    };
    for (unsigned i = 0; i < 8; i++) {
        size_t len = strlen(keys[i]);
        CHECK_EQ(pn_crc32(keys[i], len), rows[i].crc32);
        CHECK_EQ(pn_crc32_15(keys[i], len), rows[i].crc15);
        CHECK_EQ(pn_crc16_wide(keys[i], len), rows[i].wide);
    }
}

/* The check values of the two polynomials. */
static void
test_check_values(void)
{
    CHECK_EQ(pn_crc32("123456789", 9), 0xcbf43926u);
    CHECK_EQ(pn_crc16("123456789", 9), 0x31c3);
}

int
main(void)
{
    RUN(test_vectors);
    RUN(test_check_values);
    return harness_done();
}
