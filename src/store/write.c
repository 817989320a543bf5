#include "store/write.h"

#include <string.h>

#include "base/bytes.h"
#include "store/crash.h"
#include "store/evict.h"
#include "store/lease.h"
#include "store/lock.h"

#define EXP_MAX ((1ull << 40) - 1) /* 34.8 years */

/* A write in progress: the lock is held. */
struct pen {
    struct pn_store *st;
    const struct pn_probe *pb;
    struct pn_shard *sh;
    struct pn_when when;
    bool is_there; /* `found` is the key's slot; its item may be dead */
    bool is_live;  /* and it is not dead */
    struct pn_found found;
};

static int
begin(struct pn_store *st, const struct pn_probe *pb, uint64_t now_ms, struct pen *pen)
{
    int rc = pn_lock(st, pb->shard, st->write_wait_ms);
    if (rc != PN_OK) {
        pn_count(&st->self->skipped);
        return rc;
    }
    PN_CRASH_POINT(PN_CP_LOCKED);
    pen->st = st;
    pen->pb = pb;
    pen->sh = pn_shard_at(st, pb->shard);
    pen->when.now_ms = now_ms;
    return PN_OK;
}

static void
find(struct pen *pen)
{
    pen->when = pn_when(pen->st, pen->when.now_ms);
    pen->is_there = pn_index_find(pen->st, pen->pb, &pen->found);
    pen->is_live = pen->is_there && !pn_item_is_dead(pen->st, &pen->found.view,
                                                     pen->found.seg, &pen->when);
}

static void
end(struct pen *pen)
{
    pn_unlock(pen->st, pen->pb->shard);
}

static uint64_t
expiry(uint64_t now_ms, uint64_t ttl_ms)
{
    if (ttl_ms == PN_NO_TTL || now_ms >= EXP_MAX || ttl_ms > EXP_MAX - now_ms) {
        return PN_NO_TTL;
    }
    return now_ms + ttl_ms;
}

/* The slot for a new key: a vacant one, or that of the chain's coldest item. */
static _Atomic uint64_t *
slot_for_new(struct pen *pen)
{
    _Atomic uint64_t *slot = pn_index_vacant(pen->st, pen->pb);
    if (slot != NULL) {
        return slot;
    }
    struct pn_found cold = {.slot = pn_index_coldest(pen->st, pen->pb)};
    if (cold.slot == NULL) {
        return NULL;
    }
    cold.word = atomic_load_explicit(cold.slot, memory_order_relaxed);
    if (pn_index_view(pen->st, cold.word, &cold.view, &cold.seg)) {
        pn_item_drop(pen->st, pen->pb, &cold);
    } else {
        pn_index_publish(pen->st, pen->pb, cold.slot, 0);
    }
    pen->sh->index_evicted++;
    return pn_index_vacant(pen->st, pen->pb);
}

/* What the replaced item leaves behind. Its parts, if it was large, go too, unless
 * the new item is the same value at another place. */
static void
forget_old(struct pen *pen, bool keeps_parts)
{
    const struct pn_view *v = &pen->found.view;
    if (pn_slot_is_large(pen->found.word) && !keeps_parts) {
        PN_CRASH_POINT(PN_CP_LARGE_UNLINKED);
        pn_large_release(pen->st, v->val, v->vlen);
    }
    pn_seg_forget(pn_seg_at(pen->st, pen->found.seg), v->size);
    pen->sh->bytes -= pn_min64(pen->sh->bytes, v->size);
    pen->sh->items -= pen->sh->items > 0;
    PN_CRASH_POINT(PN_CP_OLD_FORGOTTEN);
}

