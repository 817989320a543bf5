#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* What src/fleet decides, and what a client does around it: the board of the host is
 * read before a task, its lock held during one, the answer published after. */

static struct pn_fleet *
fleet_of(const struct process *process)
{
    return process->brain;
}

static uint16_t
number_of(const struct sim *sim, const struct process *process, uint16_t node)
{
    return pn_fleet_node_at(fleet_of(process), &sim->server[node].endpoint);
}

static uint16_t
world_node(const struct process *process, uint16_t number)
{
    const struct pn_node *node = pn_fleet_node(fleet_of(process), number);
    return (uint16_t)strtoul(node->endpoint.host + 1, NULL, 10);
}

static void
open_fleet(struct sim *sim, struct process *process)
{
    struct pn_endpoint seed[3];
    for (unsigned i = 0; i < 3; i++) {
        seed[i] = sim->server[world_seed(sim, i)].endpoint;
    }
    struct pn_fleet_opts opts = {.kind = PN_FLEET_CLUSTER,
                                 .seed = seed,
                                 .n_seeds = 3,
                                 .seed_of_chance = rng_next(&process->rng)};
    struct pn_fleet *fleet = NULL;
    if (pn_fleet_new(&opts, START, &fleet, NULL) < 0) {
        abort();
    }
    process->brain = fleet;
    if (!sim->scenario->is_cold) {
        const struct view *view = world_view(sim, 0);
        struct pn_task task = pn_fleet_task(fleet, START);
        pn_fleet_learn_slots(fleet, &task, view->range, view->n, START);
    }
}

static void
close_fleet(struct sim *sim, struct process *process)
{
    const struct pn_fleet_counters *counters = pn_fleet_counters(fleet_of(process));
    uint64_t earned = process->requests / 10 + 10 + (sim->now - START) / SEC;
    if (counters->retries > earned) {
        check_fail(sim, "more retries than the budget has", process);
    }
    pn_fleet_free(fleet_of(process));
}

static enum decision
route(struct sim *sim, struct process *process, uint16_t *node, uint64_t *at)
{
    struct pn_route_ask ask = {.slot = process->request.slot, .avoid = PN_NODE_NONE};
    struct pn_route route = pn_fleet_route(fleet_of(process), &ask, sim->now);
    *at = route.at;
    if (route.kind != PN_ROUTE_NODE) {
        return route.kind == PN_ROUTE_WAIT ? WAIT : FAIL;
    }
    if (pn_fleet_node(fleet_of(process), route.node)->health == PN_NODE_DOWN) {
        check_fail(sim, "a request goes to a node that is marked down", process);
    }
    *node = world_node(process, route.node);
    return GO;
}

static uint64_t
dial(struct sim *sim, struct process *process, uint16_t node)
{
    return pn_fleet_dial(fleet_of(process), number_of(sim, process, node), sim->now);
}

static void
dialled(struct sim *sim, struct process *process, uint16_t node, bool stands)
{
    uint16_t number = number_of(sim, process, node);
    if (stands) {
        pn_fleet_connected(fleet_of(process), number, sim->now);
    } else {
        pn_fleet_trouble(fleet_of(process), number, PN_TROUBLE_DIAL, sim->now);
    }
}

static void
replied(struct sim *sim, struct process *process, uint16_t node, enum reply reply,
        uint16_t target)
{
    static const enum pn_trouble trouble[] = {[REPLY_DOWN] = PN_TROUBLE_DOWN,
                                              [REPLY_LOST] = PN_TROUBLE_LOST,
                                              [REPLY_TIMEOUT] = PN_TROUBLE_TIMEOUT};
    struct pn_fleet *fleet = fleet_of(process);
    uint16_t number = number_of(sim, process, node);
    if (reply == REPLY_OK) {
        pn_fleet_well(fleet, number, sim->now);
        pn_fleet_spend(fleet, sim->now);
    } else if (reply == REPLY_MOVED) {
        pn_fleet_moved(fleet, number, process->request.slot,
                       &sim->server[target].endpoint, sim->now);
    } else {
        pn_fleet_trouble(fleet, number, trouble[reply], sim->now);
    }
}

static uint64_t
retry(struct sim *sim, struct process *process, enum reply reply)
{
    if (reply == REPLY_LOST && process->request.attempts == 0) {
        return sim->now; /* a dial: nothing was sent */
    }
    return pn_fleet_retry(fleet_of(process), process->request.attempts + 1u, sim->now);
}

/* ---- The board ------------------------------------------------------------------ */

static void
publish(struct sim *sim, struct process *process)
{
    struct board *board = &sim->board[process->host];
    size_t len = pn_fleet_save(fleet_of(process), board->bytes, board->room);
    if (len > board->room) {
        board->room = len + len / 8;
        board->bytes = take_more(board->bytes, board->room);
        pn_fleet_save(fleet_of(process), board->bytes, board->room);
    }
    board->len = len;
}

static bool
lock(struct sim *sim, struct process *process, uint64_t until)
{
    struct board *board = &sim->board[process->host];
    if (board->holder != 0 && board->holder != process->number + 1 &&
        sim->now < board->until) {
        return false;
    }
    board->holder = process->number + 1;
    board->until = until;
    return true;
}

static void
unlock(struct sim *sim, struct process *process)
{
    struct board *board = &sim->board[process->host];
    board->holder = board->holder == process->number + 1 ? 0 : board->holder;
}

static bool
duty(struct sim *sim, struct process *process, struct duty *duty)
{
    struct pn_fleet *fleet = fleet_of(process);
    struct board *board = &sim->board[process->host];
    struct pn_task task = pn_fleet_task(fleet, sim->now);
    if (task.kind == PN_TASK_NONE) {
        return false;
    }
    if (sim->size.procs > 1) {
        pn_fleet_load(fleet, board->bytes, board->len, sim->now);
        if (!pn_fleet_task_stands(fleet, &task)) {
            return false;
        }
        if (!lock(sim, process, task.deadline)) {
            pn_fleet_task_elsewhere(fleet, &task, sim->now);
            return false;
        }
        pn_fleet_task_begun(fleet, &task, sim->now);
        if (task.kind == PN_TASK_PROBE) {
            publish(sim, process);
            unlock(sim, process);
        }
    }
    duty->task = task;
    duty->node = world_node(process, task.node);
    duty->deadline = task.deadline;
    duty->more = 0;
    return true;
}

static void
done(struct sim *sim, struct process *process, const struct duty *duty,
     const struct view *view)
{
    struct pn_fleet *fleet = fleet_of(process);
    struct board *board = &sim->board[process->host];
    if (view == NULL) {
        pn_fleet_task_failed(fleet, &duty->task, sim->now);
    } else if (duty->task.kind == PN_TASK_PROBE) {
        pn_fleet_probed(fleet, &duty->task, sim->now);
    } else {
        pn_fleet_learn_slots(fleet, &duty->task, view->range, view->n, sim->now);
    }
    if (sim->size.procs > 1 && lock(sim, process, sim->now + 100 * MS)) {
        pn_fleet_load(fleet, board->bytes, board->len, sim->now);
        publish(sim, process);
        unlock(sim, process);
    }
}

static uint64_t
wake(struct sim *sim, struct process *process)
{
    (void)sim;
    return pn_fleet_wake(fleet_of(process));
}

const struct policy policy_pinyon = {
    .name = "pinyon",
    .redirects_max = 5,
    .open = open_fleet,
    .close = close_fleet,
    .route = route,
    .dial = dial,
    .dialled = dialled,
    .replied = replied,
    .retry = retry,
    .duty = duty,
    .done = done,
    .wake = wake,
};
