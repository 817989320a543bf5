#define _POSIX_C_SOURCE 200809L

#include "client/pool.h"

#include "base/alloc.h"
#include "base/clock.h"

#define SWEEP_NS UINT64_C(1000000000)

static int
make_hub(struct pn_client *client, struct pn_hub **out)
{
    int rc = pn_hub_new(client, false, out);
    if (rc == PN_OK) {
        (*out)->is_pooled = true;
        return PN_OK;
    }
    pn_client_lock(client);
    client->n_hubs--;
    pn_client_unlock(client);
    return rc;
}

static struct timespec
to_timespec(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000),
                             .tv_nsec = (long)(ns % 1000000000)};
}

/* What was under way on HUB while it was idle had nobody to go on with it, and is not
 * late for that: a dial has the time that it had, a query is another hub's by now. */
static void
resume(struct pn_hub *hub, uint64_t now)
{
    uint64_t idle = now > hub->idle_since ? now - hub->idle_since : 0;
    for (uint32_t i = 0; i < hub->n_busy; i++) {
        hub->busy[i]->dial_deadline += idle;
    }
    if (hub->task.kind != PN_TASK_NONE && hub->task.deadline <= now) {
        pn_hub_task_abort(hub, now);
    }
}

static bool
is_exhausted(const struct pn_client *client)
{
    return client->idle == NULL && client->n_hubs >= client->opts.max_hubs;
}

int
pn_client_take(struct pn_client *client, uint64_t now, uint64_t deadline,
               struct pn_hub **out)
{
    return pn_client_take_slice(client, now, deadline, deadline, false, out);
}

int
pn_client_take_slice(struct pn_client *client, uint64_t now, uint64_t until,
                     uint64_t deadline, bool is_more, struct pn_hub **out)
{
    const struct timespec end = to_timespec(until);
    int rc = PN_OK;
    struct pn_hub *hub = NULL;
    pthread_mutex_lock(&client->lock);
    client->waits += !is_more && is_exhausted(client);
    while (rc == PN_OK && !client->is_closed && is_exhausted(client)) {
        if (until <= now ||
            pthread_cond_timedwait(&client->freed, &client->lock, &end) != 0) {
            client->exhausted += until >= deadline;
            rc = PN_CLIENT_E_POOL;
        }
    }
    if (client->is_closed) {
        rc = PN_CLIENT_E_CLOSED;
    } else if (rc == PN_OK && client->idle != NULL) {
        hub = client->idle;
        client->idle = hub->next_idle;
        client->n_idle--;
    } else if (rc == PN_OK) {
        client->n_hubs++;
    }
    pthread_mutex_unlock(&client->lock);
    if (rc == PN_OK && hub == NULL) {
        return make_hub(client, out);
    }
    if (rc == PN_OK) {
        pn_hub_enter(hub);
        resume(hub, now);
        pn_hub_leave(hub);
        *out = hub;
    }
    return rc;
}

/* May the query of HUB stay under way while nobody drives it? Only where no reply to
 * another is to come before its own. */
static bool
keeps_task(const struct pn_hub *hub)
{
    uint16_t node = hub->task.node;
    if (hub->task.kind == PN_TASK_NONE || hub->is_soiled || node >= hub->n_links ||
        hub->link[node] == NULL) {
        return false;
    }
    const struct pn_link *link = hub->link[node];
    if (hub->task_request.state == PN_REQ_SENT) {
        return link->flight_n == 1;
    }
    const struct pn_request *queued = link->queue.head;
    while (queued != NULL && queued != &hub->task_request) {
        queued = queued->next;
    }
    return queued != NULL; /* it waits for its connection */
}

/* Drops what was left under way, but for a query of the hub's own. Connections that are
 * being opened are still wanted. */
