#include "sim.h"

/*
 * What happens. Times of a failover as measured on redis-server 7.0.15: a primary that
 * dies is replaced cluster-node-timeout + 1.7 to 3.4 s later, and for the last 0.8 s
 * the whole cluster answers CLUSTERDOWN.
 */
enum { BEGIN_S = 4, TIMEOUT_S = 5 };

static void
after(struct sim *sim, uint64_t ms, uint16_t step)
{
    heap_push(&sim->heap,
              (struct event){.at = sim->now + ms * MS, .kind = EV_SCRIPT, .arg = step});
}

static uint32_t
part(const struct sim *sim, uint32_t one_in)
{
    uint32_t n = sim->size.shards / one_in;
    return n > 0 ? n : 1;
}

/* ---- One in a hundred primaries dies -------------------------------------------- */

enum { DEATH_KILL, DEATH_DOWN, DEATH_PROMOTE, DEATH_RETURN };

static void
death(struct sim *sim, uint16_t step)
{
    uint32_t n = part(sim, 100);
    switch (step) {
    case UINT16_MAX:
        after(sim, BEGIN_S * 1000, DEATH_KILL);
        return;
    case DEATH_KILL:
        for (uint32_t i = 0; i < n; i++) {
            world_kill(sim, sim->shard[i * (sim->size.shards / n)].primary);
        }
        after(sim, TIMEOUT_S * 1000 + 1850, DEATH_DOWN);
        return;
    case DEATH_DOWN:
        sim->is_all_down = true;
        after(sim, 800, DEATH_PROMOTE);
        return;
    case DEATH_PROMOTE:
        sim->is_all_down = false;
        for (uint32_t i = 0; i < n; i++) {
            world_promote(sim, i * (sim->size.shards / n));
        }
        after(sim, 8000, DEATH_RETURN);
        return;
    default:
        for (uint32_t i = 0; i < sim->n_nodes; i++) {
            if (sim->server[i].is_dead) {
                world_start(sim, (uint16_t)i);
            }
        }
    }
}

/* ---- All connections of one node in ten end ------------------------------------- */

static void
reconnect(struct sim *sim, uint16_t step)
{
    if (step == UINT16_MAX) {
        after(sim, BEGIN_S * 1000, 0);
        return;
    }
    for (uint32_t i = 0; i < sim->size.shards; i += 10) {
        uint16_t node = sim->shard[i].primary;
        sim->server[node].life++;
        world_hit(sim, i);
        sim->shard[i].promoted_at = sim->now;
    }
}

/* ---- A fifth of all slots moves, one after another, within ten seconds ---------- */

enum { MOVES = 200 };

static void
reshard(struct sim *sim, uint16_t step)
{
    if (step == UINT16_MAX) {
        for (uint32_t i = 0; i < sim->size.shards; i += 5) {
            world_hit(sim, i);
        }
        after(sim, BEGIN_S * 1000, 0);
        return;
    }
    uint32_t width = PN_FLEET_SLOTS / sim->size.shards;
    for (uint32_t i = 0; i < sim->size.shards; i += 5) {
        uint32_t first = (PN_FLEET_SLOTS * i + sim->size.shards - 1) / sim->size.shards;
        for (uint32_t k = width * step / MOVES; k < width * (step + 1u) / MOVES; k++) {
            world_give(sim, first + k, (i + 1) % sim->size.shards);
        }
    }
    if (step + 1 < MOVES) {
        after(sim, 10000 / MOVES, (uint16_t)(step + 1));
    }
}

/* ---- A tenth of the shards is cut off; two hosts of ten cannot reach it --------- */

enum { CUT, CUT_DOWN, CUT_PROMOTE, CUT_HEAL };

static void
partition(struct sim *sim, uint16_t step)
{
    switch (step) {
    case UINT16_MAX:
        after(sim, BEGIN_S * 1000, CUT);
        return;
    case CUT:
        sim->blind_hosts = 200;
        for (uint32_t s = 0; s < PN_FLEET_SLOTS; s++) {
            sim->view[1].owner[s] = sim->view[0].owner[s];
        }
        sim->view[1].is_stale = true;
        for (uint32_t i = 0; i < part(sim, 10); i++) {
            struct server *server = &sim->server[sim->shard[i * 10].primary];
            server->is_cut_off = true;
            server->down_at = sim->now + TIMEOUT_S * SEC;
            world_hit(sim, i * 10);
        }
        after(sim, TIMEOUT_S * 1000 + 2650, CUT_PROMOTE);
        return;
    case CUT_PROMOTE:
        for (uint32_t i = 0; i < part(sim, 10); i++) {
            world_promote(sim, i * 10);
        }
        after(sim, 8000, CUT_HEAL);
        return;
    default:
        sim->blind_hosts = 0;
        for (uint32_t i = 0; i < sim->n_nodes; i++) {
            if (sim->server[i].is_cut_off) {
                world_start(sim, (uint16_t)i);
            }
        }
    }
}

