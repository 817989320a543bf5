#include "client/engine.h"

/* ---- What the loop is to be told ---------------------------------------------- */

static bool
is_told(const struct pn_link *link)
{
    bool is_open = link->stream.fd >= 0;
    return (link->old.fd < 0 || link->is_old_told) &&
           (!is_open || (link->is_watched && link->watched == pn_link_want(link))) &&
           !(link->state == PN_LINK_RESOLVING && link->is_host_wanted);
}

void
pn_hub_watch(struct pn_hub *hub, struct pn_link *link)
{
    if (hub->is_looped && !link->is_changed && !is_told(link)) {
        link->is_changed = true;
        hub->n_changes++;
    }
}

/* The next untold thing of LINK. */
static bool
tell(struct pn_link *link, struct pn_change *change)
{
    *change = (struct pn_change){.link = link->node};
    if (link->old.fd >= 0 && !link->is_old_told) {
        link->is_old_told = true;
        change->kind = PN_CHANGE_GONE;
        change->fd = link->old.fd;
        return true;
    }
    if (link->state == PN_LINK_RESOLVING && link->is_host_wanted) {
        link->is_host_wanted = false;
        change->kind = PN_CHANGE_RESOLVE;
        change->host = link->endpoint.host;
        change->port = link->endpoint.port;
        return true;
    }
    uint8_t want = pn_link_want(link);
    if (link->stream.fd >= 0 && (!link->is_watched || link->watched != want)) {
        link->is_watched = true;
        link->watched = want;
        change->kind = PN_CHANGE_WATCH;
        change->fd = link->stream.fd;
        change->want = want;
        return true;
    }
    return false;
}

bool
pn_hub_change(struct pn_hub *hub, struct pn_change *change)
{
    for (uint32_t i = 0; i < hub->n_links && hub->n_changes > 0; i++) {
        struct pn_link *link = hub->link[i];
        if (link == NULL || !link->is_changed) {
            continue;
        }
        bool has_told = tell(link, change);
        if (!has_told || is_told(link)) {
            link->is_changed = false;
            hub->n_changes--;
        }
        if (has_told) {
            return true;
        }
    }
    return false;
}

void
pn_hub_unwatched(struct pn_hub *hub, uint32_t link)
{
    pn_stream_close(&hub->link[link]->old);
    pn_hub_watch(hub, hub->link[link]);
}

/* ---- What the loop tells -------------------------------------------------------- */

void
pn_hub_resolved(struct pn_hub *hub, uint32_t number, const struct pn_addr *addr,
                size_t n, uint64_t now)
{
    struct pn_link *link = hub->link[number];
    if (link->state != PN_LINK_RESOLVING) {
        return; /* it took so long that the link was given up */
    }
    if (n == 0) {
        pn_hub_lose(hub, link, PN_NET_E_RESOLVE, NULL, now);
        return;
    }
    link->n_addrs = (uint8_t)(n < PN_LINK_ADDRESSES ? n : PN_LINK_ADDRESSES);
    for (uint8_t i = 0; i < link->n_addrs; i++) {
        link->addr[i] = addr[i];
    }
    pn_hub_go_on(hub, link, 0, now);
}

void
pn_hub_ready(struct pn_hub *hub, uint32_t link, uint8_t got, uint64_t now)
{
    pn_hub_go_on(hub, hub->link[link], got, now);
    if (hub->wake_at <= now) {
        pn_hub_step(hub, now);
    }
}
