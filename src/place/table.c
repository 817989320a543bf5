/*
 * Policies that cut keys into slots and look up who has the slot: one hash, one mask,
 * one read of an array.
 *
 *   slots          XXH3-64 with the table's seed, & (slots - 1); Pinyon's own
 *   redis-cluster  CRC-16 of the key or of its {tag}, & 16383; map from the server
 *   couchbase      15 bits of CRC-32, % vBuckets; map from the server
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "place/assign.h"
#include "place/kind.h"

struct place_table {
    struct pn_place base;
    uint16_t *owner;   /* [slots] positions, or ASSIGN_NONE */
    uint16_t *replica; /* [slots * replicas]; NULL when there are none */
    uint32_t slots, replicas;
    uint64_t epoch;
};

static inline const struct place_table *
self_of(const struct pn_place *place)
{
    return (const struct place_table *)place;
}

/* ---- A map from the server ------------------------------------------------- */

/* Without a map: the even ranges that `redis-cli --cluster create` deals, floats and
 * all: 0-5460, 5461-10922, 10923-16383 for three. */
static void
deal_ranges(struct place_table *self)
{
    float each = (float)self->slots / (float)self->base.n, cursor = 0;
    uint32_t s = 0;
    for (uint32_t i = 0; i < self->base.n; i++) {
        bool is_last = i + 1 == self->base.n;
        long last = is_last ? self->slots - 1 : lroundf(cursor + each - 1);
        for (; (long)s <= last && s < self->slots; s++) {
            self->owner[s] = (uint16_t)i;
        }
        cursor += each;
    }
}

/* The server's map, in the caller's indexes, which are all live ones or holes. */
static int
copy_map(struct place_table *self, const uint16_t *table, struct pn_why *why)
{
    const struct pn_place *place = &self->base;
    for (uint32_t s = 0; s < self->slots; s++) {
        self->owner[s] = ASSIGN_NONE;
        if (table[s] == UINT16_MAX) {
            continue;
        }
        if (table[s] >= place->nall) {
            return pn_why(why, PN_E_INVALID,
                          "%s: slot %u belongs to node %u of %u: the map and the "
                          "nodes are not of one moment",
                          place->policy->name, s, (unsigned)table[s], place->nall);
        }
        for (uint32_t i = 0; i < place->n; i++) {
            if (place->member[i].index == table[s]) {
                self->owner[s] = (uint16_t)i;
            }
        }
    }
    return PN_OK;
}

/* ---- Pinyon's own table ---------------------------------------------------- */

/* Position in OWN of the member that is called as member OTHER->member[POS]. */
static void
match_members(const struct pn_place *own, const struct pn_place *other, uint16_t *match)
{
    for (uint32_t i = 0; i < other->nall; i++) {
        match[i] = ASSIGN_NONE;
        for (uint32_t k = 0; k < own->n; k++) {
            if (own->member[k].len == other->member[i].len &&
                strcmp(own->member[k].name, other->member[i].name) == 0) {
                match[i] = (uint16_t)k;
                break;
            }
        }
    }
}

/* Starts from where slots are in the table before. */
static int
inherit(struct place_table *self, const struct place_table *old, struct pn_why *why)
{
    uint16_t *match = place_alloc(old->base.nall, sizeof *match);
    if (match == NULL) {
        return place_no_memory(why);
    }
    match_members(&self->base, &old->base, match);
    uint32_t columns = self->replicas < old->replicas ? self->replicas : old->replicas;
    for (uint32_t s = 0; s < self->slots; s++) {
        self->owner[s] = match[old->owner[s]];
        for (uint32_t c = 0; c < columns && self->replica != NULL; c++) {
            self->replica[(size_t)s * self->replicas + c] =
                match[old->replica[(size_t)s * old->replicas + c]];
        }
    }
    pn_free(match);
    return PN_OK;
}

static int
check_previous(const struct place_table *self, const struct pn_place *previous,
               struct pn_why *why)
{
    if (previous->kind != &place_table_kind ||
        previous->policy->variant != TABLE_SLOTS) {
        return pn_why(why, PN_E_INVALID,
                      "slots: the table before is a place by %s: give one by slots",
                      previous->policy->name);
    }
    if (self_of(previous)->slots != self->slots || previous->seed != self->base.seed ||
        memcmp(previous->tag, self->base.tag, 2) != 0) {
        return pn_why(why, PN_E_INVALID,
                      "slots: the table before cuts keys into %u slots by another "
                      "size, seed or hash_tag: keep all three",
                      self_of(previous)->slots);
    }
    return PN_OK;
}

static int
fill(struct place_table *self, struct pn_why *why)
{
    const struct pn_place *place = &self->base;
    struct assign_slots table = {self->owner, self->replica, self->slots,
                                 self->replicas};
    struct assign_node *node = place_alloc(place->n, sizeof *node);
    struct assign_remainder *scratch = place_alloc(place->n, sizeof *scratch);
    if (node == NULL || scratch == NULL) {
        pn_free(scratch);
        pn_free(node);
        return place_no_memory(why);
    }
    for (uint32_t i = 0; i < place->n; i++) {
        node[i].id = pn_xxh3(place->member[i].name, place->member[i].len, 0);
        node[i].weight = place->member[i].weight;
        node[i].zone = place->member[i].zone;
    }
    for (uint32_t s = 0; s < self->slots; s++) {
        if (self->owner[s] != ASSIGN_NONE) {
            node[self->owner[s]].held++;
        }
    }
    assign_targets(node, place->n, self->slots, scratch);
    assign_owners(node, place->n, &table);
    assign_replicas(node, place->n, &table);
    pn_free(scratch);
    pn_free(node);
    return PN_OK;
}

