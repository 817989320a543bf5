#include "store/walk.h"

#include "base/bytes.h"

unsigned
pn_walk(struct pn_store *st, uint32_t id, struct pn_met *met, unsigned n,
        bool *is_broken)
{
    struct pn_seg *seg = pn_seg_at(st, id);
    uint64_t start = pn_seg_off(st, id);
    uint32_t end = (uint32_t)pn_min64(seg->write_off, st->geo.seg_size);
    unsigned count = 0;
    n = n < PN_WALK_GROUP ? n : PN_WALK_GROUP;
    *is_broken = seg->walk_off % 4 != 0 || seg->walk_off > end;
    while (count < n && !*is_broken && seg->walk_off < end) {
        struct pn_met *m = &met[count];
        m->off = start + seg->walk_off;
        if (!pn_item_parse(st->base + m->off, end - seg->walk_off, &m->view)) {
            *is_broken = true;
            break;
        }
        pn_probe_init(st, m->view.key, m->view.klen, &m->pb);
        if (m->pb.shard == id / st->geo.seg_per_shard) {
            pn_index_fetch(st, &m->pb);
            count++;
        }
        seg->walk_off += m->view.size;
    }
    return count;
}

bool
pn_met_find(struct pn_store *st, const struct pn_met *met, uint32_t id,
            struct pn_found *found)
{
    found->slot = pn_index_find_off(st, &met->pb, met->off);
    if (found->slot == NULL) {
        return false;
    }
    found->word = atomic_load_explicit(found->slot, memory_order_relaxed);
    found->seg = id;
    found->view = met->view;
    return true;
}