/* Steps 3 to 6. The draft's conditions were judged. */
static int
commit(struct pen *pen, struct pn_draft *draft, bool is_large, bool keeps_parts,
       uint64_t *cas_out)
{
    struct pn_store *st = pen->st;
    if ((st->flags & PN_STORE_STABLE_CAS) != 0) {
        draft->flags |= PN_HAS_CAS;
        draft->cas = ++pen->sh->next_cas;
    }
    struct pn_append app = {.shard = pen->pb->shard,
                            .exp_ms = draft->exp_ms,
                            .when = pen->when,
                            .draft = draft,
                            .size = pn_draft_finish(draft)};
    unsigned freq = pen->is_live ? pn_slot_freq(pen->found.word) : 0;
    app.pool = pen->is_live ? pn_slot_pool(pen->found.word)
                            : pn_evict_pool_for(st, pen->pb);
    uint64_t off;
    if (!pn_seg_append(st, &app, &off)) { /* all is lent, or being drained */
        return PN_BUSY;
    }
    bool is_new = !pen->is_there;
    _Atomic uint64_t *slot = is_new ? slot_for_new(pen) : pen->found.slot;
    if (slot == NULL) { /* a damaged chain: the bytes are dead, the key is absent */
        uint32_t seg = 0;
        pn_seg_of(st, off, &seg);
        pn_seg_forget(pn_seg_at(st, seg), app.size);
        return PN_BUSY;
    }
    pn_index_publish(st, pen->pb, slot,
                     pn_slot_make(pen->pb->tag, freq, app.pool, is_large, off));
    if (!is_new) {
        forget_old(pen, keeps_parts);
    }
    pen->sh->items++;
    pen->sh->bytes += app.size;
    pen->sh->sets++;
    if (cas_out != NULL) {
        uint32_t seg = 0;
        pn_seg_of(st, off, &seg);
        struct pn_view v = {.flags = draft->flags, .cas = draft->cas};
        *cas_out = pn_item_token(st, &v, off, seg);
    }
    return PN_OK;
}

/* ---- Put ------------------------------------------------------------------- */

static int
judge(const struct pen *pen, const struct pn_put *put)
{
    const struct pn_found *f = &pen->found;
    switch ((enum pn_put_mode)put->mode) {
    case PN_PUT_SET:
        break;
    case PN_PUT_ADD:
        return pen->is_live ? PN_EXISTS : PN_OK;
    case PN_PUT_REPLACE:
        return pen->is_live ? PN_OK : PN_MISS;
    case PN_PUT_CAS:
        if (!pen->is_live) {
            return PN_MISS;
        }
        return pn_item_token(pen->st, &f->view, pn_slot_off(f->word), f->seg) ==
                       put->cas
                   ? PN_OK
                   : PN_EXISTS;
    }
    return PN_OK;
}

static void
drop_found(struct pen *pen)
{
    if (pen->is_there) {
        pn_item_drop(pen->st, pen->pb, &pen->found);
        pen->is_there = pen->is_live = false;
    }
}

/* The value as it will stand in the item: itself, or the descriptor. */
static struct pn_draft
draft_of(const struct pn_put *put, const struct pn_large *large, uint64_t exp_ms)
{
    return (struct pn_draft){.key = put->key,
                             .klen = put->klen,
                             .val = large != NULL ? (const void *)large : put->val,
                             .vlen = large != NULL ? pn_large_size(large) : put->vlen,
                             .exp_ms = exp_ms,
                             .cflags = put->cflags,
                             .tags = put->tags,
                             .ntags = put->ntags,
                             .flags = put->bits & PN_BITS_MASK};
}

int
pn_write_put(struct pn_store *st, const struct pn_probe *pb, uint64_t now_ms,
             const struct pn_put *put, const struct pn_large *large, uint64_t *cas_out)
{
    struct pen pen;
    int rc = begin(st, pb, now_ms, &pen);
    if (rc != PN_OK) {
        return rc;
    }
    pn_evict_make_room(st, pb->shard, now_ms);
    find(&pen);
    uint32_t wake = 0;
    rc = judge(&pen, put);
    if (rc == PN_OK && put->lease != NULL && !pn_lease_is_current(st, pb, put->lease)) {
        pen.sh->fenced++;
        rc = PN_FENCED;
    }
    if (rc == PN_OK && put->ttl_ms == 0) {
        drop_found(&pen);
    } else if (rc == PN_OK) {
        struct pn_draft draft = draft_of(put, large, expiry(now_ms, put->ttl_ms));
        if (large != NULL) {
            pn_large_mark(st, large, pb->hash);
        }
        rc = commit(&pen, &draft, large != NULL, false, cas_out);
        if (rc != PN_OK && large != NULL) {
            pn_large_unmark(st, large);
        }
    }
    if (rc == PN_OK && put->lease == NULL) {
        wake = pn_lease_fence(st, pb);
    }
    end(&pen);
    pn_lease_wake(st, pb->shard, wake);
    return rc;
}

uint64_t
pn_write_inline_size(const struct pn_store *st, const struct pn_put *put)
{
    struct pn_draft draft = draft_of(put, NULL,
                                     put->ttl_ms == PN_NO_TTL ? PN_NO_TTL : 0);
    draft.flags |= (st->flags & PN_STORE_STABLE_CAS) != 0 ? PN_HAS_CAS : 0;
    return pn_draft_finish(&draft);
}

