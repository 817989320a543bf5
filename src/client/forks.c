#define _POSIX_C_SOURCE 200809L
#include "client/forks.h"

#include "base/clock.h"
#include "client/pool.h"
#include "net/resolve.h"

/* Order of locks: this one, then those of clients. */
static struct {
    pthread_mutex_t lock;
    struct pn_client *first;
    pthread_once_t once;
    int rc; /* of registering the handlers, once */
} open_clients = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

/* ---- In the child --------------------------------------------------------------- */

/* A thread that the child has not was at work on HUB: nothing in it can be relied on
 * but its descriptors, and nobody will use it again. */
static void
forsake(struct pn_hub *hub)
{
    for (uint32_t i = 0; i < hub->n_links; i++) {
        if (hub->link[i] != NULL) {
            struct pn_stream bare = {.fd = hub->link[i]->stream.fd};
            pn_stream_abandon(&bare);
        }
    }
}

static void
finish_forked(struct pn_hub *hub, struct pn_request *request)
{
    if (request != NULL && request != &hub->task_request) {
        pn_hub_finish(hub, request, PN_CLIENT_E_FORKED);
    }
}

static void
abandon_link(struct pn_hub *hub, struct pn_link *link)
{
    pn_stream_abandon(&link->stream);
    pn_stream_abandon(&link->old);
    pn_resolve_abandon(link->asked);
    link->asked = NULL;
    link->is_watched = false;
    struct pn_request *queued = pn_list_take_all(&link->queue);
    uint32_t n = link->flight_n;
    pn_hub_shut(hub, link);
    pn_hub_clear_busy(hub, link);
    for (uint32_t i = 0; i < n; i++) { /* the ring's memory is still there */
        finish_forked(hub, pn_link_flight(link, i)->request);
    }
    for (struct pn_request *next; queued != NULL; queued = next) {
        next = queued->next;
        finish_forked(hub, queued);
    }
}

/* The child has no right to the parent's connections: it lets go of them. */
static void
abandon(struct pn_hub *hub)
{
    if (atomic_load(&hub->is_entered)) {
        forsake(hub);
        return;
    }
    hub->has_board_lock = false; /* the parent's */
    pn_hub_task_abort(hub, pn_clock_mono_ns());
    for (uint32_t i = 0; i < hub->n_links; i++) {
        if (hub->link[i] != NULL) {
            abandon_link(hub, hub->link[i]);
        }
    }
}

/* ---- Handlers of fork() ---------------------------------------------------------- */

static void
before(void)
{
    pthread_mutex_lock(&open_clients.lock);
    for (struct pn_client *c = open_clients.first; c != NULL; c = c->next_open) {
        pthread_mutex_lock(&c->lock);
    }
}

static void
in_parent(void)
{
    for (struct pn_client *c = open_clients.first; c != NULL; c = c->next_open) {
        pthread_mutex_unlock(&c->lock);
    }
    pthread_mutex_unlock(&open_clients.lock);
}

static void
in_child(void)
{
    for (struct pn_client *c = open_clients.first; c != NULL; c = c->next_open) {
        pn_client_init_locks(c); /* threads that waited for them are not here */
        pn_pool_after_fork(c);
        for (struct pn_hub *hub = c->all; hub != NULL; hub = hub->next_all) {
            abandon(hub);
        }
        pn_fleet_forked(c->fleet);
    }
    pthread_mutex_init(&open_clients.lock, NULL);
}

/* ---- The list -------------------------------------------------------------------- */

static void
register_handlers(void)
{
    open_clients.rc = pthread_atfork(before, in_parent, in_child);
}

int
pn_forks_watch(struct pn_client *client)
{
    /* Not under the lock: the C library's own lock comes before it, in fork(). */
    pthread_once(&open_clients.once, register_handlers);
    if (open_clients.rc != 0) {
        return PN_E_NOMEM;
    }
    pthread_mutex_lock(&open_clients.lock);
    client->next_open = open_clients.first;
    client->at_open = &open_clients.first;
    if (client->next_open != NULL) {
        client->next_open->at_open = &client->next_open;
    }
    open_clients.first = client;
    pthread_mutex_unlock(&open_clients.lock);
    return PN_OK;
}

void
pn_forks_forget(struct pn_client *client)
{
    pthread_mutex_lock(&open_clients.lock);
    if (client->at_open != NULL) {
        *client->at_open = client->next_open;
        if (client->next_open != NULL) {
            client->next_open->at_open = client->at_open;
        }
        client->at_open = NULL;
    }
    pthread_mutex_unlock(&open_clients.lock);
}
