/*
 * model - the table that says what each key should answer
 *
 * Shared by the parts of a session: the operations (ops_items.c, ops_groups.c) do
 * to the store what they do here and compare. Everything that differs is counted
 * and said by model_complain().
 */
#ifndef PINYON_TEST_MODEL_H
#define PINYON_TEST_MODEL_H

#include "session.h"

/* WHAT of key ID is GOT and should be WANT. */
void
model_complain(struct session *s, uint32_t id, const char *what, int64_t got,
               int64_t want);
void
model_expect(struct session *s, uint32_t id, const char *what, int64_t got,
             int64_t want);

/* A number in [0, n), drawn. */
uint32_t
model_below(struct session *s, uint32_t n);

/* The entry's key should be found now. */
bool
model_has(const struct session *s, const struct entry *e);

/* Store time at which something stored now for TTL_MS expires. */
uint64_t
model_expiry(const struct session *s, uint64_t ttl_ms);

/* The entry is gone by right; the store missed it; it is now *NOW. */
void
model_forget(struct session *s, struct entry *e);
void
model_lose(struct session *s, uint32_t id);
void
model_remember(struct session *s, uint32_t id, const struct entry *now);

/* A write of the key without its lease ends the lease; so does a delete. */
void
model_end_lease(struct session *s, uint32_t id);

/* The store's description, and the value in BUF, against the entry. */
void
model_compare_item(struct session *s, uint32_t id, const struct pn_item *item);
void
model_compare_value(struct session *s, uint32_t id, const void *buf);

/* The answer of a read; true when it was a right hit, whose value may be compared. */
bool
model_judge_read(struct session *s, uint32_t id, int rc, const struct pn_item *item);

/* Gets the key and compares all of it. */
void
model_read(struct session *s, uint32_t id);

/* A write's answer implies that the key was there, or not. */
void
model_judge_presence(struct session *s, uint32_t id, bool said_present);

/* A time to live near a border; a new entry, and the fields of its put. */
uint64_t
model_draw_ttl(struct session *s);
struct entry
model_draw_entry(struct session *s, struct pn_put *put);

/* One operation each, beginning with key ID. */
typedef void (*op_fn)(struct session *s, uint32_t id);
void
op_get(struct session *s, uint32_t id);
void
op_get_small(struct session *s, uint32_t id);
void
op_peek(struct session *s, uint32_t id);
void
op_get_many(struct session *s, uint32_t id);
void
op_put(struct session *s, uint32_t id);
void
op_put_many(struct session *s, uint32_t id);
void
op_cas(struct session *s, uint32_t id);
void
op_delete(struct session *s, uint32_t id);
void
op_touch(struct session *s, uint32_t id);
void
op_incr(struct session *s, uint32_t id);
void
op_refused(struct session *s, uint32_t id);
void
op_clear(struct session *s, uint32_t id);
void
op_invalidate(struct session *s, uint32_t id);
void
op_scan(struct session *s, uint32_t id);
void
op_maintain(struct session *s, uint32_t id);
void
op_lease(struct session *s, uint32_t id);
void
op_lease_put(struct session *s, uint32_t id);

#endif