/* ---- The family ------------------------------------------------------------ */

static int
check_size(struct place_table *self, const struct pn_place_opts *opts,
           struct pn_why *why)
{
    const struct pn_place *place = &self->base;
    int variant = place->policy->variant;
    uint32_t standard = variant == TABLE_COUCHBASE ? 1024 : 16384;
    self->slots = opts->slots != 0 ? opts->slots : standard;
    if (variant == TABLE_REDIS && self->slots != standard) {
        return pn_why(why, PN_E_INVALID, "redis-cluster has 16384 slots, not %u",
                      self->slots);
    }
    bool is_power = (self->slots & (self->slots - 1)) == 0;
    if (self->slots > PN_PLACE_SLOTS_MAX || !is_power) {
        return pn_why(why, PN_E_INVALID, "%s: slots=%u: give a power of two up to %u",
                      place->policy->name, self->slots, PN_PLACE_SLOTS_MAX);
    }
    if (self->slots < place->n) {
        return pn_why(why, PN_E_INVALID, "%s: %u slots for %u nodes: give more",
                      place->policy->name, self->slots, place->n);
    }
    self->replicas = opts->replicas;
    if (self->replicas > PN_PLACE_REPLICAS_MAX) {
        return pn_why(why, PN_E_INVALID, "slots: %u replicas: %u at most",
                      self->replicas, PN_PLACE_REPLICAS_MAX);
    }
    if (self->replicas >= place->n) { /* a fleet that shrinks goes on with fewer */
        self->replicas = place->n - 1;
    }
    return PN_OK;
}

static int
build(struct pn_place *place, const struct pn_place_opts *opts, struct pn_why *why)
{
    struct place_table *self = (struct place_table *)place;
    int rc = check_size(self, opts, why);
    if (rc < 0) {
        return rc;
    }
    size_t columns = (size_t)self->slots * self->replicas;
    self->owner = place_alloc(self->slots, sizeof *self->owner);
    self->replica = columns > 0 ? place_alloc(columns, sizeof *self->replica) : NULL;
    if (self->owner == NULL || (columns > 0 && self->replica == NULL)) {
        return place_no_memory(why);
    }
    if (place->policy->variant != TABLE_SLOTS) {
        if (opts->table != NULL) {
            return copy_map(self, opts->table, why);
        }
        deal_ranges(self);
        return PN_OK;
    }
    place_sort_by_name(place); /* what a table says must not depend on their order */
    memset(self->owner, 0xff, self->slots * sizeof *self->owner);
    if (columns > 0) {
        memset(self->replica, 0xff, columns * sizeof *self->replica);
    }
    self->epoch = 1;
    if (opts->previous != NULL) {
        const struct place_table *old = self_of(opts->previous);
        if ((rc = check_previous(self, opts->previous, why)) < 0 ||
            (rc = inherit(self, old, why)) < 0) {
            return rc;
        }
        self->epoch = old->epoch + 1;
    }
    return fill(self, why);
}

static void
release(struct pn_place *place)
{
    struct place_table *self = (struct place_table *)place;
    pn_free(self->owner);
    pn_free(self->replica);
}

static inline uint32_t
slot_of(const struct place_table *self, const void *key, size_t len)
{
    switch (self->base.policy->variant) {
    case TABLE_REDIS:
        return pn_crc16(key, len) & 16383;
    case TABLE_COUCHBASE:
        return pn_crc32_15(key, len) % self->slots;
    default:
        return (uint32_t)pn_xxh3(key, len, self->base.seed) & (self->slots - 1);
    }
}

static inline uint32_t
owner_of(const struct place_table *self, uint32_t slot)
{
    uint16_t pos = self->owner[slot];
    return pos == ASSIGN_NONE ? PN_PLACE_NONE : pos;
}

static uint32_t
slot(const struct pn_place *place, const void *key, size_t len)
{
    return slot_of(self_of(place), key, len);
}

static uint32_t
slot_owner(const struct pn_place *place, uint32_t i)
{
    return owner_of(self_of(place), i);
}

static uint32_t
slots(const struct pn_place *place)
{
    return self_of(place)->slots;
}

static uint32_t
owner(const struct pn_place *place, const void *key, size_t len)
{
    const struct place_table *self = self_of(place);
    return owner_of(self, slot_of(self, key, len));
}

static size_t
owners(const struct pn_place *place, const void *key, size_t len, uint32_t *pos,
       size_t count)
{
    const struct place_table *self = self_of(place);
    uint32_t s = slot_of(self, key, len);
    if (count == 0 || self->owner[s] == ASSIGN_NONE) {
        return 0;
    }
    pos[0] = self->owner[s];
    size_t have = 1;
    for (; have < count && have <= self->replicas; have++) {
        pos[have] = self->replica[(size_t)s * self->replicas + have - 1];
    }
    return have;
}

const struct place_kind place_table_kind = {
    .size = sizeof(struct place_table),
    .build = build,
    .release = release,
    .owner = owner,
    .owners = owners,
    .slot = slot,
    .slot_owner = slot_owner,
    .slots = slots,
};

uint64_t
pn_place_epoch(const struct pn_place *place)
{
    return place->kind == &place_table_kind ? self_of(place)->epoch : 0;
}
