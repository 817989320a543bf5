#include "../support/rng.h"
#include "harness.h"
#include "pinyon/store.h"
#include "store/geometry.h"
#include "store/layout.h"

/* What every geometry must be, whatever the size: nothing overlaps, nothing leaves
 * the region, and a slot can reach all of it. */
static void
check_one(uint64_t size, uint32_t item)
{
    struct pn_geometry g;
    if (!CHECK_EQ(pn_geometry_init(&g, size, item), PN_OK)) {
        printf("# size %llu item %u\n", (unsigned long long)size, (unsigned)item);
        return;
    }
    bool ok = true;
    ok &= g.region_size <= size && size - g.region_size < PN_PAGE;
    ok &= (g.nshard & (g.nshard - 1)) == 0 && g.nshard > 0;
    ok &= (g.seg_size & (g.seg_size - 1)) == 0;
    ok &= (g.ncell & (g.ncell - 1)) == 0;
    ok &= g.nseg == g.nshard * g.seg_per_shard;
    ok &= g.seg_per_shard >= 16 && g.seg_per_shard <= PN_SEG_PER_SHARD_MAX;
    ok &= g.novf < UINT16_MAX && g.nbucket > 0;
    ok &= g.off_proc >= PN_PAGE;
    ok &= g.off_shard >= g.off_proc + PN_PROC_MAX * sizeof(struct pn_proc);
    ok &= g.off_lease >= g.off_shard + g.nshard * sizeof(struct pn_shard);
    ok &= g.off_cell >= g.off_lease + (uint64_t)g.nshard * PN_LEASE_PER_SHARD *
                                          sizeof(struct pn_lease_rec);
    ok &= g.off_seg_hdr >= g.off_cell + g.ncell * 4ull;
    ok &= g.off_index >= g.off_seg_hdr + (uint64_t)g.nseg * sizeof(struct pn_seg);
    ok &= g.off_ovf >= g.nbucket * sizeof(struct pn_bucket);
    ok &= g.off_ghost >= g.off_ovf + g.novf * sizeof(struct pn_overflow);
    ok &= g.index_stride >= g.off_ghost + g.nbucket * sizeof(struct pn_ghosts);
    ok &= g.off_seg >= g.off_index + g.index_stride * g.nshard;
    ok &= g.off_seg + (uint64_t)g.nseg * g.seg_size <= g.region_size;
    ok &= g.off_shard % 128 == 0 && g.off_index % 128 == 0 && g.off_seg % PN_PAGE == 0;
    ok &= g.off_lease % 8 == 0 && g.off_seg_hdr % 64 == 0 && g.index_stride % 128 == 0;
    ok &= g.region_size >> 2 <= PN_SLOT_OFF_MASK;
    ok &= g.large_max >= g.inline_max && g.large_max <= PN_VALUE_MAX;
    ok &= g.inline_max <= g.seg_size / 2;
    if (!CHECK(ok)) {
        printf("# size %llu item %u\n", (unsigned long long)size, (unsigned)item);
    }
}

static void
test_all_sizes(void)
{
    struct rng rng = {.state = 3};
    for (uint64_t size = PN_STORE_SIZE_MIN; size <= PN_STORE_SIZE_MAX; size *= 2) {
        for (uint32_t item = 8; item <= 1u << 20; item *= 4) {
            check_one(size, item);
            check_one(size - rng_next(&rng) % (size - PN_STORE_SIZE_MIN + 1), item);
        }
        check_one(size, 0);
    }
    check_one(PN_STORE_SIZE_MAX, 0);
}

static void
test_refusals(void)
{
    struct pn_geometry g;
    CHECK_EQ(pn_geometry_init(&g, PN_STORE_SIZE_MIN - 1, 0), PN_E_INVALID);
    CHECK_EQ(pn_geometry_init(&g, PN_STORE_SIZE_MAX + PN_PAGE, 0), PN_E_INVALID);
    CHECK_EQ(pn_geometry_init(&g, 0, 0), PN_E_INVALID);
    CHECK_EQ(pn_geometry_init(&g, UINT64_MAX, 0), PN_E_INVALID);
    CHECK_EQ(pn_geometry_init(&g, PN_STORE_SIZE_MIN, 7), PN_E_INVALID);
    CHECK_EQ(pn_geometry_init(&g, PN_STORE_SIZE_MIN, (1u << 20) + 1), PN_E_INVALID);
}

/* Most of a region is for items, whatever its size. */
static void
test_overhead(void)
{
    for (uint64_t size = PN_STORE_SIZE_MIN; size <= 64ull << 30; size *= 2) {
        struct pn_geometry g;
        CHECK_EQ(pn_geometry_init(&g, size, 128), PN_OK);
        CHECK((uint64_t)g.nseg * g.seg_size > size * 85 / 100);
    }
}

int
main(void)
{
    RUN(test_all_sizes);
    RUN(test_refusals);
    RUN(test_overhead);
    return harness_done();
}
