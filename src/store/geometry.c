#include "store/geometry.h"

#include "base/bytes.h"
#include "pinyon/store.h"
#include "store/layout.h"

/* Shards keep writers apart; too many of them in a small region leave each with
 * so few segments that the open ones are a visible share of it. */
static uint32_t
shards_for(uint64_t size)
{
    static const struct {
        uint64_t below;
        uint32_t nshard;
    } steps[] = {
        {8ull << 20, 2},    {32ull << 20, 4}, {128ull << 20, 8},
        {512ull << 20, 16}, {4ull << 30, 32},
    };
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (size < steps[i].below) {
            return steps[i].nshard;
        }
    }
    return 64;
}

/* About 200 to 400 segments a shard: enough that one of them (the unit of
 * eviction and of waste) is a small share, few enough to scan their headers. */
static uint32_t
segment_size_for(uint64_t per_shard)
{
    uint64_t size = pn_pow2_floor(pn_max64(per_shard / 192, 1));
    return (uint32_t)pn_min64(pn_max64(size, PN_SEG_MIN), 16u << 20);
}

/* Buckets for the items a shard will hold at a load of 0.87: 15 slots a bucket.
 * Reserve and open segments take their share, so a full store is at about 0.82, where
 * 4 % of the items stand in overflow buckets and 18 % of the buckets have one. */
static void
size_index(struct pn_geometry *geo, uint64_t per_shard)
{
    enum { HEADER = 7, INDEX = 14 }; /* bytes an item, padding and ghosts included */
    uint64_t items = per_shard / (geo->item_hint + HEADER + INDEX);
    uint64_t nbucket = pn_max64(items * 100 / (PN_BUCKET_SLOTS * 87), 8);
    geo->nbucket = (uint32_t)nbucket;
    geo->novf = (uint32_t)pn_min64(nbucket * 22 / 100 + 8, UINT16_MAX - 1);
    geo->off_ovf = nbucket * sizeof(struct pn_bucket);
    geo->off_ghost = geo->off_ovf + (uint64_t)geo->novf * sizeof(struct pn_overflow);
    geo->index_stride = pn_round_up(geo->off_ghost + nbucket * sizeof(struct pn_ghosts),
                                    128);
}

/* A value is at most half of each shard's segments, and its descriptor (8 bytes a part
 * and 8 more) an ordinary item. */
static uint64_t
large_max(const struct pn_geometry *geo)
{
    uint64_t parts = (uint64_t)geo->nshard * (geo->seg_per_shard / 2);
    parts = pn_min64(parts, (geo->inline_max - 512) / 8);
    return pn_min64(parts * geo->seg_size, PN_VALUE_MAX);
}

int
pn_geometry_init(struct pn_geometry *geo, uint64_t size, uint32_t item)
{
    size &= ~(uint64_t)(PN_PAGE - 1);
    item = item == 0 ? PN_ITEM_HINT_DEFAULT : item;
    if (size < PN_STORE_SIZE_MIN || size > PN_STORE_SIZE_MAX || item < 8 ||
        item > (1u << 20)) {
        return PN_E_INVALID;
    }
    *geo = (struct pn_geometry){.region_size = size, .item_hint = item};
    geo->nshard = shards_for(size);
    geo->seg_size = segment_size_for(size / geo->nshard);
    geo->inline_max = geo->seg_size / 2;
    geo->ncell = (uint32_t)pn_min64(pn_max64(pn_pow2_floor(size / PN_PAGE), 1024),
                                    1u << 20);
    size_index(geo, size / geo->nshard);

    geo->off_proc = PN_PAGE;
    geo->off_shard = geo->off_proc + PN_PROC_MAX * sizeof(struct pn_proc);
    geo->off_lease = geo->off_shard + geo->nshard * sizeof(struct pn_shard);
    geo->off_cell = geo->off_lease + (uint64_t)geo->nshard * PN_LEASE_PER_SHARD *
                                         sizeof(struct pn_lease_rec);
    geo->off_seg_hdr = pn_round_up(geo->off_cell + geo->ncell * 4ull, 64);

    /* What is left is segments, whose headers stand before the index. */
    uint64_t fixed = geo->off_seg_hdr + geo->index_stride * geo->nshard + 2 * PN_PAGE;
    uint64_t each = geo->seg_size + sizeof(struct pn_seg);
    geo->seg_per_shard = (uint32_t)pn_min64((size - fixed) / geo->nshard / each,
                                            PN_SEG_PER_SHARD_MAX);
    geo->nseg = geo->seg_per_shard * geo->nshard;
    geo->nclass = geo->seg_per_shard >= 128 ? PN_TTL_CLASSES : 3;
    geo->off_index = pn_round_up(geo->off_seg_hdr + geo->nseg * sizeof(struct pn_seg),
                                 128);
    geo->off_seg = pn_round_up(geo->off_index + geo->index_stride * geo->nshard,
                               PN_PAGE);
    geo->large_max = large_max(geo);
    return PN_OK;
}
