#include "store/survey.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/index.h"
#include "store/large.h"
#include "store/segment.h"

void
pn_survey_error(struct pn_survey *sv, const char *format, ...)
{
    if (sv->errors++ == 0) {
        va_list args;
        va_start(args, format);
        vsnprintf(sv->first, sizeof sv->first, format, args);
        va_end(args);
    }
}

/* True when the bit was not set before. */
static bool
set_bit(uint64_t *words, uint32_t i)
{
    bool was = pn_bit(words, i);
    words[i / 64] |= 1ull << (i % 64);
    return !was;
}

static void
look_at_large(const struct pn_store *st, const struct pn_view *v, struct pn_survey *sv)
{
    uint32_t nparts = 0;
    if (pn_large_total(st, v->val, v->vlen, &nparts) == 0) {
        pn_survey_error(sv, "a large item's descriptor is damaged");
        return;
    }
    for (uint32_t i = 0; i < nparts; i++) {
        struct pn_part part;
        if (!pn_large_part(st, v->val, i, &part)) {
            pn_survey_error(sv, "a large item names segment %u", part.seg);
            return;
        }
        const struct pn_seg *seg = pn_seg_at(st, part.seg);
        if (pn_seg_state(seg) != PN_SEG_LARGE ||
            atomic_load_explicit(&seg->gen, memory_order_acquire) != part.gen) {
            pn_survey_error(sv, "part %u of a large item is not its own", i);
            return;
        }
        if (!set_bit(sv->part_seen, part.seg)) {
            pn_survey_error(sv, "segment %u belongs to two large items", part.seg);
            return;
        }
    }
    sv->large++;
}

/* Another slot of the chain, before this one, holds the same key. */
static bool
is_twice(const struct pn_store *st, const struct pn_probe *pb,
         const _Atomic uint64_t *slot)
{
    struct pn_found found;
    return pn_index_find(st, pb, &found) && found.slot != slot;
}

static void
look_at_slot(const struct pn_store *st, const struct pn_probe *at,
             const _Atomic uint64_t *slot, struct pn_survey *sv)
{
    uint64_t w = atomic_load_explicit(slot, memory_order_relaxed);
    if (w == 0) {
        return;
    }
    struct pn_view v;
    uint32_t id;
    if (!pn_index_view(st, w, &v, &id) || id / st->geo.seg_per_shard != at->shard) {
        pn_survey_error(sv, "a slot of bucket %u points outside its shard", at->bucket);
        return;
    }
    const struct pn_seg *seg = pn_seg_at(st, id);
    uint32_t state = pn_seg_state(seg);
    uint64_t end = pn_slot_off(w) - pn_seg_off(st, id) + v.size;
    if ((state != PN_SEG_OPEN && state != PN_SEG_SEALED && state != PN_SEG_DRAINING) ||
        end > seg->write_off) {
        pn_survey_error(sv, "an item ends at %llu of segment %u (state %u, %u written)",
                        (unsigned long long)end, id, state, seg->write_off);
        return;
    }
    struct pn_probe pb;
    pn_probe_init(st, v.key, v.klen, &pb);
    if (pb.shard != at->shard || pb.bucket != at->bucket || pb.tag != pn_slot_tag(w)) {
        pn_survey_error(sv, "an item stands in bucket %u and belongs elsewhere",
                        at->bucket);
        return;
    }
    if (is_twice(st, &pb, slot)) {
        pn_survey_error(sv, "a key has two slots in bucket %u", at->bucket);
        return;
    }
    if (pn_slot_is_large(w)) {
        look_at_large(st, &v, sv);
    }
    uint32_t local = id - pn_shard_first_seg(st, at->shard);
    sv->live_items[local]++;
    sv->live_bytes[local] += v.size;
    sv->items++;
    sv->bytes += v.size;
}

static void
look_at_chain(const struct pn_store *st, const struct pn_probe *at,
              struct pn_survey *sv)
{
    struct pn_run run = pn_run_first(st, at);
    for (;;) {
        for (unsigned i = 0; i < run.n; i++) {
            look_at_slot(st, at, &run.slot[i], sv);
        }
        uint32_t next = atomic_load_explicit(run.next, memory_order_relaxed);
        if (next == 0) {
            return;
        }
        if (!pn_run_next(st, at, &run)) {
            pn_survey_error(sv, "the chain of bucket %u is damaged", at->bucket);
            return;
        }
        const struct pn_overflow *o = pn_overflow_at(st, at->shard, next - 1);
        if (!set_bit(sv->ovf_seen, next - 1) ||
            atomic_load_explicit(&o->home, memory_order_relaxed) != at->bucket + 1) {
            pn_survey_error(sv, "overflow bucket %u is in a foreign chain", next - 1);
            return;
        }
        sv->ovf_used++;
    }
}

bool
pn_survey_shard(const struct pn_store *st, uint32_t shard, struct pn_survey *sv)
{
    memset(sv, 0, sizeof *sv);
    struct pn_probe at = {.shard = shard};
    for (at.bucket = 0; at.bucket < st->geo.nbucket; at.bucket++) {
        look_at_chain(st, &at, sv);
    }
    return sv->errors == 0;
}
