#include "place/furc.h"

#include "place.h"

static void
test_vectors(void)
{
    static const struct {
        uint32_t n, index[8];
    } rows[] = {
        {2, {1, 0, 0, 0, 1, 1, 0, 1}},
        {3, {1, 0, 0, 2, 1, 1, 0, 1}},
        {5, {1, 0, 0, 2, 1, 4, 0, 4}},
        {10, {1, 0, 0, 5, 8, 4, 0, 5}},
        {100, {1, 46, 41, 73, 72, 14, 90, 54}},
        {1000, {478, 410, 471, 838, 72, 657, 156, 103}},
        {99999, {81741, 9633, 58118, 43041, 86003, 16932, 56247, 21524}},
        {8388608,
         {7448656, 2306786, 870740, 1571008, 6173600, 7903266, 7144563, 8388410}},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned k = 0; k < 8; k++) {
            CHECK_EQ(pn_furc(keys[k], strlen(keys[k]), rows[i].n), rows[i].index[k]);
        }
    }
}

/* From mcrouter's own tests. */
static void
test_published(void)
{
    unsigned char up[256], down[256];
    for (unsigned i = 0; i < 256; i++) {
        up[i] = (unsigned char)(i + 128);
        down[255 - i] = up[i];
    }
    CHECK_EQ(pn_furc("sample", 6, 100), 97);
    CHECK_EQ(pn_furc("sample", 6, 8388608), 5167780);
    CHECK_EQ(pn_furc(up, 256, 99999), 31015);
    CHECK_EQ(pn_furc(down, 256, 99999), 67101);
    CHECK_EQ(pn_furc("sample", 6, 1), 0);
}

static void
test_counts(void)
{
    static const unsigned want[10] = {995, 955,  1046, 968,  1032,
                                      972, 1016, 1038, 1010, 968};
    unsigned count[10] = {0};
    for (unsigned i = 0; i < 10000; i++) {
        char key[24];
        count[pn_furc(key, number_key(key, "", i), 10)]++;
    }
    for (unsigned i = 0; i < 10; i++) {
        CHECK_EQ(count[i], want[i]);
    }
}

int
main(void)
{
    RUN(test_vectors);
    RUN(test_published);
    RUN(test_counts);
    return harness_done();
}
