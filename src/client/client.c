#define _POSIX_C_SOURCE 200809L
#include "client/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/why.h"
#include "client/engine.h"
#include "client/forks.h"

#define SECOND UINT64_C(1000000000)
#define SERVICE_MAX 200u /* bytes of a sentinel's service name */

/* ---- Opening --------------------------------------------------------------------- */

/* The strings of the options that outlive opening. */
static const char **
text_at(struct pn_client_opts *opts, size_t i)
{
    const char **all[] = {
        &opts->hello.username,    &opts->hello.password,
        &opts->hello.client_name, &opts->hello.library_version,
        &opts->sentinel_username, &opts->sentinel_password,
        &opts->fleet.service,
    };
    return i < sizeof all / sizeof *all ? all[i] : NULL;
}

static int
copy_texts(struct pn_client *client)
{
    size_t size = 1;
    const char **text;
    for (size_t i = 0; (text = text_at(&client->opts, i)) != NULL; i++) {
        size += *text != NULL ? strlen(*text) + 1 : 0;
    }
    char *at = client->text = pn_alloc(size);
    if (at == NULL) {
        return PN_E_NOMEM;
    }
    for (size_t i = 0; (text = text_at(&client->opts, i)) != NULL; i++) {
        if (*text != NULL) {
            size_t len = strlen(*text) + 1;
            memcpy(at, *text, len);
            *text = at;
            at += len;
        }
    }
    return PN_OK;
}

static uint64_t
or_default(uint64_t value, uint64_t standard)
{
    return value != 0 ? value : standard;
}

static void
fill_in(struct pn_client_opts *opts)
{
    opts->connect_ns = or_default(opts->connect_ns, 2 * SECOND);
    opts->max_hubs = (uint32_t)or_default(opts->max_hubs, 64);
    opts->idle_ns = or_default(opts->idle_ns, 300 * SECOND);
    opts->lifetime_ns = or_default(opts->lifetime_ns, 3600 * SECOND);
    opts->check_ns = or_default(opts->check_ns, SECOND);
    opts->spin_ns = or_default(opts->spin_ns, 50000);
    opts->value_max = (uint32_t)or_default(opts->value_max, 1u << 20);
    opts->hello.protocol = (uint8_t)or_default(opts->hello.protocol, 3);
    opts->fleet.seed_of_chance = or_default(opts->fleet.seed_of_chance,
                                            pn_clock_mono_ns() | 1);
}

static int
check(const struct pn_client_opts *opts, struct pn_why *why)
{
    const char *service = opts->fleet.service;
    if (opts->fleet.kind == PN_FLEET_SENTINEL &&
        (service == NULL || service[0] == '\0' || strlen(service) > SERVICE_MAX)) {
        return pn_why(why, PN_E_INVALID,
                      "a sentinel fleet wants the service's name, of 1 to %u bytes",
                      SERVICE_MAX);
    }
    if (opts->min_hubs > opts->max_hubs) {
        return pn_why(why, PN_E_INVALID, "min_connections is %u, max_connections %u",
                      (unsigned)opts->min_hubs, (unsigned)opts->max_hubs);
    }
    return PN_OK;
}

void
pn_client_init_locks(struct pn_client *client)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&client->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&client->freed, &attr);
    pthread_condattr_destroy(&attr);
}

static int
set_up(struct pn_client *client, struct pn_why *why)
{
    int rc = check(&client->opts, why);
    if (rc == PN_OK) {
        rc = copy_texts(client);
    }
    if (rc == PN_OK && client->opts.tls != NULL) {
        rc = pn_tls_context_new(client->opts.tls, &client->tls, why);
    }
    if (rc == PN_OK) {
        rc = pn_fleet_new(&client->opts.fleet, pn_clock_mono_ns(), &client->fleet, why);
    }
    if (rc == PN_OK) {
        atomic_store(&client->fleet_wake, pn_fleet_wake(client->fleet));
        rc = pn_forks_watch(client);
    }
    return rc;
}