/* ---- One primary after another hands over, restarts and comes back -------------- */

static void
rolling(struct sim *sim, uint16_t step)
{
    uint32_t n = part(sim, 10), shard = step / 2u * 10 % sim->size.shards;
    if (step == UINT16_MAX) {
        after(sim, BEGIN_S * 1000, 0);
        return;
    }
    if (step / 2u >= n) {
        return;
    }
    uint32_t first = shard * (1 + sim->size.replicas);
    if (step % 2 == 0) {
        uint16_t old = sim->shard[shard].primary;
        world_promote(sim, shard);
        world_kill(sim, old);
        after(sim, 100, (uint16_t)(step + 2));
        after(sim, 1500, (uint16_t)(step + 1));
        return;
    }
    for (uint32_t i = first; i <= first + sim->size.replicas; i++) {
        if (sim->server[i].is_dead) {
            world_start(sim, (uint16_t)i);
        }
    }
}

/* ---- The whole cluster refuses for three seconds -------------------------------- */

static void
refusal(struct sim *sim, uint16_t step)
{
    if (step == UINT16_MAX) {
        after(sim, BEGIN_S * 1000, 0);
        return;
    }
    sim->is_all_down = step == 0;
    if (step == 0) {
        after(sim, 3000, 1);
    }
}

/* ---- One primary in ten ends each connection at its first request --------------- */

static void
flapping(struct sim *sim, uint16_t step)
{
    if (step == UINT16_MAX) {
        after(sim, BEGIN_S * 1000, 0);
        return;
    }
    for (uint32_t i = 0; i < part(sim, 10); i++) {
        sim->server[sim->shard[i * 10].primary].is_broken = step == 0;
        sim->shard[i * 10].promoted_at = step == 0 ? 0 : sim->now;
        world_hit(sim, i * 10);
    }
    if (step == 0) {
        after(sim, 6000, 1);
    }
}

/* ---- All clients start within two seconds, and know three seeds ----------------- */

static void
start(struct sim *sim, uint16_t step)
{
    (void)sim;
    (void)step;
}

#define THINK (500 * MS)

const struct scenario scenarios[] = {
    {.name = "start",
     .what = "all hosts start within 2 s and know three seeds",
     .length = 20 * SEC,
     .think = THINK,
     .script = start,
     .is_cold = true},
    {.name = "death",
     .what = "1 % of the primaries die; replicas are promoted after 7.65 s",
     .length = 26 * SEC,
     .think = THINK,
     .script = death},
    {.name = "reconnect",
     .what = "all connections of 10 % of the primaries end at once",
     .length = 14 * SEC,
     .think = THINK,
     .script = reconnect},
    {.name = "reshard",
     .what = "20 % of the slots move within 10 s",
     .length = 20 * SEC,
     .think = THINK,
     .script = reshard},
    {.name = "partition",
     .what = "10 % of the primaries are cut off, for 20 % of the hosts too",
     .length = 26 * SEC,
     .think = THINK,
     .script = partition},
    {.name = "rolling",
     .what = "10 % of the primaries restart, one each 100 ms",
     .length = 20 * SEC,
     .think = THINK,
     .script = rolling},
    {.name = "refusal",
     .what = "the whole cluster answers CLUSTERDOWN for 3 s",
     .length = 10 * SEC,
     .think = THINK,
     .script = refusal},
    {.name = "flapping",
     .what = "10 % of the primaries accept, and end each connection, for 6 s",
     .length = 20 * SEC,
     .think = THINK,
     .script = flapping,
     .recovery_ms = 6000},
    {.name = "redirects",
     .what = "the reshard, under 1000 requests a second of each process",
     .length = 6 * SEC,
     .think = MS,
     .script = reshard},
};

const size_t n_scenarios = sizeof scenarios / sizeof scenarios[0];
