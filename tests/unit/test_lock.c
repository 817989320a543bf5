#define _GNU_SOURCE
#include "../support/scratch.h"
#include "fixture.h"

#include "store/handle.h"
#include "store/lock.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct pn_store *
open_shared(const char *name)
{
    struct pn_store_opts opts = {.size = FIXTURE_SIZE,
                                 .dir = scratch_path(),
                                 .write_wait_ms = 5};
    struct pn_store *store = NULL;
    CHECK_EQ(pn_store_open_shared(name, &opts, &store, NULL), PN_OK);
    return store;
}

/* A child that holds the lock of every shard, until it is killed. */
static pid_t
hold_all(const char *name)
{
    int ready[2];
    char byte = 0;
    CHECK_EQ(pipe(ready), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct pn_store *store = open_shared(name);
        for (uint32_t s = 0; s < store->geo.nshard; s++) {
            if (pn_lock(store, s, 1000) != PN_OK) {
                _exit(1);
            }
        }
        ssize_t n = write(ready[1], &byte, 1);
        for (;;) {
            sleep((unsigned)n * 60);
        }
    }
    close(ready[1]);
    CHECK_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

/* A lock that is held is waited for as long as was said, and not taken: reads go on,
 * writes say "busy" and change nothing; when the holder has died they go on too. */
static void
test_held_then_dead(void)
{
    struct pn_store *store = open_shared("held");
    CHECK_EQ(fixture_put(store, PN_NOW, 1, 1, 40, PN_NO_TTL), PN_OK);
    pid_t pid = hold_all("held");
    uint64_t k = 1;
    struct pn_store_report report;
    struct pn_lease lease;
    CHECK_EQ(fixture_put(store, PN_NOW, 1, 2, 40, PN_NO_TTL), PN_BUSY);
    CHECK_EQ(pn_store_delete(store, PN_NOW, &k, sizeof k), PN_BUSY);
    CHECK_EQ(pn_store_touch(store, PN_NOW, &k, sizeof k, 1), PN_BUSY);
    CHECK_EQ(pn_store_lease(store, PN_NOW, &k, sizeof k, 100, &lease), PN_BUSY);
    CHECK_EQ(pn_store_check(store, PN_NOW, &report), PN_BUSY);
    CHECK_EQ(pn_store_maintain(store, PN_NOW, 1000), 0);
    CHECK_EQ(fixture_has(store, PN_NOW, 1, 1, 40), 1);
    CHECK_EQ(fixture_stats(store).recoveries, 0);
    CHECK(fixture_stats(store).skipped >= 3);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK_EQ(fixture_put(store, PN_NOW, 1, 2, 40, PN_NO_TTL), PN_OK);
    CHECK_EQ(fixture_has(store, PN_NOW, 1, 2, 40), 1);
    CHECK(fixture_stats(store).recoveries >= 1);
    CHECK_EQ(pn_store_check(store, PN_NOW, &report), PN_OK);
    CHECK_EQ(fixture_stats(store).recoveries, store->geo.nshard);
    CHECK_EQ(fixture_stats(store).wipes, 0);
    pn_store_close(store);
}

/* Bytes that are no mutex any more condemn their shard; the rest works on. */
static void
test_damaged(void)
{
    struct pn_store *store = open_shared("damaged");
    struct pn_probe pb;
    uint64_t k = 1;
    pn_probe_init(store, &k, sizeof k, &pb);
    CHECK_EQ(fixture_put(store, PN_NOW, k, 1, 40, PN_NO_TTL), PN_OK);
    memset(&pn_shard_at(store, pb.shard)->lock, 0x5a, sizeof(pthread_mutex_t));
    CHECK_EQ(fixture_put(store, PN_NOW, k, 2, 40, PN_NO_TTL), PN_E_CONDEMNED);
    CHECK_EQ(fixture_stats(store).condemned, 1);
    CHECK(fixture_has(store, PN_NOW, k, 1, 40) >= 0);
    int stored = 0;
    for (uint64_t other = 2; other < 50; other++) {
        stored += fixture_put(store, PN_NOW, other, 1, 40, PN_NO_TTL) == PN_OK;
    }
    CHECK(stored > 5);
    pn_store_close(store);
    store = open_shared("damaged"); /* alone: the locks are made new */
    CHECK_EQ(fixture_put(store, PN_NOW, k, 3, 40, PN_NO_TTL), PN_OK);
    CHECK_EQ(fixture_stats(store).condemned, 0);
    fixture_close(store, PN_NOW);
}

int
main(void)
{
    if (scratch_make() == NULL) {
        printf("Bail out! no scratch directory\n");
        return 1;
    }
    RUN(test_held_then_dead);
    RUN(test_damaged);
    return harness_done();
}
