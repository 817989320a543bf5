#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/why.h"
#include "fleet/state.h"

/* ---- Options ----------------------------------------------------------------- */

static void
fill64(uint64_t *option, uint64_t standard)
{
    *option = *option != 0 ? *option : standard;
}

static void
fill32(uint32_t *option, uint32_t standard)
{
    *option = *option != 0 ? *option : standard;
}

static void
fill_in(struct pn_fleet_opts *opts)
{
    bool is_hash = opts->kind == PN_FLEET_HASH;
    fill32(&opts->soft_failures, 3);
    fill64(&opts->probe_min, is_hash ? 10 * FLEET_S : 200 * FLEET_MS);
    fill64(&opts->probe_max, is_hash ? 60 * FLEET_S : 5 * FLEET_S);
    fill64(&opts->dial_min, 20 * FLEET_MS);
    fill64(&opts->dial_max, 5 * FLEET_S);
    fill32(&opts->dials_at_once, 4);
    fill64(&opts->refresh_forced, 200 * FLEET_MS);
    fill64(&opts->refresh_unforced, FLEET_S);
    fill64(&opts->refresh_jitter, 15 * FLEET_S);
    fill64(&opts->refresh_period, 60 * FLEET_S);
    fill32(&opts->redirects_max, 5);
    fill32(&opts->retries_max, 3);
    fill32(&opts->retry_percent, 10);
}

static int
check_times(const struct pn_fleet_opts *opts, struct pn_why *why)
{
    static const char remedy[] = "give nanoseconds, up to a day";
    const struct {
        const char *name;
        uint64_t ns;
    } row[] = {
        {"probe_min", opts->probe_min},
        {"probe_max", opts->probe_max},
        {"dial_min", opts->dial_min},
        {"dial_max", opts->dial_max},
        {"refresh_forced", opts->refresh_forced},
        {"refresh_unforced", opts->refresh_unforced},
        {"refresh_jitter", opts->refresh_jitter},
        {"refresh_period", opts->refresh_period == PN_NEVER ? 0 : opts->refresh_period},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        if (row[i].ns > 86400 * FLEET_S) {
            return pn_why(why, PN_E_INVALID, "%s=%llu ns is too long: %s", row[i].name,
                          (unsigned long long)row[i].ns, remedy);
        }
    }
    if (opts->probe_max < opts->probe_min || opts->dial_max < opts->dial_min) {
        return pn_why(why, PN_E_INVALID, "%s_max is less than %s_min: give more",
                      opts->probe_max < opts->probe_min ? "probe" : "dial",
                      opts->probe_max < opts->probe_min ? "probe" : "dial");
    }
    return PN_OK;
}

static int
check(const struct pn_fleet_opts *opts, struct pn_why *why)
{
    if ((unsigned)opts->kind > PN_FLEET_HASH ||
        (unsigned)opts->read_from > PN_READ_ZONE) {
        return pn_why(why, PN_E_INVALID, "kind=%d, read_from=%d: there is no such one",
                      (int)opts->kind, (int)opts->read_from);
    }
    if (opts->n_seeds == 0 || opts->n_seeds > PN_FLEET_NODES_MAX) {
        return pn_why(why, PN_E_INVALID, "%zu servers: give 1 to %u", opts->n_seeds,
                      PN_FLEET_NODES_MAX);
    }
    if (opts->kind == PN_FLEET_SINGLE && opts->n_seeds != 1) {
        return pn_why(
            why, PN_E_INVALID,
            "%zu addresses of a single server: give one, or choose a cluster, "
            "sentinels or a placement",
            opts->n_seeds);
    }
    if (opts->zone != NULL && strlen(opts->zone) >= 64) {
        return pn_why(why, PN_E_INVALID, "zone: 63 bytes at most");
    }
    if (opts->retry_percent > 100) {
        return pn_why(why, PN_E_INVALID, "retry_percent=%u: 100 at most",
                      opts->retry_percent);
    }
    return check_times(opts, why);
}

/* ---- Making ------------------------------------------------------------------ */

