#include "fleet.h"

static void
test_at_once(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_SINGLE, 1, NULL);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(pn_fleet_dial(fleet, 0, START), 0);
    }
    uint64_t at = pn_fleet_dial(fleet, 0, START);
    CHECK(at > START && at <= START + 10 * MS);
    pn_fleet_connected(fleet, 0, START);
    CHECK_EQ(pn_fleet_dial(fleet, 0, START), 0);
    CHECK(pn_fleet_dial(fleet, 0, START) != 0);
    pn_fleet_undial(fleet, 0);
    CHECK_EQ(pn_fleet_dial(fleet, 0, START), 0);
    CHECK_EQ(pn_fleet_counters(fleet)->dials, 6);
    /* Whoever began the others is dead; they are forgotten. */
    CHECK(pn_fleet_dial(fleet, 0, START + 9 * SEC) != 0);
    CHECK_EQ(pn_fleet_dial(fleet, 0, START + 10 * SEC), 0);
    pn_fleet_free(fleet);
}

/* A child of a fork does not wait for dials of threads that it has not. */
static void
test_forked(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_SINGLE, 1, NULL);
    while (pn_fleet_dial(fleet, 0, START) == 0) {
    }
    pn_fleet_forked(fleet);
    CHECK_EQ(pn_fleet_dial(fleet, 0, START), 0);
    pn_fleet_free(fleet);
}

/* The waits after failures grow, are drawn, and end at dial_max. */
static void
test_backoff(void)
{
    struct pn_fleet_opts opts = {
        .dial_min = 10 * MS, .dial_max = 100 * MS, .probe_min = MS, .probe_max = MS};
    uint64_t longest[8] = {0};
    for (unsigned run = 0; run < 300; run++) {
        opts.seed_of_chance = run + 1;
        struct pn_fleet *fleet = fleet_make(PN_FLEET_SINGLE, 1, &opts);
        uint64_t now = START;
        for (unsigned i = 0; i < 5; i++) {
            CHECK_EQ(pn_fleet_dial(fleet, 0, now), 0);
            pn_fleet_trouble(fleet, 0, PN_TROUBLE_DIAL, now);
            uint64_t at = pn_fleet_dial(fleet, 0, now);
            if (at == 0) { /* drawn: no wait at all */
                pn_fleet_undial(fleet, 0);
                at = now;
            }
            longest[i] = at - now > longest[i] ? at - now : longest[i];
            now = at;
        }
        pn_fleet_free(fleet);
    }
    static const uint64_t window[] = {10, 20, 40, 80, 100};
    for (unsigned i = 0; i < 5; i++) {
        CHECK(longest[i] < window[i] * MS && longest[i] > window[i] * MS * 8 / 10);
    }
}

/* Four dials that are refused together are one failure. */
static void
test_together(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_SINGLE, 1, NULL);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(pn_fleet_dial(fleet, 0, START), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pn_fleet_trouble(fleet, 0, PN_TROUBLE_DIAL, START + i);
    }
    CHECK_EQ(pn_fleet_node(fleet, 0)->failures, 1);
    CHECK_EQ(pn_fleet_counters(fleet)->dial_failures, 4);
    CHECK_EQ(pn_fleet_node(fleet, 0)->health, PN_NODE_UP);
    pn_fleet_free(fleet);
}

/* A connection that breaks each time it stands backs off; an answer resets that. */
static void
test_flapping(void)
{
    struct pn_fleet_opts opts = {.soft_failures = 1000};
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 1, &opts);
    uint64_t now = START, early = 0, late = 0;
    for (unsigned i = 0; i < 12; i++) {
        uint64_t at = pn_fleet_dial(fleet, 0, now);
        while (at != 0) {
            early += i < 2 ? at - now : 0;
            late += i < 2 ? 0 : at - now;
            now = at;
            at = pn_fleet_dial(fleet, 0, now);
        }
        pn_fleet_connected(fleet, 0, now);
        pn_fleet_trouble(fleet, 0, PN_TROUBLE_LOST, now);
    }
    CHECK(late > 20 * early && late > SEC);
    now += 10 * SEC;
    CHECK_EQ(pn_fleet_dial(fleet, 0, now), 0);
    pn_fleet_connected(fleet, 0, now);
    pn_fleet_well(fleet, 0, now);
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_LOST, now);
    uint64_t at = pn_fleet_dial(fleet, 0, now);
    CHECK(at == 0 || at < now + 20 * MS);
    pn_fleet_free(fleet);
}

/* A node that is down is dialled for its probe and for nothing else. */
static void
test_down(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 2, NULL);
    CHECK_EQ(pn_fleet_dial(fleet, 1, START), 0);
    pn_fleet_trouble(fleet, 1, PN_TROUBLE_DIAL, START);
    CHECK_EQ(pn_fleet_node(fleet, 1)->health, PN_NODE_DOWN);
    uint64_t at = pn_fleet_dial(fleet, 1, START);
    CHECK_EQ(at, pn_fleet_node(fleet, 1)->probe_at);
    CHECK(pn_fleet_dial(fleet, 1, at) != 0);
    struct pn_task task = pn_fleet_task(fleet, at);
    CHECK(task.kind == PN_TASK_PROBE && task.node == 1);
    CHECK_EQ(pn_fleet_dial(fleet, 1, at), 0);
    CHECK(pn_fleet_dial(fleet, 1, at) != 0); /* once */
    pn_fleet_connected(fleet, 1, at);
    CHECK_EQ(pn_fleet_dial(fleet, 1, at), 0);
    pn_fleet_free(fleet);
}

int
main(void)
{
    RUN(test_at_once);
    RUN(test_forked);
    RUN(test_backoff);
    RUN(test_together);
    RUN(test_flapping);
    RUN(test_down);
    return harness_done();
}