static void
clean(struct pn_hub *hub, bool keeps)
{
    hub->pending = 0;
    hub->keeps_pushes = false;
    pn_list_init(&hub->finished);
    pn_list_init(&hub->waiting);
    for (uint32_t i = 0; i < hub->n_links; i++) {
        struct pn_link *link = hub->link[i];
        if (link == NULL) {
            continue;
        }
        bool is_tasks = keeps && i == hub->task.node;
        bool is_owing = link->flight_n > 0 || pn_buffer_left(&link->out) > 0;
        pn_list_init(&link->queue);
        if (is_tasks && hub->task_request.state == PN_REQ_WAITING) {
            pn_list_add(&link->queue, &hub->task_request);
        }
        if (hub->is_soiled || (is_owing && !is_tasks)) {
            pn_hub_shut(hub, link);
            pn_hub_clear_busy(hub, link);
        }
    }
    hub->is_soiled = false;
    pn_hub_release(hub);
}

void
pn_client_give(struct pn_client *client, struct pn_hub *hub, uint64_t now)
{
    pn_hub_enter(hub);
    bool is_dirty = hub->pending > 0 || hub->n_busy > 0 || hub->is_soiled ||
                    hub->keeps_pushes || hub->finished.head != NULL;
    if (is_dirty) {
        pn_hub_task_learn(hub);
        bool keeps = keeps_task(hub);
        if (!keeps) {
            pn_hub_task_abort(hub, now);
        }
        clean(hub, keeps);
    } else {
        pn_hub_release(hub);
    }
    pn_hub_leave(hub);
    pthread_mutex_lock(&client->lock);
    bool is_kept = hub->is_pooled && !client->is_closed;
    if (is_kept) {
        hub->idle_since = now;
        hub->next_idle = client->idle;
        client->idle = hub;
        client->n_idle++;
        pthread_cond_signal(&client->freed);
    } else if (hub->is_pooled) {
        client->n_hubs--;
    }
    bool is_sweep_due = client->sweep_at <= now;
    pthread_mutex_unlock(&client->lock);
    if (!is_kept) {
        pn_hub_free(hub);
    }
    if (is_sweep_due) {
        pn_client_sweep(client, now);
    }
}

static void
free_all(struct pn_hub *hub)
{
    for (struct pn_hub *next; hub != NULL; hub = next) {
        next = hub->next_idle;
        pn_hub_free(hub);
    }
}

uint64_t
pn_client_sweep(struct pn_client *client, uint64_t now)
{
    struct pn_hub *old = NULL;
    pthread_mutex_lock(&client->lock);
    client->sweep_at = now + SWEEP_NS;
    uint64_t next = client->sweep_at;
    struct pn_hub **at = &client->idle;
    while (*at != NULL && client->n_hubs > client->opts.min_hubs) {
        struct pn_hub *hub = *at;
        if (now > hub->idle_since && /* NOW may be older: another thread's */
            now - hub->idle_since > client->opts.idle_ns) {
            *at = hub->next_idle;
            hub->next_idle = old;
            old = hub;
            client->n_idle--;
            client->n_hubs--;
        } else {
            at = &hub->next_idle;
        }
    }
    pthread_mutex_unlock(&client->lock);
    free_all(old);
    return next;
}

void
pn_client_drain(struct pn_client *client)
{
    pthread_mutex_lock(&client->lock);
    struct pn_hub *idle = client->idle;
    client->idle = NULL;
    client->n_hubs -= client->n_idle;
    client->n_idle = 0;
    pthread_mutex_unlock(&client->lock);
    free_all(idle);
}

void
pn_pool_after_fork(struct pn_client *client)
{
    for (struct pn_hub *hub = client->all; hub != NULL; hub = hub->next_all) {
        hub->is_pooled = false;
    }
    for (struct pn_hub *hub = client->idle; hub != NULL; hub = hub->next_idle) {
        hub->is_pooled = true;
    }
    client->n_hubs = client->n_idle; /* the others are freed when given back */
}

struct pn_pool_counts
pn_client_pool(struct pn_client *client)
{
    pthread_mutex_lock(&client->lock);
    struct pn_pool_counts counts = {
        .taken = client->n_hubs - client->n_idle,
        .idle = client->n_idle,
        .max = client->opts.max_hubs,
        .waits = client->waits,
        .exhausted = client->exhausted,
        .opened = atomic_load_explicit(&client->opened, memory_order_relaxed),
        .closed = atomic_load_explicit(&client->closed, memory_order_relaxed),
    };
    pthread_mutex_unlock(&client->lock);
    return counts;
}
