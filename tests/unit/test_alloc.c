#include "base/alloc.h"
#include "harness.h"

static void
test_zeroed_and_aligned(void)
{
    for (size_t size = 1; size < 5000; size = size * 3 + 1) {
        unsigned char *p = pn_alloc(size);
        if (!CHECK(p != NULL)) {
            return;
        }
        CHECK_EQ((uintptr_t)p % 64, 0);
        for (size_t i = 0; i < size; i++) {
            CHECK_EQ(p[i], 0);
        }
        memset(p, 0xff, size);
        pn_free(p);
    }
    pn_free(NULL);
}

/* AddressSanitizer would rather end the program than answer NULL. */
__attribute__((visibility("default"))) const char *
__asan_default_options(void);

const char *
__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void
test_none_left(void)
{
    CHECK(pn_alloc((size_t)1 << 62) == NULL);
}

int
main(void)
{
    RUN(test_zeroed_and_aligned);
    RUN(test_none_left);
    return harness_done();
}
