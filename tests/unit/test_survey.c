/* The checker sees what is wrong: each invariant is broken by hand, in a store that
 * is in order, and must be reported; and recovery then makes it right. */
#include "fixture.h"

#include "store/handle.h"
#include "store/index.h"
#include "store/lock.h"
#include "store/recover.h"

enum { KEYS = 2000, LARGE = 777 };

static struct pn_store *
open_filled(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    for (uint64_t k = 0; k < KEYS; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, 50 + k % 200, PN_NO_TTL), PN_OK);
    }
    CHECK_EQ(fixture_put(store, 1000, LARGE, 2, 60000, PN_NO_TTL), PN_OK);
    return store;
}

static int
check(struct pn_store *store)
{
    struct pn_store_report report = {0};
    int rc = pn_store_check(store, 1000, &report);
    CHECK_EQ(rc == PN_OK, report.errors == 0);
    CHECK_EQ(rc == PN_OK, report.first[0] == '\0');
    return rc;
}

static bool
find(struct pn_store *store, uint64_t *k, struct pn_probe *pb, struct pn_found *found)
{
    pn_probe_init(store, k, sizeof *k, pb);
    return CHECK(pn_index_find(store, pb, found));
}

/* Breaks one thing; the number says which. False when there is no such number. */
static bool
sabotage(struct pn_store *store, int what)
{
    uint64_t k = 5, large = LARGE;
    struct pn_probe pb, lpb;
    struct pn_found f, lf;
    find(store, &k, &pb, &f);
    find(store, &large, &lpb, &lf);
    struct pn_shard *sh = pn_shard_at(store, pb.shard);
    struct pn_seg *seg = pn_seg_at(store, f.seg);
    struct pn_bucket *b = pn_bucket_at(store, pb.shard, pb.bucket);
    uint32_t part;
    switch (what) {
    case 0: /* points into a segment that is free */
        seg->state = PN_SEG_FREE;
        break;
    case 1: /* points behind what is written */
        seg->write_off = 8;
        break;
    case 2: /* points outside the segments */
        *f.slot = pn_slot_make(pb.tag, 0, 0, 0, 4096);
        break;
    case 3: /* another tag than the key's */
        *f.slot = f.word ^ 1ull << 50;
        break;
    case 4: /* the key has two slots */
        *pn_index_vacant(store, &pb) = f.word;
        break;
    case 5: /* a chain leads nowhere */
        b->next = (uint16_t)(store->geo.novf + 1);
        break;
    case 6: /* into an overflow bucket that is another's */
        pn_overflow_at(store, pb.shard, 0)->home = pb.bucket + 2;
        b->next = 1;
        break;
    case 7:
        seg->live_items++;
        break;
    case 8:
        seg->live_bytes += 4;
        break;
    case 9:
        sh->nfree++;
        break;
    case 10:
        sh->items--;
        break;
    case 11:
        sh->bytes++;
        break;
    case 12:
        sh->ovf_used++;
        break;
    case 13: /* a part of a large value was given away */
        memcpy(&part, lf.view.val + 8, sizeof part);
        pn_seg_at(store, part)->gen++;
        break;
    case 14:
        memcpy(&part, lf.view.val + 8, sizeof part);
        pn_seg_at(store, part)->state = PN_SEG_FREE;
        break;
    case 15: /* the key of an item, which now belongs elsewhere */
        *(char *)(uintptr_t)f.view.key ^= 1;
        break;
    case 16:
        seg->state = 99;
        break;
    default:
        return false;
    }
    return true;
}

static void
test_sees_and_repairs(void)
{
    for (int what = 0;; what++) {
        struct pn_store *store = open_filled();
        CHECK_EQ(check(store), PN_OK);
        if (!sabotage(store, what)) {
            pn_store_close(store);
            return;
        }
        if (!CHECK_EQ(check(store), PN_E_DAMAGED)) {
            printf("# damage %d was not seen\n", what);
        }
        for (uint32_t s = 0; s < store->geo.nshard; s++) {
            CHECK_EQ(pn_lock(store, s, 0), PN_OK);
            pn_recover_shard(store, s);
            pn_unlock(store, s);
        }
        struct pn_store_report report = {0};
        if (!CHECK_EQ(pn_store_check(store, 1000, &report), PN_OK)) {
            printf("# after damage %d: %s\n", what, report.first);
        }
        for (uint64_t k = 0; k < KEYS; k++) { /* never a wrong one */
            size_t vlen = k == LARGE ? 60000 : 50 + k % 200;
            CHECK(fixture_has(store, 1000, k, k == LARGE ? 2 : 1, vlen) >= 0);
        }
        CHECK_EQ(fixture_put(store, 1000, 5, 3, 100, PN_NO_TTL), PN_OK);
        CHECK_EQ(fixture_has(store, 1000, 5, 3, 100), 1);
        pn_store_close(store);
    }
}

int
main(void)
{
    RUN(test_sees_and_repairs);
    return harness_done();
}
