#include "fixture.h"

#include "store/lock.h"
#include "store/segment.h"
#include "store/walk.h"

enum { KEYS = 300 };

/* The open segment of shard 0 after KEYS puts, a third of them deleted again. */
static uint32_t
fill(struct pn_store *store, unsigned *live)
{
    uint32_t id = UINT32_MAX;
    *live = 0;
    for (uint64_t k = 0; k < KEYS; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, 8, PN_NO_TTL), PN_OK);
    }
    for (uint64_t k = 0; k < KEYS; k++) {
        struct pn_probe pb;
        struct pn_found found;
        pn_probe_init(store, &k, sizeof k, &pb);
        if (!CHECK(pn_index_find(store, &pb, &found)) || pb.shard != 0) {
            continue;
        }
        id = found.seg;
        if (k % 3 == 0) {
            CHECK_EQ(pn_store_delete(store, 1000, &k, sizeof k), PN_OK);
        } else {
            ++*live;
        }
    }
    return id;
}

/* Every item in the order of its writing, in slices of any size; the live ones are
 * found by what was met. */
static void
test_all_in_order(void)
{
    for (unsigned slice = 1; slice <= PN_WALK_GROUP; slice += 5) {
        struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
        unsigned live, met_live = 0, n;
        uint32_t id = fill(store, &live);
        uint64_t last = 0;
        bool is_broken = false;
        struct pn_met met[PN_WALK_GROUP];
        pn_seg_at(store, id)->walk_off = 0;
        while ((n = pn_walk(store, id, met, slice, &is_broken)) > 0) {
            CHECK(n <= slice);
            for (unsigned i = 0; i < n; i++) {
                struct pn_found found;
                CHECK(met[i].off > last);
                last = met[i].off;
                met_live += pn_met_find(store, &met[i], id, &found);
            }
        }
        CHECK(!is_broken);
        CHECK_EQ(met_live, live);
        const struct pn_seg *seg = pn_seg_at(store, id);
        CHECK_EQ(seg->walk_off, seg->write_off);
        pn_seg_at(store, id)->walk_off = 0;
        fixture_close(store, 1000);
    }
}

/* Lengths that cannot be right end the walk, and say so. */
static void
test_broken(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    unsigned live, n = 0, slice;
    uint32_t id = fill(store, &live);
    struct pn_seg *seg = pn_seg_at(store, id);
    struct pn_met met[PN_WALK_GROUP];
    bool is_broken = false;
    seg->walk_off = 0;
    CHECK_EQ(pn_walk(store, id, met, 5, &is_broken), 5);
    memset(store->base + met[3].off, 0xff, 4); /* longer than all the segment */
    seg->walk_off = 0;
    do {
        slice = pn_walk(store, id, met, PN_WALK_GROUP, &is_broken);
        n += slice;
    } while (slice > 0 && !is_broken);
    CHECK(is_broken);
    CHECK_EQ(n, 3);
    seg->walk_off = seg->write_off + 400; /* beyond what is written: nothing there */
    is_broken = false;
    CHECK_EQ(pn_walk(store, id, met, PN_WALK_GROUP, &is_broken), 0);
    pn_store_close(store);
}

int
main(void)
{
    RUN(test_all_in_order);
    RUN(test_broken);
    return harness_done();
}
