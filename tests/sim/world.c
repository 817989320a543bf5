#include "sim.h"

#include <stdlib.h>
#include <string.h>

/*
 * What a server's time goes to. A reply of CLUSTER SLOTS names every node: 1 us each
 * beside the call. A dial is accept, HELLO and AUTH. LOAD of the time is set aside for
 * ordinary requests, so that the rest takes that much longer.
 */
enum { QUERY_US = 50, QUERY_NODE_US = 1, DIAL_US = 300, LOAD_PERCENT = 40 };
enum { RTT_US = 300, TIMEOUT_MS = 1000, BACKLOG_MS = 150 };

static uint64_t
work(struct sim *sim, struct server *server, uint64_t us)
{
    uint64_t from = server->busy > sim->now ? server->busy : sim->now;
    server->busy = from + us * US * 100 / (100 - LOAD_PERCENT);
    return server->busy;
}

/* ---- Maps ----------------------------------------------------------------------- */

static size_t
list_nodes(struct sim *sim, uint16_t primary, struct pn_range_node *node)
{
    const struct server *of = &sim->server[primary];
    uint32_t first = of->shard * (1 + sim->size.replicas);
    size_t n = 1;
    for (uint32_t i = first; i <= first + sim->size.replicas; i++) {
        const struct server *server = &sim->server[i];
        struct pn_range_node it = {.host = server->endpoint.host,
                                   .host_len = strlen(server->endpoint.host),
                                   .port = server->endpoint.port};
        if (i == primary) {
            node[0] = it;
        } else if (server->is_listed) {
            node[n++] = it;
        }
    }
    return n;
}

static void
make_ranges(struct sim *sim, struct view *view)
{
    size_t each = 1 + sim->size.replicas;
    view->n = 0;
    for (uint32_t s = 0; s < PN_FLEET_SLOTS; s++) {
        if (s > 0 && view->owner[s] == view->owner[s - 1]) {
            view->range[view->n - 1].last = (uint16_t)s;
            continue;
        }
        struct pn_range_node *node = view->node + view->n * each;
        view->range[view->n++] = (struct pn_range){
            .first = (uint16_t)s,
            .last = (uint16_t)s,
            .n_nodes = (uint16_t)list_nodes(sim, view->owner[s], node),
            .node = node};
    }
    view->is_stale = false;
}

const struct view *
world_view(struct sim *sim, uint16_t node)
{
    struct view *view = &sim->view[sim->server[node].is_cut_off];
    if (view->is_stale) {
        make_ranges(sim, view);
    }
    return view;
}

void
world_open(struct sim *sim)
{
    size_t each = 1 + sim->size.replicas;
    sim->n_nodes = (uint32_t)(sim->size.shards * each);
    for (uint32_t i = 0; i < sim->n_nodes; i++) {
        struct server *server = &sim->server[i];
        server->endpoint.port = 6379;
        snprintf(server->endpoint.host, sizeof server->endpoint.host, "n%u", i);
        server->shard = (uint16_t)(i / each);
        server->is_listed = i % each != 0;
        server->life = 1;
    }
    for (uint32_t i = 0; i < sim->size.shards; i++) {
        sim->shard[i].primary = (uint16_t)(i * each);
    }
    for (unsigned v = 0; v < 2; v++) {
        sim->view[v].node = take(PN_FLEET_SLOTS * each, sizeof *sim->view[v].node);
        sim->view[v].is_stale = true;
        for (uint32_t s = 0; s < PN_FLEET_SLOTS; s++) {
            uint32_t shard = s * sim->size.shards / PN_FLEET_SLOTS;
            sim->view[v].owner[s] = sim->shard[shard].primary;
        }
    }
}

void
world_close(struct sim *sim)
{
    free(sim->view[0].node);
    free(sim->view[1].node);
}

/* ---- What clients ask of it ----------------------------------------------------- */

uint16_t
world_seed(const struct sim *sim, uint32_t i)
{
    return (uint16_t)((i * 997 + 3) % sim->n_nodes);
}

bool
world_reaches(const struct sim *sim, const struct process *process, uint16_t node)
{
    return !sim->server[node].is_cut_off ||
           process->host * 7919u % 1000 >= sim->blind_hosts;
}

