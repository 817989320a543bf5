#include "pinyon/place.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "place/kind.h"
#include "place/ring.h"

/* ---- Making ---------------------------------------------------------------- */

static int
check_members(const struct pn_member *member, size_t n, struct pn_why *why)
{
    if (n == 0) {
        return pn_why(why, PN_E_INVALID, "there are no nodes: give at least one");
    }
    if (n > PN_PLACE_MEMBERS_MAX) {
        return pn_why(why, PN_E_INVALID, "%zu nodes are too many: %u at most", n,
                      PN_PLACE_MEMBERS_MAX);
    }
    size_t live = 0;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(member[i].name);
        if (len == 0 || len > PN_PLACE_NAME_MAX) {
            return pn_why(why, PN_E_INVALID,
                          "node %zu: a name has 1 to %u bytes, not %zu", i,
                          PN_PLACE_NAME_MAX, len);
        }
        live += member[i].is_out == 0;
    }
    if (live == 0) {
        return pn_why(why, PN_E_INVALID, "all nodes are out: leave one in");
    }
    return PN_OK;
}

/* One piece of memory: the family's struct, the members, their names. */
static struct pn_place *
allocate(const struct place_kind *kind, const struct pn_member *member, size_t n)
{
    size_t head = (kind->size + 63) & ~(size_t)63;
    size_t bytes = head + n * sizeof(struct place_member);
    for (size_t i = 0; i < n; i++) {
        bytes += strlen(member[i].name) + 1;
    }
    char *memory = pn_alloc(bytes);
    if (memory == NULL) {
        return NULL;
    }
    struct pn_place *place = (struct pn_place *)(void *)memory;
    place->member = (struct place_member *)(void *)(memory + head);
    return place;
}

/* Live members first, each with its index. */
static void
copy_members(struct pn_place *place, const struct pn_member *member, size_t n)
{
    char *names = (char *)(place->member + n);
    place->nall = (uint32_t)n;
    uint32_t at = 0;
    for (unsigned pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < n; i++) {
            if ((member[i].is_out != 0) != (pass == 1)) {
                continue;
            }
            size_t len = strlen(member[i].name);
            memcpy(names, member[i].name, len + 1);
            place->member[at++] = (struct place_member){.name = names,
                                                        .len = len,
                                                        .weight = member[i].weight,
                                                        .zone = member[i].zone,
                                                        .index = i};
            names += len + 1;
        }
        place->n = pass == 0 ? at : place->n;
    }
    for (uint32_t i = 0; i < place->n; i++) {
        place->weight_sum += place->member[i].weight;
    }
}

int
pn_place_new(const char *name, const struct pn_member *member, size_t n,
             const struct pn_place_opts *given, struct pn_place **out,
             struct pn_why *why)
{
    static const struct pn_place_opts none;
    const struct pn_place_opts *opts = given != NULL ? given : &none;
    const struct place_policy *policy = place_policy_find(name, opts->distribution,
                                                          why);
    if (policy == NULL) {
        return PN_E_INVALID;
    }
    int rc = check_members(member, n, why);
    if (rc < 0 || (rc = place_policy_check(policy, opts, member, n, why)) < 0) {
        return rc;
    }
    struct pn_place *place = allocate(policy->kind, member, n);
    if (place == NULL) {
        return place_no_memory(why);
    }
    place->kind = policy->kind;
    place->policy = policy;
    place->seed = opts->seed;
    place->epsilon = opts->epsilon > 0 ? opts->epsilon : 0.25;
    memcpy(place->tag, opts->hash_tag != NULL ? opts->hash_tag : policy->tag, 2);
    const char *hash = opts->hash != NULL ? opts->hash : policy->hash;
    if (hash != NULL) {
        place->hash = pn_hash_named(hash, (opts->flags & PN_PLACE_ARM) != 0);
        PN_ASSERT(place->hash != NULL);
    }
    copy_members(place, member, n);
    rc = place->kind->build(place, opts, why);
    if (rc < 0) {
        pn_place_free(place);
        return rc;
    }
    *out = place;
    return PN_OK;
}

void
pn_place_free(struct pn_place *place)
{
    if (place == NULL) {
        return;
    }
    if (place->kind->release != NULL) {
        place->kind->release(place);
    }
    pn_free(place);
}

/* ---- Looking up ------------------------------------------------------------ */

static inline uint32_t
index_of(const struct pn_place *place, uint32_t pos)
{
    return pos == PN_PLACE_NONE ? PN_PLACE_NONE : place->member[pos].index;
}

