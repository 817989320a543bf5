#include "sim.h"

#include <string.h>

/*
 * What must hold in every run of src/fleet (the others are run to be looked at):
 *
 *   storm      a host asks for the topology at most once in 200 ms, whatever happens,
 *              and at most five times in any second
 *   dials      a process dials one node at most DIALS_MAX times a second
 *   recovery   who had trouble with a shard succeeds within a second of its promotion
 *   budget     retries stay within a tenth of the requests (and a floor); pinyon.c
 *   down       a node that is marked down gets no request; pinyon.c
 */
enum { DIALS_MAX = 8, ASKED = 6, RECOVERY_MS = 1000, TIMEOUT_MS = 1000 };

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
check_query(struct sim *sim, const struct process *process, bool is_first)
{
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
    if (ms > (is_reached ? RECOVERY_MS : RECOVERY_MS + TIMEOUT_MS)) {
        check_fail(sim, "recovery later than promotion + 1 s", process);
    }
}

void
check_end(struct sim *sim)
{
    if (sim->never > 0) {
        check_fail(sim, "a process did not recover", NULL);
    }
}
