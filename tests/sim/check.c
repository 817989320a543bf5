#include "sim.h"

#include <string.h>

/*
 * What must hold in every run of src/fleet (the others are run to be looked at):
 *
 *   storm      a host asks for the topology at most once in 200 ms, whatever happens,
 *              and at most five times in any second; while the whole cluster refuses,
 *              no more than half of the hosts ask in a second
 *   apart      who has seen a node refuse while others answered asks no node that is
 *              cut off
 *   dials      a process dials one node at most DIALS_MAX times a second
 *   recovery   who had trouble with a shard succeeds within a second of its promotion;
 *              where nobody is promoted, when its node is probed again, 5 s at most
 *   budget     retries stay within a tenth of the requests (and a floor); pinyon.c
 *   down       a node that is marked down gets no request; pinyon.c
 */
enum {
    DIALS_MAX = 8,
    ASKED = 6,
    APART_MS = 2000,
    RECOVERY_MS = 1000,
    TIMEOUT_MS = 1000
};

void
check_fail(struct sim *sim, const char *what, const struct process *process)
{
    if (sim->failed == NULL && sim->policy == &policy_pinyon) {
        sim->failed = what;
        snprintf(sim->failure, sizeof sim->failure,
                 "%s: seed %llu, scenario %s, at %.3f s, process %u of host %u", what,
                 (unsigned long long)sim->seed, sim->scenario->name,
                 (double)(sim->now - START) / 1e9,
                 process != NULL ? process->number : 0,
                 process != NULL ? process->host : 0);
    }
}

void
check_query(struct sim *sim, const struct process *process, uint16_t node,
            bool is_first)
{
    const struct server *server = &sim->server[node];
    bool is_cut_off = server->is_cut_off && server->down_at != 0 &&
                      sim->now > server->down_at + APART_MS * MS;
    bool knows = sim->now < process->apart_at + SEC && sim->now < process->ok_at + SEC;
    if (is_cut_off && knows) {
        check_fail(sim, "a node that is cut off is asked", process);
    }
    sim->refused_queries += sim->is_all_down && sim->n_hit == 0;
    if (sim->refused_queries > sim->size.hosts / 2) {
        check_fail(sim, "all ask at once while the cluster refuses", process);
    }
    uint64_t *asked = sim->asked_at + (size_t)process->host * ASKED;
    /* Each process knows nothing once, and the board nothing once. */
    if (!is_first && asked[0] != 0 && sim->now - asked[0] < 200 * MS) {
        check_fail(sim, "a host asks twice within 200 ms", process);
    }
    if (!is_first && asked[ASKED - 2] != 0 && sim->now - asked[ASKED - 2] < SEC) {
        check_fail(sim, "a host asks more than five times a second", process);
    }
    memmove(asked + 1, asked, (ASKED - 1) * sizeof *asked);
    asked[0] = sim->now;
}

void
check_reply(struct sim *sim, struct process *process, enum reply reply)
{
    uint16_t node = process->request.node;
    if (reply == REPLY_OK) {
        process->ok_at = sim->now;
        process->refused_since = process->refused_by == node ? 0
                                                             : process->refused_since;
    } else if (reply == REPLY_DOWN && process->refused_since != 0 &&
               process->refused_by == node && process->ok_at > process->refused_since) {
        process->apart_at = sim->now;
    } else if (reply == REPLY_DOWN) {
        process->refused_by = node;
        process->refused_since = sim->now;
    }
}

void
check_dial(struct sim *sim, const struct process *process, uint16_t node)
{
    uint8_t *n = &sim->dials[(size_t)process->number * sim->n_nodes + node];
    *n += *n < UINT8_MAX;
    if (*n > DIALS_MAX) {
        check_fail(sim, "a process dials a node too often", process);
    }
}

/* Where packets vanish, one second more: the timeout of the request that is under way,
 * for nobody can know before it. */
void
check_recovery(struct sim *sim, const struct process *process, uint64_t ms,
               bool is_reached)
{
    uint64_t own = sim->scenario->recovery_ms;
    uint64_t most = own != 0 ? own : RECOVERY_MS;
    if (ms > (is_reached ? most : most + TIMEOUT_MS)) {
        check_fail(sim, "recovery too late", process);
    }
}

void
check_end(struct sim *sim)
{
    if (sim->never > 0) {
        check_fail(sim, "a process did not recover", NULL);
    }
}