uint64_t
world_dial(struct sim *sim, const struct process *process, uint16_t node, bool *stands)
{
    struct server *server = &sim->server[node];
    struct bucket *bucket = &sim->bucket[(sim->now - START) / (BUCKET_MS * MS)];
    sim->dials_all++;
    bucket->dials++;
    server->dials++;
    check_dial(sim, process, node);
    *stands = false;
    if (!world_reaches(sim, process, node)) {
        return sim->now + TIMEOUT_MS * MS;
    }
    if (server->is_dead) {
        return sim->now + RTT_US * US;
    }
    if (server->busy > sim->now + BACKLOG_MS * MS) { /* the queue of accept is full */
        return sim->now + TIMEOUT_MS * MS;
    }
    *stands = true;
    return work(sim, server, DIAL_US) + RTT_US * US;
}

uint16_t
world_target(const struct sim *sim, uint16_t node, uint32_t slot)
{
    return sim->view[sim->server[node].is_cut_off].owner[slot];
}

static enum reply
say(const struct sim *sim, uint16_t node, uint32_t slot)
{
    const struct server *server = &sim->server[node];
    if (sim->is_all_down ||
        (server->is_cut_off && server->down_at != 0 && sim->now >= server->down_at)) {
        return REPLY_DOWN;
    }
    return world_target(sim, node, slot) == node ? REPLY_OK : REPLY_MOVED;
}

uint64_t
world_request(struct sim *sim, const struct process *process, uint16_t node,
              uint32_t slot, enum reply *reply)
{
    const struct server *server = &sim->server[node];
    uint64_t queue = server->busy > sim->now ? server->busy - sim->now : 0;
    if (!world_reaches(sim, process, node) || queue > TIMEOUT_MS * MS) {
        *reply = REPLY_TIMEOUT;
        return sim->now + TIMEOUT_MS * MS;
    }
    *reply = server->is_dead || server->is_broken ? REPLY_LOST : say(sim, node, slot);
    return sim->now + queue + RTT_US * US;
}

uint64_t
world_query(struct sim *sim, const struct process *process, uint16_t node,
            uint64_t deadline, bool *is_answered)
{
    struct server *server = &sim->server[node];
    *is_answered = false;
    if (!world_reaches(sim, process, node)) {
        return deadline;
    }
    if (server->is_dead) {
        return sim->now + RTT_US * US;
    }
    sim->queries++;
    sim->bucket[(sim->now - START) / (BUCKET_MS * MS)].queries++;
    server->queries++;
    uint64_t cost = QUERY_US + QUERY_NODE_US * (uint64_t)sim->n_nodes;
    uint64_t at = work(sim, server, cost) + RTT_US * US;
    *is_answered = at <= deadline;
    return at < deadline ? at : deadline;
}

/* ---- What happens to it --------------------------------------------------------- */

void
world_hit(struct sim *sim, uint32_t shard)
{
    if (!sim->shard[shard].is_hit) {
        sim->shard[shard].is_hit = true;
        sim->hit[sim->n_hit++] = shard;
    }
}

static void
end_connections(struct server *server)
{
    server->life = server->life == 255 ? 1 : (uint8_t)(server->life + 1);
}

void
world_kill(struct sim *sim, uint16_t node)
{
    struct server *server = &sim->server[node];
    server->is_dead = true;
    server->is_listed = false;
    server->busy = 0;
    end_connections(server);
    sim->view[0].is_stale = sim->view[1].is_stale = true;
    world_hit(sim, server->shard);
}

void
world_start(struct sim *sim, uint16_t node)
{
    struct server *server = &sim->server[node];
    server->is_dead = server->is_cut_off = false;
    server->is_listed = sim->shard[server->shard].primary != node;
    server->down_at = 0;
    end_connections(server);
    sim->view[0].is_stale = sim->view[1].is_stale = true;
}

void
world_promote(struct sim *sim, uint32_t shard)
{
    struct shard *it = &sim->shard[shard];
    uint16_t old = it->primary;
    uint32_t first = (uint32_t)(shard * (1 + sim->size.replicas));
    for (uint32_t i = first; i <= first + sim->size.replicas; i++) {
        if (i != old && !sim->server[i].is_dead && !sim->server[i].is_cut_off) {
            it->primary = (uint16_t)i;
            break;
        }
    }
    sim->server[it->primary].is_listed = false;
    sim->server[old].is_listed = !sim->server[old].is_dead &&
                                 !sim->server[old].is_cut_off;
    for (uint32_t s = 0; s < PN_FLEET_SLOTS; s++) {
        if (sim->view[0].owner[s] == old) {
            sim->view[0].owner[s] = it->primary;
        }
    }
    it->promoted_at = sim->now;
    sim->view[0].is_stale = true;
}

void
world_give(struct sim *sim, uint32_t slot, uint32_t shard)
{
    sim->view[0].owner[slot] = sim->shard[shard].primary;
    sim->view[0].is_stale = true;
}
