#include "model.h"

#include "../support/pattern.h"
#include "../support/rng.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FAILURES_SHOWN = 20 };

void
model_complain(struct session *s, uint32_t id, const char *what, int64_t got,
               int64_t want)
{
    if (s->failures++ < FAILURES_SHOWN) {
        fprintf(stderr,
                "# step %lu at %" PRIu64 " ms, %s of key %" PRIu32 ": %s is %" PRId64
                ", not %" PRId64 "\n",
                s->step, s->now_ms, s->op, id, what, got, want);
    }
}

void
model_expect(struct session *s, uint32_t id, const char *what, int64_t got,
             int64_t want)
{
    if (got != want) {
        model_complain(s, id, what, got, want);
    }
}

uint32_t
model_below(struct session *s, uint32_t n)
{
    return s->draw.below(s->draw.ctx, n);
}

/* ---- Keys ------------------------------------------------------------------ */

size_t
session_key(uint32_t id, unsigned char key[255])
{
    struct rng rng = {.state = id * 977u + 5};
    static const uint8_t edges[] = {1, 1, 2, 2, 255, 255, 254, 8, 16, 64};
    size_t len = id < sizeof edges ? edges[id] : 3 + rng_below(&rng, id % 8 ? 40 : 250);
    for (size_t i = 0; i < len; i++) {
        key[i] = (unsigned char)rng_next(&rng);
    }
    key[0] = (unsigned char)id; /* tells short keys apart, ... */
    if (len > 1) {
        key[1] = (unsigned char)(id >> 8); /* ... and the others */
    }
    return len;
}

/* ---- The model ------------------------------------------------------------- */

bool
model_has(const struct session *s, const struct entry *e)
{
    return e->is_live && e->exp_ms > s->now_ms;
}

/* What the entry costs a store at most: whole segments when it is large. */
static uint64_t
cost_of(const struct session *s, uint64_t vlen)
{
    uint64_t size = vlen + 300;
    if (size > s->segment_size / 4) {
        size = (size + s->segment_size - 1) / s->segment_size * s->segment_size;
    }
    return size;
}

void
model_forget(struct session *s, struct entry *e)
{
    if (e->is_live) {
        s->live_bytes -= cost_of(s, e->vlen);
    }
    e->is_live = false;
}

/* The store missed a key that the model holds. */
void
model_lose(struct session *s, uint32_t id)
{
    s->lost++;
    if (s->is_strict) {
        model_complain(s, id, "a miss of a live key", PN_MISS, PN_OK);
    }
    model_forget(s, &s->entry[id]);
}

void
model_remember(struct session *s, uint32_t id, const struct entry *now)
{
    struct entry *e = &s->entry[id];
    uint64_t old_cas = e->cas;
    model_forget(s, e);
    *e = *now;
    e->is_live = true;
    e->old_cas = old_cas != now->cas ? old_cas : 0;
    s->live_bytes += cost_of(s, e->vlen);
    for (unsigned i = 0; i < e->ntags; i++) { /* a stale tag: dead on arrival */
        for (uint32_t t = 0; t < SESSION_TAGS; t++) {
            struct pn_tag tag = pn_store_tag(s->store, &t, sizeof t);
            if (tag.cell == e->tag[i].cell && tag.gen != e->tag[i].gen) {
                model_forget(s, e);
            }
        }
    }
}

uint64_t
model_expiry(const struct session *s, uint64_t ttl_ms)
{
    return ttl_ms == PN_NO_TTL ? PN_NO_TTL : s->now_ms + ttl_ms;
}

/* A write of KEY without its lease ends the lease; so does a delete. */
void
model_end_lease(struct session *s, uint32_t id)
{
    if (s->has_lease && s->lease_key == id) {
        s->has_lease = false;
        model_expect(s, id, "the end of a lease that a write ended",
                     pn_store_lease_end(s->store, &s->lease), PN_FENCED);
    }
}

/* ---- Reading --------------------------------------------------------------- */

void
model_compare_item(struct session *s, uint32_t id, const struct pn_item *item)
{
    const struct entry *e = &s->entry[id];
    model_expect(s, id, "vlen", item->vlen, e->vlen);
    model_expect(s, id, "bits", item->bits, e->bits);
    model_expect(s, id, "cflags", item->cflags, e->cflags);
    model_expect(s, id, "exp_ms", (int64_t)item->exp_ms, (int64_t)e->exp_ms);
    if (s->is_stable_cas) {
        model_expect(s, id, "cas", (int64_t)item->cas, (int64_t)e->cas);
    }
}