static int
add_seeds(struct pn_fleet *fleet, const struct pn_fleet_opts *opts, struct pn_why *why)
{
    fleet->seed = pn_alloc(opts->n_seeds * sizeof *fleet->seed);
    if (fleet->seed == NULL) {
        return pn_why(why, PN_E_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < opts->n_seeds; i++) {
        struct fleet_name name = fleet_name(&opts->seed[i]);
        uint16_t number = fleet_add(fleet, name);
        struct fleet_node *node = fleet_at(fleet, number);
        if (node == NULL && name.len > 0) {
            return pn_why(why, PN_E_NOMEM, "out of memory");
        }
        if (node == NULL) {
            return pn_why(why, PN_E_INVALID,
                          "server %zu (%.64s): a host has 1 to %u bytes", i,
                          opts->seed[i].host, PN_FLEET_HOST_MAX);
        }
        node->is_seed = true;
        fleet->seed[i] = number;
        if (opts->kind == PN_FLEET_SENTINEL) {
            node->shown.role = PN_ROLE_SENTINEL;
        } else if (opts->kind == PN_FLEET_SINGLE) {
            node->shown.role = PN_ROLE_PRIMARY;
            fleet->primary = number;
        }
    }
    for (size_t i = opts->n_seeds; i > 1; i--) { /* not everybody asks the first one */
        size_t at = fleet_draw(fleet, i);
        uint16_t swap = fleet->seed[at];
        fleet->seed[at] = fleet->seed[i - 1];
        fleet->seed[i - 1] = swap;
    }
    return PN_OK;
}

/* The same in every process that was configured alike, in whatever order. */
static uint64_t
identify(const struct pn_fleet_opts *opts)
{
    const char *service = opts->service != NULL ? opts->service : "";
    const char *place = opts->place != NULL ? opts->place : "slots";
    uint64_t sum = fleet_mix(pn_checksum(service, strlen(service)) + opts->kind);
    if (opts->kind == PN_FLEET_HASH) {
        sum += fleet_mix(pn_checksum(place, strlen(place)));
    }
    for (size_t i = 0; i < opts->n_seeds; i++) {
        struct fleet_name name = fleet_name(&opts->seed[i]);
        sum += fleet_mix(pn_checksum(name.host, name.len) + name.port);
    }
    return sum;
}

static int
build(struct pn_fleet *fleet, const struct pn_fleet_opts *given, uint64_t now,
      struct pn_why *why)
{
    if (given->kind == PN_FLEET_CLUSTER) {
        fleet->slot = pn_alloc(PN_FLEET_SLOTS * sizeof *fleet->slot);
        if (fleet->slot == NULL) {
            return pn_why(why, PN_E_NOMEM, "out of memory");
        }
        memset(fleet->slot, 0xff, PN_FLEET_SLOTS * sizeof *fleet->slot);
        fleet->counters.slots_empty = PN_FLEET_SLOTS;
    }
    int rc = given->kind == PN_FLEET_HASH ? fleet_members_new(fleet, given, why)
                                          : add_seeds(fleet, given, why);
    fleet_refresh_init(fleet, now);
    fleet_budget_init(fleet, now);
    return rc;
}

int
pn_fleet_new(const struct pn_fleet_opts *given, uint64_t now, struct pn_fleet **out,
             struct pn_why *why)
{
    struct pn_fleet_opts opts = *given;
    fill_in(&opts);
    int rc = check(&opts, why);
    if (rc < 0) {
        return rc;
    }
    struct pn_fleet *fleet = pn_alloc(sizeof *fleet);
    if (fleet == NULL) {
        return pn_why(why, PN_E_NOMEM, "out of memory");
    }
    memset(fleet->nodes.bucket, 0xff, sizeof fleet->nodes.bucket);
    if (opts.zone != NULL) {
        memcpy(fleet->zone, opts.zone, strlen(opts.zone) + 1);
    }
    fleet->opts = opts;
    fleet->opts.service = fleet->opts.zone = fleet->opts.place = NULL;
    fleet->opts.seed = fleet->opts.gutter = NULL;
    fleet->opts.place_opts = NULL;
    fleet->opts.names = NULL;
    fleet->opts.weights = NULL;
    fleet->chance = opts.seed_of_chance;
    fleet->identity = identify(&opts);
    fleet->primary = PN_NODE_NONE;
    fleet->probe_at = PN_NEVER;
    rc = build(fleet, &opts, now, why);
    if (rc < 0) {
        pn_fleet_free(fleet);
        return rc;
    }
    *out = fleet;
    return PN_OK;
}

void
pn_fleet_free(struct pn_fleet *fleet)
{
    if (fleet == NULL) {
        return;
    }
    fleet_members_free(fleet);
    fleet_free_nodes(fleet);
    pn_free(fleet->seed);
    pn_free(fleet->slot);
    pn_free(fleet);
}

uint64_t
pn_fleet_epoch(const struct pn_fleet *fleet)
{
    return fleet->epoch;
}

const struct pn_fleet_counters *
pn_fleet_counters(const struct pn_fleet *fleet)
{
    return &fleet->counters;
}
