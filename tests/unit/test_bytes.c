#include "base/bytes.h"
#include "harness.h"

static void
test_numbers_at_any_address(void)
{
    unsigned char room[24];
    for (unsigned at = 0; at < 8; at++) {
        memset(room, 0xee, sizeof room);
        pn_store40(room + at, 0x0102030405u);
        CHECK_EQ(pn_load40(room + at), 0x0102030405);
        CHECK_EQ(room[at], 5);
        CHECK_EQ(room[at + 5], 0xee);
        pn_store32(room + at, 0xfffefdfcu);
        CHECK_EQ(pn_load32(room + at), 0xfffefdfc);
        CHECK_EQ(room[at], 0xfc);
        pn_store64(room + at, 0x8000000000000001u);
        CHECK(pn_load64(room + at) == 0x8000000000000001u);
        CHECK_EQ(room[at + 8], 0xee);
    }
}

static void
test_arithmetic(void)
{
    CHECK_EQ(pn_round_up(0, 4), 0);
    CHECK_EQ(pn_round_up(1, 4), 4);
    CHECK_EQ(pn_round_up(4096, 4096), 4096);
    CHECK_EQ(pn_pow2_floor(1), 1);
    CHECK_EQ(pn_pow2_floor(3), 2);
    CHECK_EQ(pn_pow2_floor(4), 4);
    CHECK(pn_pow2_floor(UINT64_MAX) == 1ull << 63);
    CHECK_EQ(pn_min64(3, 5), 3);
    CHECK_EQ(pn_max64(3, 5), 5);
}

int
main(void)
{
    RUN(test_numbers_at_any_address);
    RUN(test_arithmetic);
    return harness_done();
}
