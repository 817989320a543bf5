#include "fleet/state.h"

/* What is to be done now, the one refresh before the probes; and who does it, where the
 * processes of a host share a board. */

#define ELSEWHERE_WAIT (50 * FLEET_MS)

struct pn_task
pn_fleet_task(struct pn_fleet *fleet, uint64_t now)
{
    if (now >= fleet_warm_until(fleet)) {
        fleet_warm_end(fleet, now);
    }
    struct pn_task task = fleet_refresh_task(fleet, now);
    return task.kind != PN_TASK_NONE ? task : fleet_probe(fleet, now);
}

uint64_t
pn_fleet_wake(const struct pn_fleet *fleet)
{
    uint64_t at = fleet_refresh_at(fleet);
    at = fleet->probe_at < at ? fleet->probe_at : at;
    uint64_t warm = fleet_warm_until(fleet);
    return warm < at ? warm : at;
}

bool
pn_fleet_task_stands(const struct pn_fleet *fleet, const struct pn_task *task)
{
    if (task->kind != PN_TASK_PROBE) {
        return fleet_refresh_is(fleet, task);
    }
    const struct fleet_node *node = fleet_at(fleet, task->node);
    return node != NULL && node->probe_id == task->id && node->probe_id != 0;
}

void
pn_fleet_task_failed(struct pn_fleet *fleet, const struct pn_task *task, uint64_t now)
{
    if (task->kind == PN_TASK_PROBE) {
        fleet_probe_failed(fleet, task, now);
    } else if (fleet_refresh_is(fleet, task)) {
        fleet_refresh_failed(fleet, now);
    }
}

void
pn_fleet_task_begun(struct pn_fleet *fleet, const struct pn_task *task, uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, task->node);
    if (task->kind == PN_TASK_PROBE && pn_fleet_task_stands(fleet, task)) {
        node->changed_at = now;
        node->shown.probe_at = node->probe_ends;
    }
}

void
pn_fleet_task_elsewhere(struct pn_fleet *fleet, const struct pn_task *task,
                        uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, task->node);
    if (!pn_fleet_task_stands(fleet, task)) {
        return;
    }
    if (task->kind == PN_TASK_PROBE) {
        fleet_probe_call_off(node);
        node->shown.probe_at = now + ELSEWHERE_WAIT;
        fleet_recount(fleet);
        fleet->counters.probes--;
        return;
    }
    fleet_refresh_call_off(fleet);
    fleet->refresh.ready_at = now + ELSEWHERE_WAIT;
}