int
pn_client_open(const struct pn_client_opts *opts, struct pn_client **out,
               struct pn_why *why)
{
    struct pn_client *client = pn_alloc(sizeof *client);
    if (client == NULL) {
        return PN_E_NOMEM;
    }
    client->opts = *opts;
    fill_in(&client->opts);
    pn_client_init_locks(client);
    if (opts->board != NULL) {
        client->has_board = true;
        client->board = *opts->board;
    }
    int rc = set_up(client, why);
    if (rc < 0) {
        pn_client_free(client);
        return rc;
    }
    client->opts.tls = NULL; /* the caller's, and read */
    client->opts.board = NULL;
    client->opts.fleet = (struct pn_fleet_opts){.kind = client->opts.fleet.kind,
                                                .service = client->opts.fleet.service};
    *out = client;
    return PN_OK;
}

void
pn_client_close(struct pn_client *client)
{
    pthread_mutex_lock(&client->lock);
    client->is_closed = true;
    pthread_cond_broadcast(&client->freed);
    pthread_mutex_unlock(&client->lock);
    pn_client_drain(client);
}

void
pn_client_free(struct pn_client *client)
{
    if (client == NULL) {
        return;
    }
    pn_client_close(client);
    pn_forks_forget(client);
    pn_fleet_free(client->fleet);
    pn_tls_context_free(client->tls);
    for (size_t i = 0; i < PN_FLEET_NODES_MAX; i++) {
        pn_free(atomic_load(&client->node[i]));
    }
    pthread_mutex_destroy(&client->lock);
    pthread_cond_destroy(&client->freed);
    pn_free(client->text);
    pn_free(client);
}

/* ---- The fleet ----------------------------------------------------------- */

struct pn_fleet *
pn_client_lock(struct pn_client *client)
{
    pthread_mutex_lock(&client->lock);
    return client->fleet;
}

void
pn_client_unlock(struct pn_client *client)
{
    atomic_store_explicit(&client->fleet_wake, pn_fleet_wake(client->fleet),
                          memory_order_relaxed);
    pthread_mutex_unlock(&client->lock);
}

void
pn_client_fleet(struct pn_client *client,
                void (*fn)(struct pn_fleet *fleet, void *context), void *context)
{
    fn(pn_client_lock(client), context);
    pn_client_unlock(client);
}

/* ---- Nodes --------------------------------------------------------------- */

struct pn_client_node *
pn_client_node(struct pn_client *client, uint16_t node)
{
    struct pn_client_node *found = atomic_load_explicit(&client->node[node],
                                                        memory_order_acquire);
    if (found != NULL) {
        return found;
    }
    struct pn_client_node *made = pn_alloc(sizeof *made);
    if (made != NULL &&
        !atomic_compare_exchange_strong(&client->node[node], &found, made)) {
        pn_free(made); /* another thread was first */
        return found;
    }
    return made;
}

void
pn_client_blame(struct pn_client *client, uint16_t node, const struct pn_why *why)
{
    struct pn_client_node *found = pn_client_node(client, node);
    if (found != NULL) {
        found->why = why != NULL ? *why : (struct pn_why){0};
    }
}

bool
pn_client_why(struct pn_client *client, uint16_t node, struct pn_why *why)
{
    if (node >= PN_FLEET_NODES_MAX) {
        return false;
    }
    struct pn_client_node *found = atomic_load(&client->node[node]);
    if (found == NULL) {
        return false;
    }
    pthread_mutex_lock(&client->lock);
    *why = found->why;
    pthread_mutex_unlock(&client->lock);
    return why->code != 0;
}

void
pn_client_stats(struct pn_client *client, uint16_t node, struct pn_node_stats *out)
{
    struct pn_client_node *found = node < PN_FLEET_NODES_MAX
                                       ? atomic_load(&client->node[node])
                                       : NULL;
    if (found != NULL) {
        pn_node_stats_read(&found->counts, out);
    } else {
        *out = (struct pn_node_stats){0};
    }
}