void
model_compare_value(struct session *s, uint32_t id, const void *buf)
{
    const struct entry *e = &s->entry[id];
    if (e->is_counter) {
        int64_t number;
        memcpy(&number, buf, sizeof number);
        model_expect(s, id, "the counter", number, e->number);
    } else if (!pattern_holds(buf, e->vlen, id, e->seq)) {
        model_complain(s, id, "the value holds", 0, 1);
    }
}

/* The answer of a read against the model; true when it was a right hit. */
bool
model_judge_read(struct session *s, uint32_t id, int rc, const struct pn_item *item)
{
    if (!model_has(s, &s->entry[id])) {
        model_expect(s, id, "rc", rc, PN_MISS);
        return false;
    }
    if (rc == PN_MISS) {
        model_lose(s, id);
        return false;
    }
    model_expect(s, id, "rc", rc, PN_OK);
    if (rc != PN_OK) {
        return false;
    }
    model_compare_item(s, id, item);
    s->hits++;
    return item->vlen == s->entry[id].vlen;
}

void
model_read(struct session *s, uint32_t id)
{
    unsigned char key[255];
    size_t klen = session_key(id, key);
    struct pn_item item;
    int rc = pn_store_get(s->store, s->now_ms, key, klen, s->buf, s->value_max, &item);
    if (model_judge_read(s, id, rc, &item)) {
        model_compare_value(s, id, s->buf);
    }
}

/* ---- Drawing --------------------------------------------------------------- */

/* A size near every border there is. */
static uint64_t
draw_size(struct session *s)
{
    uint64_t seg = s->segment_size;
    const uint64_t border[] = {0,           1,       7,       8,
                               9,           255,     256,     4095,
                               4096,        seg / 4, seg / 2, seg - 1,
                               seg,         seg + 1, 2 * seg, 3 * seg + 17,
                               s->value_max};
    enum { BORDERS = sizeof border / sizeof border[0] };
    if (model_below(s, 4) != 0) {
        return model_below(s, 400);
    }
    uint64_t size = border[model_below(s, BORDERS)];
    uint32_t off = model_below(s, 80); /* headers and keys stand before a value */
    size = size > off && model_below(s, 2) != 0 ? size - off : size + off % 3;
    return size;
}

uint64_t
model_draw_ttl(struct session *s)
{
    static const uint64_t ttl[] = {1,      2,         9999,       10000,
                                   10001,  80000,     640001,     5120000,
                                   327680, 400000000, 31536000000};
    uint32_t which = model_below(s, 24);
    return which < sizeof ttl / sizeof ttl[0] ? ttl[which] : PN_NO_TTL;
}

/* The model's side of a put. */
struct entry
model_draw_entry(struct session *s, struct pn_put *put)
{
    uint64_t size = draw_size(s);
    if (s->is_strict && s->live_bytes + cost_of(s, size) > s->live_max) {
        size %= 64;
    }
    struct entry e = {.seq = s->next_seq++, .vlen = (uint32_t)size};
    e.bits = (uint8_t)(model_below(s, 8) << 1);
    e.cflags = model_below(s, 3) == 0 ? model_below(s, UINT32_MAX) : 0;
    e.ntags = (uint8_t)(model_below(s, 4) == 0 ? model_below(s, 4) : 0);
    for (unsigned i = 0; i < e.ntags; i++) {
        uint32_t tag = model_below(s, SESSION_TAGS);
        e.tag[i] = pn_store_tag(s->store, &tag, sizeof tag);
    }
    put->ttl_ms = model_draw_ttl(s);
    e.exp_ms = model_expiry(s, put->ttl_ms);
    put->val = s->buf;
    put->vlen = size;
    put->cflags = e.cflags;
    put->bits = e.bits;
    put->ntags = e.ntags;
    return e;
}

/* The store said that KEY was absent, or present, and the model thinks not. */
void
model_judge_presence(struct session *s, uint32_t id, bool said_present)
{
    bool present = model_has(s, &s->entry[id]);
    if (present && !said_present) {
        model_lose(s, id);
    } else if (!present && said_present) {
        model_complain(s, id, "present in the store", 1, 0);
    }
}