uint32_t
pn_place_owner(const struct pn_place *place, const void *key, size_t len)
{
    if (place->tag[0] != '\0') {
        place_cut_tag(place->tag, &key, &len);
    }
    if (place->n == 1 && place->kind->slot == NULL) {
        return place->member[0].index;
    }
    return index_of(place, place->kind->owner(place, key, len));
}

size_t
place_spread(uint32_t n, uint64_t hash, uint32_t *pos, size_t have, size_t count)
{
    enum { DRAWS = 8 }; /* then the next free one: bounded, and hardly less even */
    uint64_t seen[PN_PLACE_MEMBERS_MAX / 64];
    memset(seen, 0, ((size_t)n + 63) / 64 * 8);
    for (size_t i = 0; i < have; i++) {
        seen[pos[i] / 64] |= (uint64_t)1 << pos[i] % 64;
    }
    while (have < count && have < n) {
        uint32_t pick = 0;
        for (unsigned draw = 0; draw < DRAWS; draw++) {
            hash = pn_mix64(hash + 0x9e3779b97f4a7c15ull);
            pick = (uint32_t)(hash % n);
            if ((seen[pick / 64] >> pick % 64 & 1) == 0) {
                break;
            }
        }
        while ((seen[pick / 64] >> pick % 64 & 1) != 0) {
            pick = pick + 1 == n ? 0 : pick + 1;
        }
        seen[pick / 64] |= (uint64_t)1 << pick % 64;
        pos[have++] = pick;
    }
    return have;
}

size_t
pn_place_owners(const struct pn_place *place, const void *key, size_t len,
                uint32_t *owner, size_t count)
{
    if (place->tag[0] != '\0') {
        place_cut_tag(place->tag, &key, &len);
    }
    count = count < place->n ? count : place->n;
    size_t have = 0;
    if (place->kind->owners != NULL && (count > 1 || place->kind->slot != NULL)) {
        have = place->kind->owners(place, key, len, owner, count);
    } else if (count > 0) {
        owner[0] = place->n == 1 ? 0 : place->kind->owner(place, key, len);
        have = place_spread(place->n, pn_xxh64(key, len, 1), owner, 1, count);
    }
    for (size_t i = 0; i < have; i++) {
        owner[i] = index_of(place, owner[i]);
    }
    return have;
}

static double
weight_of(const struct pn_place *place, uint32_t index)
{
    if (place->member[index].index == index) { /* nobody is out, nothing is sorted */
        return place->member[index].weight;
    }
    for (uint32_t i = 0; i < place->n; i++) {
        if (place->member[i].index == index) {
            return place->member[i].weight;
        }
    }
    return 0;
}

uint32_t
pn_place_owner_under(const struct pn_place *place, const void *key, size_t len,
                     const uint32_t *load)
{
    enum { LOOK = 64 };
    uint32_t owner[LOOK];
    size_t n = pn_place_owners(place, key, len, owner, LOOK);
    if (n == 0) {
        return PN_PLACE_NONE;
    }
    double sum = 1; /* the load to come */
    for (uint32_t i = 0; i < place->n; i++) {
        sum += load[place->member[i].index];
    }
    for (size_t i = 0; i < n; i++) {
        double part = weight_of(place, owner[i]) / place->weight_sum;
        if (load[owner[i]] < ceil((1 + place->epsilon) * part * sum)) {
            return owner[i];
        }
    }
    return owner[0];
}

uint32_t
pn_place_slot(const struct pn_place *place, const void *key, size_t len)
{
    if (place->kind->slot == NULL) {
        return PN_PLACE_NONE;
    }
    if (place->tag[0] != '\0') {
        place_cut_tag(place->tag, &key, &len);
    }
    return place->kind->slot(place, key, len);
}

uint32_t
pn_place_size(const struct pn_place *place)
{
    return place->nall;
}

/* ---- Rings from inside ----------------------------------------------------- */

size_t
pn_place_points(const struct pn_place *place)
{
    const struct ring *ring = place_ring_of(place);
    return ring == NULL ? 0 : ring->n;
}

struct pn_point
pn_place_point(const struct pn_place *place, size_t i)
{
    const struct ring *ring = place_ring_of(place);
    PN_ASSERT(ring != NULL);
    PN_ASSERT(i < ring->n);
    struct pn_point point = ring_point(ring, i);
    point.owner = index_of(place, point.owner);
    return point;
}

size_t
pn_place_find(const struct pn_place *place, const void *key, size_t len,
              struct pn_point *at)
{
    const struct ring *ring = place_ring_of(place);
    PN_ASSERT(ring != NULL);
    if (place->tag[0] != '\0') {
        place_cut_tag(place->tag, &key, &len);
    }
    return place_ring_find(place, key, len, at);
}
