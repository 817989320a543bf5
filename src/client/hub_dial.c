#include "client/engine.h"
#include "net/resolve.h"

#include "base/why.h"

#define OLD_NS UINT64_C(30000000000) /* what was resolved for an earlier dial */
#define SLOW_NS UINT64_C(250000000)  /* a dial: is it still the right one? */
#define LOOK_NS UINT64_C(50000000)   /* between two looks at what the fleet knows */

/* ---- Names ------------------------------------------------------------------- */

/* The addresses of LINK's name: how many, 0 when they are still to come, or a code.
 * What a dial before this one asked for in vain is not asked for again: a resolver that
 * hangs has one thread of each link waiting, not one of each dial. */
static int
look_up(struct pn_link *link, uint64_t now, struct pn_why *why)
{
    const struct pn_endpoint *to = &link->endpoint;
    if (link->asked != NULL && (now - link->asked_for_at > OLD_NS ||
                                !pn_resolve_is_for(link->asked, to->host, to->port))) {
        pn_resolve_free(link->asked);
        link->asked = NULL;
    }
    if (link->asked == NULL) {
        int rc = pn_resolve_new(to->host, to->port, &link->asked);
        if (rc < 0) {
            return rc;
        }
        link->asked_for_at = now;
    }
    int rc = pn_resolve_take(link->asked, link->addr, PN_LINK_ADDRESSES, why);
    if (rc != 0) {
        pn_resolve_free(link->asked);
        link->asked = NULL;
    }
    return rc;
}

/* ---- Addresses --------------------------------------------------------------- */

/* An address that was just dialled has its part of the time that is left: as much as
 * each of those behind it. So one that nobody answers at leaves time for the next. */
static void
begin_turn(struct pn_hub *hub, struct pn_link *link, uint64_t now)
{
    uint64_t n = (uint64_t)(link->n_addrs - link->next_addr) + 1;
    uint64_t left = link->dial_deadline > now ? link->dial_deadline - now : 0;
    link->turn_deadline = now + left / n;
    pn_hub_wake_by(hub, link->turn_deadline);
    pn_hub_wake_by(hub, now + LOOK_NS);
}

void
pn_hub_dial(struct pn_hub *hub, struct pn_link *link, uint64_t now)
{
    struct pn_why why = {0};
    const struct pn_client_opts *opts = &hub->client->opts;
    if (opts->remap != NULL && !link->is_mapped) {
        link->is_mapped = true; /* once, though a name may be asked for at every step */
        opts->remap(opts->remap_context, &link->endpoint);
    }
    const struct pn_endpoint *to = &link->endpoint;
    int rc = pn_addr_literal(to->host, to->port, &link->addr[0]);
    if (rc == PN_MISS && hub->is_looped && link->n_addrs == 0) {
        pn_hub_watch(hub, link);
        return;
    }
    if (rc == PN_OK) {
        link->n_addrs = 1;
    } else if (rc == PN_MISS && !hub->is_looped) {
        rc = look_up(link, now, &why);
        if (rc == 0) {
            return;
        }
        link->n_addrs = rc > 0 ? (uint8_t)rc : 0;
    }
    link->is_host_wanted = false;
    link->next_addr = 0;
    if (rc >= 0) {
        rc = pn_link_dial(link, &why);
    }
    if (rc < 0) {
        pn_hub_lose(hub, link, rc, &why, now);
    } else {
        begin_turn(hub, link, now);
    }
}

int
pn_hub_dial_more(struct pn_hub *hub, struct pn_link *link, struct pn_why *why,
                 uint64_t now)
{
    uint8_t tried = link->next_addr;
    int rc = pn_link_progress(link, why);
    if (rc == 0 && link->next_addr != tried) {
        begin_turn(hub, link, now);
    }
    return rc;
}

/* The time of one address is over: the next one's, if there is one. */
static void
end_turn(struct pn_hub *hub, struct pn_link *link, uint64_t now)
{
    struct pn_why why = {0};
    pn_link_hang_up(link);
    int rc = pn_link_dial(link, &why);
    if (rc < 0) {
        pn_hub_lose(hub, link, rc, &why, now);
        return;
    }
    begin_turn(hub, link, now);
    pn_hub_watch(hub, link);
}

/* A server that hangs is connected to by its kernel, and says nothing until the dial's
 * deadline. Another may have its place long before: who waits on LINK is sent there. */
static void
look_elsewhere(struct pn_hub *hub, struct pn_link *link, uint64_t now)
{
    const struct pn_client_opts *opts = &hub->client->opts;
    const struct pn_request *first = link->queue.head;
    bool has_topology = opts->fleet.kind == PN_FLEET_CLUSTER ||
                        opts->fleet.kind == PN_FLEET_SENTINEL;
    if (!has_topology || first == NULL ||
        (first == &hub->task_request && first->next == NULL)) {
        return;
    }
    pn_hub_wake_by(hub, now + LOOK_NS);
    struct pn_fleet *fleet = pn_client_lock(hub->client);
    if (link->dial_deadline - now + SLOW_NS <= opts->connect_ns) {
        pn_fleet_doubt(fleet, link->node, now);
    }
    uint64_t epoch = pn_fleet_epoch(fleet);
    pn_client_unlock(hub->client);
    if (epoch == link->epoch) {
        return;
    }
    link->epoch = epoch;
    struct pn_request *r = pn_list_take_all(&link->queue);
    for (struct pn_request *next; r != NULL; r = next) {
        next = r->next;
        pn_hub_requeue(hub, r, now);
    }
}

void
pn_hub_dial_late(struct pn_hub *hub, struct pn_link *link, uint64_t now)
{
    struct pn_why why = {0};
    bool is_turn = link->state == PN_LINK_DIALING && link->next_addr < link->n_addrs;
    if (link->dial_deadline <= now) {
        if (link->state == PN_LINK_RESOLVING) {
            pn_why(&why, PN_NET_E_TIMEOUT, "the resolver did not find '%s' in time",
                   link->endpoint.host);
        }
        pn_hub_lose(hub, link, PN_NET_E_TIMEOUT, &why, now);
        return;
    }
    pn_hub_wake_by(hub, link->dial_deadline);
    look_elsewhere(hub, link, now);
    if (is_turn && link->turn_deadline <= now) {
        end_turn(hub, link, now);
    } else if (is_turn) {
        pn_hub_wake_by(hub, link->turn_deadline);
    }
}
