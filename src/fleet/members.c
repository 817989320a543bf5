#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/why.h"
#include "fleet/members.h"
#include "fleet/state.h"

/*
 * A HASH fleet: the user's list, a place over it, spare servers, and for a while after
 * a change the list before it.
 *
 * A member that is down keeps its place: its keys go to the gutter or to their next
 * owner, and come back when it does. To place again without it would move keys of
 * nodes that are well, load the neighbour with what may have killed it, and bring
 * back old values when it returns.
 *
 * The table of `slots` does not depart from the one before it (pn_place_opts.previous):
 * a process that is started later has no such one, and all must agree.
 */

struct list { /* as callers give it */
    const struct pn_endpoint *member;
    const char *const *name;
    const double *weight;
    size_t n;
};

/* ---- Options that are needed again ------------------------------------------- */

static int
keep(char *to, size_t room, const char *text, const char *what, struct pn_why *why)
{
    size_t len = text != NULL ? strlen(text) : 0;
    if (len >= room) {
        return pn_why(why, PN_E_INVALID, "%s: %zu bytes are too long: %zu at most",
                      what, len, room - 1);
    }
    memcpy(to, text != NULL ? text : "", len + 1);
    return PN_OK;
}

static int
keep_opts(struct fleet_members *members, const struct pn_fleet_opts *opts,
          struct pn_why *why)
{
    struct pn_place_opts *kept = &members->opts;
    int rc = keep(members->policy, sizeof members->policy,
                  opts->place != NULL ? opts->place : "slots", "place", why);
    if (rc < 0 || opts->place_opts == NULL) {
        return rc;
    }
    *kept = *opts->place_opts;
    if ((rc = keep(members->hash, sizeof members->hash, kept->hash, "hash", why)) < 0 ||
        (rc = keep(members->distribution, sizeof members->distribution,
                   kept->distribution, "distribution", why)) < 0 ||
        (rc = keep(members->tag, sizeof members->tag, kept->hash_tag, "hash_tag",
                   why)) < 0 ||
        (rc = keep(members->salt, sizeof members->salt, kept->salt, "salt", why)) < 0) {
        return rc;
    }
    kept->hash = kept->hash != NULL ? members->hash : NULL;
    kept->distribution = kept->distribution != NULL ? members->distribution : NULL;
    kept->hash_tag = kept->hash_tag != NULL ? members->tag : NULL;
    kept->salt = kept->salt != NULL ? members->salt : NULL;
    if (kept->table != NULL && kept->slots > 0 && kept->slots <= PN_PLACE_SLOTS_MAX) {
        members->table = pn_alloc(kept->slots * sizeof *members->table);
        if (members->table == NULL) {
            return pn_why(why, PN_E_NOMEM, "out of memory");
        }
        memcpy(members->table, kept->table, kept->slots * sizeof *members->table);
        kept->table = members->table;
    }
    return PN_OK;
}

/* ---- Lists ------------------------------------------------------------------- */

static void
release(struct ring *ring)
{
    pn_place_free(ring->place);
    pn_free(ring->node);
    *ring = (struct ring){0};
}

enum { NAME_MAX_ = PN_FLEET_HOST_MAX + 9 }; /* host, colon, port; brackets */

static void
write_name(const struct pn_endpoint *endpoint, char name[NAME_MAX_])
{
    if (endpoint->host[0] == '/') {
        snprintf(name, NAME_MAX_, "%s", endpoint->host);
    } else {
        snprintf(name, NAME_MAX_, "%s:%u", endpoint->host, endpoint->port);
    }
}

