#include "base/alloc.h"
#include "base/clock.h"
#include "base/why.h"
#include "client/engine.h"
#include "client/topology.h"
#include "wire/resp.h"
#include "wire/resp_put.h"

#define CLUSTER_SLOTS "*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n"
#define PING "*1\r\n$4\r\nPING\r\n"
#define VERSION "version\r\n"
#define PUBLISH_NS UINT64_C(100000000) /* for so long the board is locked at most */

/* ---- One topology for the host -------------------------------------------------- */

/* Takes over what another process has published. */
static void
read_board(struct pn_hub *hub, uint64_t now)
{
    struct pn_board *board = &hub->client->board;
    size_t len = board->read(board->context, NULL, 0);
    char *buf = len > 0 ? pn_alloc(len) : NULL;
    if (buf == NULL) {
        return;
    }
    if (board->read(board->context, buf, len) == len) {
        struct pn_fleet *fleet = pn_client_lock(hub->client);
        bool is_new = pn_fleet_load(fleet, buf, len, now);
        pn_client_unlock(hub->client);
        if (is_new) {
            pn_hub_rouse(hub, now);
        }
    }
    pn_free(buf);
}

/* Under the board's lock. */
static void
publish(struct pn_hub *hub, uint64_t now)
{
    struct pn_board *board = &hub->client->board;
    read_board(hub, now);
    struct pn_fleet *fleet = pn_client_lock(hub->client);
    size_t len = pn_fleet_save(fleet, NULL, 0);
    char *buf = pn_alloc(len);
    if (buf != NULL) {
        len = pn_fleet_save(fleet, buf, len);
    }
    pn_client_unlock(hub->client);
    if (buf != NULL) {
        board->publish(board->context, buf, len);
        pn_free(buf);
    }
}

static void
leave_board(struct pn_hub *hub)
{
    if (hub->has_board_lock) {
        hub->has_board_lock = false;
        hub->client->board.unlock(hub->client->board.context);
    }
}

/* A task has ended, well or not: the others need not find out themselves. Where another
 * process holds the lock now, they are told after our next one. */
static void
tell_others(struct pn_hub *hub, uint64_t now)
{
    struct pn_client *client = hub->client;
    if (!client->has_board) {
        return;
    }
    if (!hub->has_board_lock) {
        hub->has_board_lock = client->board.lock(client->board.context, PUBLISH_NS);
    }
    if (hub->has_board_lock) {
        publish(hub, now);
        leave_board(hub);
    }
}

/* Is TASK still to be done, with what stands on the board? */
static bool
still_stands(struct pn_hub *hub, const struct pn_task *task, uint64_t now)
{
    read_board(hub, now);
    struct pn_fleet *fleet = pn_client_lock(hub->client);
    bool stands = pn_fleet_task_stands(fleet, task);
    pn_client_unlock(hub->client);
    return stands;
}

/* May this process do TASK? No when another is at it, or has done it: also while we
 * were on the way from the look to the lock, which is long where processes wait for a
 * processor. */
static bool
win_board(struct pn_hub *hub, const struct pn_task *task, uint64_t now)
{
    struct pn_client *client = hub->client;
    if (!client->has_board) {
        return true;
    }
    if (!still_stands(hub, task, now)) {
        return false;
    }
    uint64_t hold = task->deadline > now ? task->deadline - now : 1;
    bool is_won = client->board.lock(client->board.context, hold);
    if (is_won && !still_stands(hub, task, pn_clock_mono_ns())) {
        client->board.unlock(client->board.context);
        return false;
    }
    struct pn_fleet *fleet = pn_client_lock(client);
    if (is_won) {
        pn_fleet_task_begun(fleet, task, now);
    } else {
        pn_fleet_task_elsewhere(fleet, task, now);
    }
    pn_client_unlock(client);
    hub->has_board_lock = is_won;
    if (is_won && task->kind == PN_TASK_PROBE) {
        publish(hub, now);
        leave_board(hub);
    }
    return is_won;
}

/* ---- Asking -------------------------------------------------------------- */

static struct pn_bytes
text(const char *s)
{
    return (struct pn_bytes){s, strlen(s)};
}

static size_t
put_sentinel(struct pn_hub *hub)
{
    const char *service = hub->client->opts.fleet.service;
    struct pn_out out = {.ptr = hub->task_wire, .cap = sizeof hub->task_wire};
    const struct pn_bytes primary[] = {text("SENTINEL"),
                                       text("GET-MASTER-ADDR-BY-NAME"), text(service)};
    const struct pn_bytes replicas[] = {text("SENTINEL"), text("REPLICAS"),
                                        text(service)};
    pn_resp_put_command(&out, primary, 3);
    pn_resp_put_command(&out, replicas, 3);
    return out.len;
}

