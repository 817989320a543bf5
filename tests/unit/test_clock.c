#include "base/clock.h"
#include "harness.h"

static void
test_monotonic(void)
{
    uint64_t last = pn_clock_mono_ns();
    for (int i = 0; i < 10000; i++) {
        uint64_t now = pn_clock_mono_ns();
        CHECK(now >= last);
        last = now;
    }
}

static void
test_unix(void)
{
    CHECK(pn_clock_unix_ms() > 1700000000000u); /* after November 2023 ... */
    CHECK(pn_clock_unix_ms() < 4102444800000u); /* ... and before 2100: milliseconds */
}

int
main(void)
{
    RUN(test_monotonic);
    RUN(test_unix);
    return harness_done();
}
