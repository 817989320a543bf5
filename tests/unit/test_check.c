/* What the checker counts, and what it says when it cannot look. That it sees each
 * kind of damage is test_survey.c's business. */
#define _GNU_SOURCE
#include "fixture.h"

#include "store/lock.h"

#include <pthread.h>

static void
test_counts(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_store_report report;
    memset(&report, 0x55, sizeof report);
    CHECK_EQ(pn_store_check(store, 1000, &report), PN_OK);
    CHECK_EQ(report.items, 0);
    CHECK_EQ(report.errors, 0);
    CHECK_EQ(report.first[0], 0);
    for (uint64_t k = 0; k < 1000; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, k < 5 ? 50000 : 30, PN_NO_TTL), PN_OK);
    }
    CHECK_EQ(pn_store_check(store, 1000, &report), PN_OK);
    CHECK_EQ(report.items, 1000);
    CHECK_EQ(report.large, 5);
    CHECK(report.slots >= 1000);
    pn_store_close(store);
}

static void *
check_from_elsewhere(void *arg)
{
    struct pn_store_report report;
    return (void *)(intptr_t)pn_store_check(arg, 1000, &report);
}

static void
test_busy(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    pthread_t thread;
    void *rc = NULL;
    CHECK_EQ(pn_lock(store, 1, 0), PN_OK);
    CHECK_EQ(pthread_create(&thread, NULL, check_from_elsewhere, store), 0);
    pthread_join(thread, &rc);
    CHECK_EQ((intptr_t)rc, PN_BUSY);
    pn_unlock(store, 1);
    fixture_close(store, 1000);
}

int
main(void)
{
    RUN(test_counts);
    RUN(test_busy);
    return harness_done();
}