/* Places the list. The names are the place's own copies afterwards. */
static int
place_list(struct fleet_members *members, const struct list *list, struct ring *ring,
           struct pn_why *why)
{
    char(*text)[NAME_MAX_] = pn_alloc(list->n * sizeof *text);
    struct pn_member *member = pn_alloc(list->n * sizeof *member);
    int rc = PN_E_NOMEM;
    if (text == NULL || member == NULL) {
        pn_why(why, rc, "out of memory");
        goto out;
    }
    for (size_t i = 0; i < list->n; i++) {
        write_name(&list->member[i], text[i]);
        member[i].name = list->name != NULL ? list->name[i] : text[i];
        member[i].weight = list->weight != NULL ? list->weight[i] : 1;
    }
    struct pn_place_opts opts = members->opts;
    if (members->fail_over && opts.replicas == 0 && list->n > 1 &&
        strcmp(members->policy, "slots") == 0) {
        opts.replicas = list->n > 2 ? 2 : 1; /* who is next is a column of the table */
    }
    rc = pn_place_new(members->policy, member, list->n, &opts, &ring->place, why);
out:
    pn_free(text);
    pn_free(member);
    return rc;
}

static int
add_nodes(struct pn_fleet *fleet, const struct pn_endpoint *endpoint, size_t n,
          enum pn_role role, uint16_t *node, struct pn_why *why)
{
    for (size_t i = 0; i < n; i++) {
        node[i] = fleet_add(fleet, fleet_name(&endpoint[i]));
        if (node[i] == PN_NODE_NONE) {
            return pn_why(why, PN_E_INVALID,
                          "server %zu (%.64s): a host has 1 to %u bytes, and there are "
                          "%u servers at most",
                          i, endpoint[i].host, PN_FLEET_HOST_MAX, PN_FLEET_NODES_MAX);
        }
        struct fleet_node *it = fleet_at(fleet, node[i]);
        if (it->shown.role != PN_ROLE_MEMBER) {
            it->shown.role = role;
        }
    }
    return PN_OK;
}

static int
make_ring(struct pn_fleet *fleet, const struct list *list, struct ring *ring,
          struct pn_why *why)
{
    if (list->n == 0 || list->n > PN_FLEET_NODES_MAX) {
        return pn_why(why, PN_E_INVALID, "%zu servers: give 1 to %u", list->n,
                      PN_FLEET_NODES_MAX);
    }
    ring->n = (uint32_t)list->n;
    ring->node = pn_alloc(list->n * sizeof *ring->node);
    if (ring->node == NULL) {
        return pn_why(why, PN_E_NOMEM, "out of memory");
    }
    int rc = add_nodes(fleet, list->member, list->n, PN_ROLE_MEMBER, ring->node, why);
    return rc < 0 ? rc : place_list(fleet->members, list, ring, why);
}

/* What of all keys each node owns, where the place knows it without counting. */
static void
count_shares(struct pn_fleet *fleet)
{
    const struct ring *ring = &fleet->members->now;
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        struct fleet_node *node = fleet_at(fleet, i);
        if (node != NULL) {
            node->shown.slots = 0;
        }
    }
    bool is_exact = pn_place_points(ring->place) > 0 ||
                    pn_place_slot(ring->place, "", 0) != PN_PLACE_NONE;
    double *share = is_exact ? pn_alloc(ring->n * sizeof *share) : NULL;
    if (share != NULL && pn_place_share(ring->place, share) == PN_OK) {
        for (uint32_t i = 0; i < ring->n; i++) {
            uint32_t part = (uint32_t)(share[i] * PN_FLEET_SLOTS + 0.5);
            fleet_at(fleet, ring->node[i])->shown.slots += part;
        }
    }
    pn_free(share);
}

/* Forgets who is in no list any more, also after an attempt that failed. */
static void
drop_others(struct pn_fleet *fleet)
{
    const struct fleet_members *members = fleet->members;
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        struct fleet_node *node = fleet_at(fleet, i);
        if (node != NULL) {
            node->is_listed = false;
        }
    }
    for (uint32_t i = 0; i < members->now.n; i++) {
        fleet_at(fleet, members->now.node[i])->is_listed = true;
    }
    for (uint32_t i = 0; i < members->old.n; i++) {
        fleet_at(fleet, members->old.node[i])->is_listed = true;
    }
    for (uint32_t i = 0; i < members->n_gutter; i++) {
        fleet_at(fleet, members->gutter[i])->is_listed = true;
    }
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        if (fleet_at(fleet, i) != NULL && !fleet_at(fleet, i)->is_listed) {
            fleet_forget(fleet, i);
        }
    }
    fleet_recount(fleet);
}

