#include "fleet.h"

static void
test_limits(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_SINGLE, 1, NULL);
    CHECK_EQ(pn_fleet_retry(fleet, 1, START), START);
    CHECK_EQ(pn_fleet_retry(fleet, 2, START), START);
    uint64_t at = pn_fleet_retry(fleet, 3, START);
    CHECK(at >= START && at < START + 20 * MS);
    CHECK_EQ(pn_fleet_retry(fleet, 5, START), PN_NEVER); /* three besides the first */
    CHECK(pn_fleet_may_redirect(fleet, 0) && pn_fleet_may_redirect(fleet, 4));
    CHECK(!pn_fleet_may_redirect(fleet, 5));
    pn_fleet_free(fleet);
    struct pn_fleet_opts opts = {.retries_max = 1, .redirects_max = 1};
    fleet = fleet_make(PN_FLEET_SINGLE, 1, &opts);
    CHECK_EQ(pn_fleet_retry(fleet, 2, START), START);
    CHECK_EQ(pn_fleet_retry(fleet, 3, START), PN_NEVER);
    CHECK(!pn_fleet_may_redirect(fleet, 1));
    pn_fleet_free(fleet);
}

/* The backoff of later attempts is drawn, and longer for each. */
static void
test_jitter(void)
{
    struct pn_fleet_opts opts = {.retries_max = 8};
    struct pn_fleet *fleet = fleet_make(PN_FLEET_SINGLE, 1, &opts);
    uint64_t longest = 0, first = 0;
    for (unsigned i = 0; i < 200; i++) {
        uint64_t now = START + i * 10 * SEC;
        uint64_t at = pn_fleet_retry(fleet, 6, now) - now;
        longest = at > longest ? at : longest;
        first = i == 0 ? at : first;
        CHECK(at < 160 * MS);
    }
    CHECK(longest > 120 * MS && first != longest);
    pn_fleet_free(fleet);
}

/* Who makes few requests may repeat some: ten, and one more each second. */
static void
test_floor(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_SINGLE, 1, NULL);
    unsigned granted = 0;
    for (unsigned s = 0; s < 100; s++) {
        for (unsigned i = 0; i < 20; i++) {
            granted += pn_fleet_retry(fleet, 2, START + s * SEC) != PN_NEVER;
        }
    }
    CHECK(granted >= 100 && granted <= 110);
    CHECK_EQ(pn_fleet_counters(fleet)->retries, granted);
    CHECK_EQ(pn_fleet_counters(fleet)->retries_denied, 2000 - granted);
    pn_fleet_free(fleet);
}

/* An outage of 17 s at 1000 requests a second, all failing: never more than a tenth,
 * beside what was saved; and in no second of it nothing at all. */
static void
test_outage(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_SINGLE, 1, NULL);
    uint64_t now = START;
    for (unsigned i = 0; i < 100000; i++, now += MS) {
        pn_fleet_spend(fleet, now);
    }
    unsigned all = 0, first = 0, least = 1000;
    for (unsigned s = 0; s < 17; s++) {
        unsigned granted = 0;
        for (unsigned i = 0; i < 1000; i++, now += MS) {
            pn_fleet_spend(fleet, now);
            granted += pn_fleet_retry(fleet, 2, now) != PN_NEVER;
        }
        all += granted;
        first = s == 0 ? granted : first;
        least = granted < least ? granted : least;
    }
    CHECK(all <= 1000 + 17 * 100 + 27 && all >= 17 * 100);
    CHECK(first <= 350 + 3);
    CHECK(least >= 90);
    pn_fleet_free(fleet);
}

static void
test_percent(void)
{
    struct pn_fleet_opts opts = {.retry_percent = 50};
    struct pn_fleet *fleet = fleet_make(PN_FLEET_SINGLE, 1, &opts);
    unsigned granted = 0;
    uint64_t now = START;
    for (unsigned i = 0; i < 10000; i++, now += MS) {
        pn_fleet_spend(fleet, now);
        granted += pn_fleet_retry(fleet, 2, now) != PN_NEVER;
    }
    CHECK(granted >= 4900 && granted <= 5030);
    pn_fleet_free(fleet);
}

int
main(void)
{
    RUN(test_limits);
    RUN(test_jitter);
    RUN(test_floor);
    RUN(test_outage);
    RUN(test_percent);
    return harness_done();
}
