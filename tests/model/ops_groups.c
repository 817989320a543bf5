/* Operations on many keys at once, and leases. */
#include "model.h"

#include "../support/pattern.h"

#include <string.h>

/* ---- Groups ---------------------------------------------------------------- */

void
op_clear(struct session *s, uint32_t id)
{
    s->op = "clear";
    if (model_below(s, 40) != 0) { /* rare: it empties everything */
        return;
    }
    model_expect(s, id, "rc", pn_store_clear(s->store), PN_OK);
    s->is_lease_cleared = true; /* it is held on, but may not store any more */
    for (uint32_t k = 0; k < SESSION_KEYS; k++) {
        model_forget(s, &s->entry[k]);
    }
}

void
op_invalidate(struct session *s, uint32_t id)
{
    s->op = "invalidate";
    uint32_t tag = model_below(s, SESSION_TAGS);
    struct pn_tag was = pn_store_tag(s->store, &tag, sizeof tag);
    model_expect(s, id, "rc", pn_store_invalidate(s->store, &tag, sizeof tag), PN_OK);
    for (uint32_t k = 0; k < SESSION_KEYS; k++) {
        struct entry *e = &s->entry[k];
        for (unsigned i = 0; i < e->ntags; i++) {
            if (e->is_live && e->tag[i].cell == was.cell) {
                model_forget(s, e);
            }
        }
    }
}

struct walk {
    struct session *session;
    uint8_t seen[SESSION_KEYS];
};

static int
walk_item(void *ctx, const void *key, size_t klen, const struct pn_item *item)
{
    struct walk *walk = ctx;
    struct session *s = walk->session;
    const unsigned char *bytes = key;
    for (uint32_t k = 0; k < SESSION_KEYS; k++) {
        unsigned char want[255];
        if ((bytes[0] != (k & 255)) || session_key(k, want) != klen ||
            memcmp(want, key, klen) != 0) {
            continue;
        }
        walk->seen[k] = 1;
        if (model_has(s, &s->entry[k])) {
            model_compare_item(s, k, item);
        } else {
            model_complain(s, k, "a walk finds a dead key", 1, 0);
        }
        return 0;
    }
    model_complain(s, 0, "a walk finds a key nobody stored", (int64_t)klen, 0);
    return 0;
}

void
op_scan(struct session *s, uint32_t id)
{
    s->op = "scan";
    if (model_below(s, 10) != 0) {
        return;
    }
    struct walk walk = {.session = s};
    uint64_t cursor = 0;
    unsigned long parts = 0;
    do {
        int rc = pn_store_scan(s->store, s->now_ms, &cursor, walk_item, &walk);
        model_expect(s, id, "rc", rc, PN_OK);
    } while (cursor != 0 && ++parts < 10000000);
    model_expect(s, id, "the walk ends", cursor == 0, 1);
    for (uint32_t k = 0; k < SESSION_KEYS; k++) {
        if (!walk.seen[k] && model_has(s, &s->entry[k])) {
            model_lose(s, k);
        }
    }
}

void
op_maintain(struct session *s, uint32_t id)
{
    s->op = "maintain";
    size_t budget = 1 + model_below(s, 500);
    size_t done = pn_store_maintain(s->store, s->now_ms, budget);
    model_expect(s, id, "reclaimed no more than it may look at", done <= budget, 1);
}

/* ---- Leases ---------------------------------------------------------------- */

void
op_lease(struct session *s, uint32_t id)
{
    s->op = "lease";
    unsigned char key[255];
    size_t klen = session_key(id, key);
    struct pn_lease other;
    if (!s->has_lease) {
        int rc = pn_store_lease(s->store, s->now_ms, key, klen, 1000, &s->lease);
        model_expect(s, id, "rc", rc, PN_OK);
        s->has_lease = rc == PN_OK;
        s->lease_key = id;
        s->is_lease_cleared = false;
        model_expect(s, id, "the deadline", (int64_t)s->lease.deadline_ms,
                     (int64_t)s->now_ms + 1000);
        return;
    }
    klen = session_key(s->lease_key, key);
    bool is_over = s->now_ms >= s->lease.deadline_ms;
    int rc = pn_store_lease(s->store, s->now_ms, key, klen, 1000, &other);
    model_expect(s, s->lease_key, "rc of asking again", rc, is_over ? PN_OK : PN_HELD);
    if (rc == PN_OK) { /* taken over: the old one is worth nothing */
        model_expect(s, s->lease_key, "the end of a lost lease",
                     pn_store_lease_end(s->store, &s->lease), PN_FENCED);
        s->lease = other;
        s->is_lease_cleared = false;
    }
}

void
op_lease_put(struct session *s, uint32_t id)
{
    if (!s->has_lease) {
        op_lease(s, id);
    }
    s->op = "put with a lease";
    if (!s->has_lease || s->now_ms >= s->lease.deadline_ms) {
        return;
    }
    id = s->lease_key;
    unsigned char key[255];
    struct pn_put put = {.key = key, .klen = session_key(id, key), .lease = &s->lease};
    struct entry e = model_draw_entry(s, &put);
    put.tags = e.tag;
    put.vlen = e.vlen = e.vlen % 100;
    pattern_fill(s->buf, put.vlen, id, e.seq);
    bool is_ended = model_below(s, 2) != 0;
    if (is_ended) {
        int rc = pn_store_lease_end(s->store, &s->lease);
        model_expect(s, id, "lease_end", rc, PN_OK);
        s->has_lease = false;
    }
    int rc = pn_store_put(s->store, s->now_ms, &put, &e.cas);
    model_expect(s, id, "rc", rc, is_ended || s->is_lease_cleared ? PN_FENCED : PN_OK);
    if (rc == PN_OK) {
        model_remember(s, id, &e);
    }
    model_read(s, id);
}