int
fleet_members_new(struct pn_fleet *fleet, const struct pn_fleet_opts *opts,
                  struct pn_why *why)
{
    struct fleet_members *members = pn_alloc(sizeof *members);
    if (members == NULL) {
        return pn_why(why, PN_E_NOMEM, "out of memory");
    }
    fleet->members = members;
    members->fail_over = opts->fail_over;
    members->warm_until = PN_NEVER;
    int rc = keep_opts(members, opts, why);
    struct list list = {opts->seed, opts->names, opts->weights, opts->n_seeds};
    if (rc < 0 || (rc = make_ring(fleet, &list, &members->now, why)) < 0) {
        return rc;
    }
    members->opts.previous = NULL; /* the caller's, and looked at once */
    if (opts->n_gutter > 0) {
        if (opts->n_gutter > PN_FLEET_NODES_MAX) {
            return pn_why(why, PN_E_INVALID, "%zu gutter servers are too many: %u",
                          opts->n_gutter, PN_FLEET_NODES_MAX);
        }
        members->gutter = pn_alloc(opts->n_gutter * sizeof *members->gutter);
        if (members->gutter == NULL) {
            return pn_why(why, PN_E_NOMEM, "out of memory");
        }
        rc = add_nodes(fleet, opts->gutter, opts->n_gutter, PN_ROLE_GUTTER,
                       members->gutter, why);
        members->n_gutter = rc < 0 ? 0 : (uint32_t)opts->n_gutter;
    }
    count_shares(fleet);
    return rc;
}

void
fleet_members_free(struct pn_fleet *fleet)
{
    struct fleet_members *members = fleet->members;
    if (members != NULL) {
        release(&members->now);
        release(&members->old);
        pn_free(members->gutter);
        pn_free(members->table);
        pn_free(members);
    }
}

/* ---- Other members, and the warm-up ------------------------------------------- */

uint64_t
fleet_warm_until(const struct pn_fleet *fleet)
{
    return fleet->members != NULL ? fleet->members->warm_until : PN_NEVER;
}

void
fleet_warm_end(struct pn_fleet *fleet, uint64_t now)
{
    (void)now;
    release(&fleet->members->old);
    fleet->members->warm_until = PN_NEVER;
    fleet->epoch++;
    drop_others(fleet);
}

int
pn_fleet_learn_members(struct pn_fleet *fleet, const struct pn_endpoint *member,
                       const char *const *names, const double *weights, size_t n,
                       uint64_t warm_ns, uint64_t now, struct pn_why *why)
{
    if (fleet->members == NULL) {
        return pn_why(
            why, PN_E_INVALID,
            "the members of this fleet come from its servers, not from a list");
    }
    struct fleet_members *members = fleet->members;
    struct list list = {member, names, weights, n};
    struct ring fresh = {0};
    int rc = make_ring(fleet, &list, &fresh, why);
    if (rc < 0) {
        release(&fresh);
        drop_others(fleet);
        return rc;
    }
    release(&members->old);
    members->old = members->now;
    members->now = fresh;
    members->warm_until = fleet_later(now, warm_ns);
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        struct fleet_node *node = fleet_at(fleet, i);
        if (node != NULL) {
            node->missed_deletes = node->shown.health == PN_NODE_DOWN;
        }
    }
    if (warm_ns == 0) {
        release(&members->old);
        members->warm_until = PN_NEVER;
    }
    fleet->epoch++;
    count_shares(fleet);
    drop_others(fleet);
    return PN_OK;
}
