#define _POSIX_C_SOURCE 200809L

#include "sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * sim [--full [--hosts N]] [--seeds N] [--from SEED] [--policy NAME] [--scenario NAME]
 *     [--csv DIR]
 *
 * Without --full: a small fleet, src/fleet only, a report in TAP; this is the test.
 * With it: 1000 nodes, 10,000 hosts, all policies, a line for each run, and a bar on a
 * terminal. --csv (DIR must be there) writes a table over time of each run of the first
 * seed, and summary.csv. A run that breaks an invariant prints the command that makes
 * it again. The exit status is 1 when one did, 2 for bad arguments.
 */
struct options {
    bool is_full;
    unsigned seeds, hosts; /* hosts: 0 for the size's own */
    unsigned runs, run;    /* all of them; of them begun */
    uint64_t from;
    const char *policy, *scenario, *csv, *program;
};

static const struct policy *const policies[] = {&policy_pinyon, &policy_redis_py,
                                                &policy_go_redis, &policy_glide};

/* ---- One run -------------------------------------------------------------------- */

static void
sample(struct sim *sim)
{
    size_t at = (size_t)((sim->now - START) / (BUCKET_MS * MS));
    struct bucket *bucket = &sim->bucket[at > 0 ? at - 1 : 0];
    for (uint32_t i = 0; i < sim->n_nodes; i++) {
        struct server *server = &sim->server[i];
        uint64_t busy = server->busy > sim->now ? (server->busy - sim->now) / MS : 0;
        if (server->queries > bucket->node_queries) {
            bucket->node_queries = server->queries;
        }
        if (server->dials > bucket->node_dials) {
            bucket->node_dials = server->dials;
        }
        bucket->busy_ms = busy > bucket->busy_ms ? (uint32_t)busy : bucket->busy_ms;
        server->queries = server->dials = 0;
    }
    if (at % (1000 / BUCKET_MS) == 0) {
        memset(sim->dials, 0, (size_t)sim->n_processes * sim->n_nodes);
        sim->refused_queries = 0;
    }
    heap_push(&sim->heap,
              (struct event){.at = sim->now + BUCKET_MS * MS, .kind = EV_SAMPLE});
}

/* A bar on a terminal, over all runs; each of them counts by its virtual time. */
static void
show_progress(const struct sim *sim)
{
    enum { WIDTH = 40 };
    if (!isatty(STDERR_FILENO)) {
        return;
    }
    double here = (double)(sim->now - START) / (double)sim->scenario->length;
    double all = ((double)sim->number - 1 + here) / sim->of;
    int full = (int)(all * WIDTH);
    fprintf(stderr, "\r[%.*s%*s] %3d %%, run %u of %u: %s, %s\033[K", full,
            "########################################", WIDTH - full, "",
            (int)(all * 100), sim->number, sim->of, sim->scenario->name,
            sim->policy->name);
}

static void
run(struct sim *sim)
{
    struct event event;
    uint64_t end = START + sim->scenario->length;
    sim->now = START;
    world_open(sim);
    client_open(sim);
    sample(sim);
    sim->scenario->script(sim, UINT16_MAX);
    while (heap_pop(&sim->heap, &event) && event.at < end) {
        sim->now = event.at;
        if (event.kind == EV_SAMPLE) {
            sample(sim);
            show_progress(sim);
        } else if (event.kind == EV_SCRIPT) {
            sim->scenario->script(sim, event.arg);
        } else {
            client_event(sim, &event);
        }
    }
    sim->now = end;
}

/* ---- Tables --------------------------------------------------------------------- */

static int
by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t
quantile(const struct sim *sim, double q)
{
    size_t n = sim->n_recovery;
    return n > 0 ? sim->recovery[(size_t)(q * (double)(n - 1))] : 0;
}

static void
write_series(const struct sim *sim, const char *dir)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s-%s.csv", dir, sim->scenario->name,
             sim->policy->name);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    fprintf(file, "s,queries,dials,ok,errors,moved,node_queries,node_dials,busy_ms\n");
    double each = BUCKET_MS / 1000.0;
    for (size_t i = 0; i < sim->scenario->length / (BUCKET_MS * MS); i++) {
        const struct bucket *b = &sim->bucket[i];
        fprintf(file, "%.2f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%u\n", (double)i * each,
                b->queries / each, b->dials / each, b->ok / each, b->errors / each,
                b->moved / each, b->node_queries / each, b->node_dials / each,
                b->busy_ms);
    }
    fclose(file);
}

struct peak {
    uint32_t queries, node_queries, node_dials, busy_ms;
};

/* Of what follows the beginning: the first seconds are the start of the clients. */
static struct peak
peak_of(const struct sim *sim)
{
    struct peak peak = {0, 0, 0, 0};
    for (size_t i = 3500 / BUCKET_MS; i < BUCKETS_MAX; i++) {
        const struct bucket *b = &sim->bucket[i];
        peak.queries = b->queries > peak.queries ? b->queries : peak.queries;
        peak.node_queries = b->node_queries > peak.node_queries ? b->node_queries
                                                                : peak.node_queries;
        peak.node_dials = b->node_dials > peak.node_dials ? b->node_dials
                                                          : peak.node_dials;
        peak.busy_ms = b->busy_ms > peak.busy_ms ? b->busy_ms : peak.busy_ms;
    }
    return peak;
}

static void
write_summary(struct sim *sim, FILE *file)
{
    struct peak peak = peak_of(sim);
    unsigned per_second = 1000 / BUCKET_MS;
    qsort(sim->recovery, sim->n_recovery, sizeof *sim->recovery, by_size);
    fprintf(file,
            "%s,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
            ",%u,%u,%u,%u,%zu,%u,%u,%u,%" PRIu64 "\n",
            sim->scenario->name, sim->policy->name, sim->requests, sim->errors,
            sim->queries, sim->dials_all, peak.queries * per_second,
            peak.node_queries * per_second, peak.node_dials * per_second, peak.busy_ms,
            sim->n_recovery, quantile(sim, 0.5), quantile(sim, 0.99),
            quantile(sim, 1.0), sim->never);
    fflush(file);
}