static void
begin(struct pn_hub *hub, const struct pn_task *task, uint64_t now)
{
    struct pn_request *request = &hub->task_request;
    bool is_memcached = hub->client->opts.hello.is_memcached;
    *request = (struct pn_request){.slot = PN_SLOT_NONE,
                                   .node = task->node,
                                   .flags = PN_REQ_READ | PN_REQ_RAW | PN_REQ_NO_RETRY,
                                   .deadline = task->deadline};
    switch (task->kind) {
    case PN_TASK_SLOTS:
        request->wire = CLUSTER_SLOTS;
        request->wire_len = sizeof CLUSTER_SLOTS - 1;
        break;
    case PN_TASK_SENTINEL:
        request->wire = hub->task_wire;
        request->wire_len = put_sentinel(hub);
        request->expect = 2;
        break;
    default:
        request->wire = is_memcached ? VERSION : PING;
        request->wire_len = is_memcached ? sizeof VERSION - 1 : sizeof PING - 1;
        request->flags |= is_memcached ? PN_REQ_CLASSIC : 0;
        break;
    }
    hub->task = *task;
    pn_hub_submit(hub, request, now);
}

/* ---- Learning ------------------------------------------------------------ */

static bool
learn_slots(struct pn_fleet *fleet, const struct pn_task *task, struct pn_bytes reply,
            uint64_t now)
{
    struct pn_topology topology;
    if (pn_topology_slots(reply, &topology) < 0) {
        return false;
    }
    pn_fleet_learn_slots(fleet, task, topology.range, topology.n, now);
    pn_topology_free(&topology);
    return true;
}

static bool
learn_primary(struct pn_fleet *fleet, const struct pn_task *task, struct pn_bytes reply,
              uint64_t now)
{
    struct pn_endpoint endpoint[PN_TOPOLOGY_NODES];
    int n = pn_topology_sentinel(reply, endpoint);
    if (n < 0) {
        return false;
    }
    pn_fleet_learn_primary(fleet, task, endpoint, (size_t)n, now);
    return true;
}

/* Keeps why TASK brought nothing, for callers who will have to be told. */
static void
explain(struct pn_hub *hub, const struct pn_task *task, int rc, struct pn_bytes reply)
{
    if (rc == 0) { /* it answered, and knows nothing: NOAUTH, NOPERM, no such command */
        struct pn_why why;
        bool is_auth = reply.len > 7 && memcmp(reply.ptr, "-NOAUTH", 7) == 0;
        rc = is_auth ? PN_CLIENT_E_AUTH : PN_CLIENT_E_REPLY;
        const char *end = memchr(reply.ptr, '\r', reply.len);
        if (reply.ptr[0] == PN_RESP_ERROR && end != NULL) {
            pn_why(&why, rc, "%.*s", (int)(end - reply.ptr - 1), reply.ptr + 1);
            pn_client_blame(hub->client, task->node, &why);
        }
    }
    hub->client->asked = task->node;
    hub->client->asked_rc = rc;
}

/* The task's request has ended: what it brought goes to the fleet. */
static void
end(struct pn_hub *hub, uint64_t now)
{
    struct pn_request *request = &hub->task_request;
    const struct pn_task task = hub->task;
    struct pn_bytes reply = pn_hub_reply(hub, request);
    hub->task.kind = PN_TASK_NONE;
    request->state = PN_REQ_IDLE;
    struct pn_fleet *fleet = pn_client_lock(hub->client);
    bool is_done = request->rc == 0;
    if (is_done && task.kind == PN_TASK_SLOTS) {
        is_done = learn_slots(fleet, &task, reply, now);
    } else if (is_done && task.kind == PN_TASK_SENTINEL) {
        is_done = learn_primary(fleet, &task, reply, now);
    } else if (is_done) {
        pn_fleet_probed(fleet, &task, now);
    }
    if (!is_done) {
        pn_fleet_task_failed(fleet, &task, now);
    }
    if (!is_done && task.kind != PN_TASK_PROBE) {
        explain(hub, &task, request->rc, reply);
    }
    pn_client_unlock(hub->client);
    tell_others(hub, now);
    pn_hub_rouse(hub, now);
}

void
pn_hub_task_learn(struct pn_hub *hub)
{
    if (hub->task.kind != PN_TASK_NONE && hub->task_request.state == PN_REQ_FINISHED) {
        end(hub, pn_clock_mono_ns());
    }
}

void
pn_hub_tasks(struct pn_hub *hub, uint64_t now)
{
    pn_hub_task_learn(hub);
    if (hub->task.kind != PN_TASK_NONE) {
        return;
    }
    struct pn_fleet *fleet = pn_client_lock(hub->client);
    struct pn_task task = pn_fleet_task(fleet, now);
    pn_client_unlock(hub->client);
    if (task.kind != PN_TASK_NONE && win_board(hub, &task, now)) {
        begin(hub, &task, now);
    }
}

void
pn_hub_task_abort(struct pn_hub *hub, uint64_t now)
{
    struct pn_request *request = &hub->task_request;
    if (hub->task.kind == PN_TASK_NONE) {
        return;
    }
    if (request->state == PN_REQ_WAITING || request->state == PN_REQ_SENT) {
        hub->pending++; /* the task's is not counted; cancelling counts down */
        pn_hub_cancel(hub, request);
    }
    const struct pn_task task = hub->task;
    hub->task.kind = PN_TASK_NONE;
    struct pn_fleet *fleet = pn_client_lock(hub->client);
    pn_fleet_task_failed(fleet, &task, now);
    pn_client_unlock(hub->client);
    leave_board(hub);
}