/* ---- Delete, touch, incr --------------------------------------------------- */

int
pn_write_delete(struct pn_store *st, const struct pn_probe *pb, uint64_t now_ms)
{
    struct pen pen;
    int rc = begin(st, pb, now_ms, &pen);
    if (rc != PN_OK) {
        return rc;
    }
    find(&pen);
    rc = pen.is_live ? PN_OK : PN_MISS;
    pen.sh->deletes += pen.is_live;
    drop_found(&pen);
    uint32_t wake = pn_lease_fence(st, pb);
    end(&pen);
    pn_lease_wake(st, pb->shard, wake);
    return rc;
}

/* The found item with another expiry, and another value unless VAL is NULL. */
static int
rewrite(struct pen *pen, uint64_t exp_ms, const char *val)
{
    struct pn_tag tags[PN_TAGS_MAX];
    struct pn_draft draft = pn_draft_again(&pen->found.view, tags);
    draft.exp_ms = exp_ms;
    draft.val = val != NULL ? val : draft.val;
    return commit(pen, &draft, pn_slot_is_large(pen->found.word), true, NULL);
}

int
pn_write_touch(struct pn_store *st, const struct pn_probe *pb, uint64_t now_ms,
               uint64_t ttl_ms)
{
    struct pen pen;
    int rc = begin(st, pb, now_ms, &pen);
    if (rc != PN_OK) {
        return rc;
    }
    pn_evict_make_room(st, pb->shard, now_ms);
    find(&pen);
    if (!pen.is_live) {
        rc = PN_MISS;
    } else if (ttl_ms == 0) {
        drop_found(&pen);
    } else {
        rc = rewrite(&pen, expiry(now_ms, ttl_ms), NULL);
    }
    end(&pen);
    return rc;
}

static int
add(const struct pn_view *v, int64_t delta, int64_t *sum)
{
    if ((v->flags & PN_ITEM_INT) == 0 || v->vlen != sizeof(int64_t)) {
        return PN_E_TYPE;
    }
    int64_t old;
    memcpy(&old, v->val, sizeof old);
    if ((delta > 0 && old > INT64_MAX - delta) ||
        (delta < 0 && old < INT64_MIN - delta)) {
        return PN_E_RANGE;
    }
    *sum = old + delta;
    return PN_OK;
}

static int
create_counter(struct pen *pen, const struct pn_incr *incr, int64_t *value)
{
    if (incr->create == 0) {
        return PN_MISS;
    }
    uint64_t ttl_ms = incr->ttl_ms == PN_KEEP_TTL ? PN_NO_TTL : incr->ttl_ms;
    *value = incr->initial;
    struct pn_draft draft = {.key = incr->key,
                             .klen = incr->klen,
                             .val = &incr->initial,
                             .vlen = sizeof incr->initial,
                             .flags = PN_ITEM_INT,
                             .exp_ms = expiry(pen->when.now_ms, ttl_ms)};
    return commit(pen, &draft, false, false, NULL);
}

int
pn_write_incr(struct pn_store *st, const struct pn_probe *pb, uint64_t now_ms,
              const struct pn_incr *incr, int64_t *value)
{
    struct pen pen;
    int rc = begin(st, pb, now_ms, &pen);
    if (rc != PN_OK) {
        return rc;
    }
    pn_evict_make_room(st, pb->shard, now_ms);
    find(&pen);
    int64_t result = 0;
    if (!pen.is_live) {
        rc = create_counter(&pen, incr, &result);
    } else if (pn_slot_is_large(pen.found.word)) {
        rc = PN_E_TYPE;
    } else {
        rc = add(&pen.found.view, incr->delta, &result);
        if (rc == PN_OK) {
            uint64_t exp_ms = incr->ttl_ms == PN_KEEP_TTL
                                  ? pen.found.view.exp_ms
                                  : expiry(now_ms, incr->ttl_ms);
            char bytes[sizeof result];
            memcpy(bytes, &result, sizeof result);
            rc = rewrite(&pen, exp_ms, bytes);
        }
    }
    uint32_t wake = rc == PN_OK ? pn_lease_fence(st, pb) : 0;
    end(&pen);
    pn_lease_wake(st, pb->shard, wake);
    if (rc == PN_OK) {
        *value = result;
    }
    return rc;
}
