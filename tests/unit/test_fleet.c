#define _POSIX_C_SOURCE 200809L
#include "base/alloc.h"
#include "fleet.h"

#include <stdlib.h>

/* The n-th allocation from now on fails; the library's own is not linked. */
static int fail_in;

void *
pn_alloc(size_t size)
{
    if (fail_in > 0 && --fail_in == 0) {
        return NULL;
    }
    void *p = NULL;
    if (posix_memalign(&p, 64, size) != 0) {
        return NULL;
    }
    return memset(p, 0, size);
}

void
pn_free(void *p)
{
    free(p);
}

static int
try(struct pn_fleet_opts *opts, const char *says)
{
    struct pn_endpoint one = server(1);
    struct pn_fleet *fleet = NULL;
    struct pn_why why = {.text = ""};
    if (opts->seed == NULL) {
        opts->seed = &one;
        opts->n_seeds = opts->n_seeds != 0 ? opts->n_seeds : 1;
    }
    int rc = pn_fleet_new(opts, START, &fleet, &why);
    if (!CHECK(strstr(why.text, says) != NULL)) {
        printf("# %s\n", why.text);
    }
    CHECK((rc == PN_OK) == (fleet != NULL));
    pn_fleet_free(fleet);
    return rc;
}

static void
test_zero_is_good(void)
{
    for (enum pn_fleet_kind kind = PN_FLEET_SINGLE; kind <= PN_FLEET_HASH; kind++) {
        struct pn_fleet_opts opts = {.kind = kind};
        CHECK_EQ(try(&opts, ""), PN_OK);
    }
    pn_fleet_free(NULL);
}

static void
test_refused(void)
{
    struct pn_endpoint none = {.host = ""}, wild = {.port = 1};
    struct pn_endpoint two[2] = {server(1), server(2)};
    memset(wild.host, 'x', sizeof wild.host);
    struct {
        struct pn_fleet_opts opts;
        const char *says;
    } row[] = {
        {{.kind = (enum pn_fleet_kind)9}, "kind=9"},
        {{.read_from = (enum pn_read_from)77}, "read_from=77"},
        {{.seed = two, .n_seeds = 0}, "give 1 to 4096"},
        {{.seed = two, .n_seeds = 5000}, "give 1 to 4096"},
        {{.seed = two, .n_seeds = 2}, "give one"},
        {{.seed = &none, .n_seeds = 1}, "1 to 255 bytes"},
        {{.seed = &wild, .n_seeds = 1}, "1 to 255 bytes"},
        {{.retry_percent = 101}, "100 at most"},
        {{.probe_min = 9 * SEC, .probe_max = SEC}, "probe_max is less"},
        {{.dial_min = 9 * SEC, .dial_max = SEC}, "dial_max is less"},
        {{.refresh_jitter = PN_NEVER}, "refresh_jitter"},
        {{.kind = PN_FLEET_HASH, .place = "no-such"}, "no-such"},
        {{.zone = "0123456789012345678901234567890123456789012345678901234567890123"},
         "63 bytes"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        CHECK_EQ(try(&row[i].opts, row[i].says), PN_E_INVALID);
    }
}

/* The texts and lists may be the caller's no longer. */
static void
test_copies(void)
{
    char *service = strdup("mymaster"), *zone = strdup("eu-1"),
         *place = strdup("maglev");
    struct pn_endpoint *seed = malloc(sizeof *seed);
    *seed = server(4);
    struct pn_fleet_opts opts = {.kind = PN_FLEET_HASH,
                                 .seed = seed,
                                 .n_seeds = 1,
                                 .service = service,
                                 .zone = zone,
                                 .place = place};
    struct pn_fleet *fleet = NULL;
    CHECK_EQ(pn_fleet_new(&opts, START, &fleet, NULL), PN_OK);
    free(service);
    free(zone);
    free(place);
    free(seed);
    struct pn_endpoint more[2] = {server(4), server(5)};
    CHECK_EQ(pn_fleet_learn_members(fleet, more, NULL, NULL, 2, SEC, START, NULL),
             PN_OK);
    CHECK_EQ(route_key(fleet, "k", 0, START).kind, PN_ROUTE_NODE);
    pn_fleet_free(fleet);
}

/* Every allocation of a fleet's making fails once; nothing leaks (ASan looks). */
static void
test_no_memory(void)
{
    static const char *const names[] = {"a", "b", "c"};
    static uint16_t table[1024];
    struct pn_place_opts place = {.table = table, .slots = 1024};
    struct pn_endpoint seed[3] = {server(1), server(2), server(3)}, spare = server(9);
    for (enum pn_fleet_kind kind = PN_FLEET_SINGLE; kind <= PN_FLEET_HASH; kind++) {
        struct pn_fleet_opts opts = {.kind = kind,
                                     .seed = seed,
                                     .n_seeds = kind == PN_FLEET_SINGLE ? 1 : 3,
                                     .names = names,
                                     .place = "couchbase",
                                     .place_opts = &place,
                                     .gutter = &spare,
                                     .n_gutter = 1};
        int rc = PN_E_NOMEM, n = 0;
        while (rc < 0 && n < 40) {
            struct pn_fleet *fleet = NULL;
            struct pn_why why = {.text = ""};
            fail_in = ++n;
            rc = pn_fleet_new(&opts, START, &fleet, &why);
            fail_in = 0;
            /* A name that found no room is told as a server that found none. */
            CHECK(rc == PN_OK || rc == PN_E_NOMEM || rc == PN_E_INVALID);
            CHECK((rc < 0) == (why.text[0] != '\0') && (rc < 0) == (fleet == NULL));
            pn_fleet_free(fleet);
        }
        CHECK_EQ(rc, PN_OK);
        CHECK(n > (kind == PN_FLEET_HASH ? 6 : 2));
    }
}

static void
test_learning_without_memory(void)
{
    struct map map = map_of(3, 1);
    for (int n = 1; n < 8; n++) {
        struct pn_fleet *fleet = fleet_make(PN_FLEET_CLUSTER, 1, NULL);
        struct pn_task task = pn_fleet_task(fleet, START);
        fail_in = n;
        bool is_learnt = learn(fleet, &task, &map, START);
        fail_in = 0;
        if (!is_learnt) { /* asked again, and then it works */
            task = pn_fleet_task(fleet, START + 10 * SEC);
            CHECK(learn(fleet, &task, &map, START + 10 * SEC));
        }
        CHECK_EQ(route_slot(fleet, 0, 0, START + 11 * SEC).kind, PN_ROUTE_NODE);
        CHECK_EQ(pn_fleet_epoch(fleet) > 0, true);
        pn_fleet_free(fleet);
    }
}

int
main(void)
{
    RUN(test_zero_is_good);
    RUN(test_refused);
    RUN(test_copies);
    RUN(test_no_memory);
    RUN(test_learning_without_memory);
    return harness_done();
}