/* ---- All runs ------------------------------------------------------------------- */

static bool
is_chosen(const char *wanted, const char *name)
{
    return wanted == NULL || strcmp(wanted, name) == 0;
}

/* What was broken, and the command that breaks it again. */
static void
tell_failure(const struct options *options, const struct sim *sim)
{
    char hosts[32] = "";
    if (options->hosts > 0) {
        snprintf(hosts, sizeof hosts, " --hosts %u", options->hosts);
    }
    printf("# %s\n# again: %s%s%s --policy %s --scenario %s --from %" PRIu64 "\n",
           sim->failure, options->program, options->is_full ? " --full" : "", hosts,
           sim->policy->name, sim->scenario->name, sim->seed);
}

/* True when all invariants held. */
static bool
one(struct options *options, const struct policy *policy,
    const struct scenario *scenario, uint64_t seed, FILE *summary)
{
    static const struct size small = {
        .shards = 20, .replicas = 1, .hosts = 40, .procs = 3};
    static const struct size full = {
        .shards = 500, .replicas = 1, .hosts = 10000, .procs = 2};
    static const struct size few = {
        .shards = 100, .replicas = 1, .hosts = 20, .procs = 8};
    struct sim *sim = take(1, sizeof *sim);
    sim->seed = seed;
    sim->size = !options->is_full ? small : scenario->think < 100 * MS ? few : full;
    sim->size.hosts = options->hosts > 0 ? options->hosts : sim->size.hosts;
    sim->policy = policy;
    sim->scenario = scenario;
    sim->rng.state = seed;
    sim->number = ++options->run;
    sim->of = options->runs;
    clock_t from = clock();
    run(sim);
    if (options->csv != NULL && seed == options->from) {
        write_series(sim, options->csv);
    }
    client_close(sim);
    check_end(sim);
    if (summary != NULL) {
        write_summary(sim, summary);
    }
    free(sim->recovery);
    bool is_good = sim->failed == NULL;
    if (!is_good) {
        tell_failure(options, sim);
    }
    if (options->is_full) {
        fprintf(stderr,
                "%s%-10s %-13s seed %" PRIu64 ": %.1f s, %" PRIu64 " requests%s\n",
                isatty(STDERR_FILENO) ? "\r\033[K" : "", scenario->name, policy->name,
                seed, (double)(clock() - from) / CLOCKS_PER_SEC, sim->requests,
                is_good ? "" : ": FAILED");
    }
    world_close(sim);
    free(sim);
    return is_good;
}

static struct options
parse(int argc, char **argv)
{
    struct options options = {.seeds = 1, .from = 1, .program = argv[0]};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--full") == 0) {
            options.is_full = true;
            continue;
        }
        if (strcmp(argv[i], "--seeds") == 0) {
            options.seeds = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(argv[i], "--hosts") == 0) {
            options.hosts = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(argv[i], "--from") == 0) {
            options.from = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--policy") == 0) {
            options.policy = value;
        } else if (strcmp(argv[i], "--scenario") == 0) {
            options.scenario = value;
        } else if (strcmp(argv[i], "--csv") == 0) {
            options.csv = value;
        } else {
            fprintf(stderr, "sim: unknown argument %s\n", argv[i]);
            exit(2);
        }
        i++;
    }
    return options;
}

static FILE *
open_summary(const struct options *options)
{
    char path[512];
    if (options->csv == NULL) {
        return options->is_full ? stdout : NULL;
    }
    snprintf(path, sizeof path, "%s/summary.csv", options->csv);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    fprintf(file, "scenario,policy,requests,errors,queries,dials,queries_s,"
                  "node_queries_s,node_dials_s,busy_ms,recoveries,p50_ms,p99_ms,"
                  "max_ms,never\n");
    return file;
}

/* Without --full src/fleet alone is run, or the policy that is named. */
static bool
is_run(const struct options *options, size_t scenario, size_t policy)
{
    size_t n = options->is_full || options->policy != NULL ? 4 : 1;
    return policy < n && is_chosen(options->scenario, scenarios[scenario].name) &&
           is_chosen(options->policy, policies[policy]->name);
}

static void
count_runs(struct options *options)
{
    for (size_t s = 0; s < n_scenarios; s++) {
        for (size_t p = 0; p < 4; p++) {
            options->runs += is_run(options, s, p) ? options->seeds : 0;
        }
    }
}

int
main(int argc, char **argv)
{
    struct options options = parse(argc, argv);
    FILE *summary = open_summary(&options);
    unsigned tests = 0, bad = 0;
    count_runs(&options);
    for (size_t at = 0; at < n_scenarios * 4; at++) {
        const struct scenario *scenario = &scenarios[at / 4];
        const struct policy *policy = policies[at % 4];
        bool is_good = true;
        if (!is_run(&options, at / 4, at % 4)) {
            continue;
        }
        for (unsigned i = 0; i < options.seeds; i++) {
            is_good = one(&options, policy, scenario, options.from + i, summary) &&
                      is_good;
        }
        printf("%sok %u - %s, %s, seeds %" PRIu64 " to %" PRIu64 "\n",
               is_good ? "" : "not ", ++tests, scenario->name, policy->name,
               options.from, options.from + options.seeds - 1);
        fflush(stdout);
        bad += !is_good;
    }
    printf("1..%u\n", tests);
    if (summary != NULL && summary != stdout) {
        fclose(summary);
    }
    return bad > 0;
}
