/*
 * fork_test - what a child of fork() gets (T10)
 *
 * A private store is empty in the child, at once or at its first write, and the
 * parent's stays as it is, even when another thread held a lock at the moment of
 * the fork. A shared one is the same store in both, with a process slot each.
 * Two processes with equal PIDs in two PID namespaces must not share a region;
 * that case is skipped where namespaces cannot be made.
 */
#define _GNU_SOURCE
#include "../support/scratch.h"
#include "../unit/harness.h"
#include "pinyon/store.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *dir;

static struct pn_store *
open_private(void)
{
    struct pn_store_opts opts = {.size = 4u << 20};
    struct pn_store *store = NULL;
    CHECK_EQ(pn_store_open_private(&opts, &store, NULL), PN_OK);
    return store;
}

static struct pn_store *
open_shared(const char *name)
{
    struct pn_store_opts opts = {.size = 4u << 20, .dir = dir};
    struct pn_store *store = NULL;
    struct pn_why why = {.text = ""};
    if (!CHECK_EQ(pn_store_open_shared(name, &opts, &store, &why), PN_OK)) {
        printf("# %s\n", why.text);
    }
    return store;
}

static int
put(struct pn_store *store, const char *key, const char *value)
{
    struct pn_put p = {.key = key,
                       .klen = strlen(key),
                       .val = value,
                       .vlen = strlen(value),
                       .ttl_ms = PN_NO_TTL};
    return pn_store_put(store, PN_NOW, &p, NULL);
}

/* 1 when KEY holds VALUE, 0 when it is absent, -1 otherwise. */
static int
holds(struct pn_store *store, const char *key, const char *value)
{
    char buf[64];
    struct pn_item item;
    int rc = pn_store_get(store, PN_NOW, key, strlen(key), buf, sizeof buf, &item);
    if (rc == PN_MISS) {
        return 0;
    }
    size_t len = strlen(value);
    return rc == PN_OK && item.vlen == len && memcmp(buf, value, len) == 0 ? 1 : -1;
}

/* Runs FN in a child and returns what it answered; a child that hangs is killed
 * by its alarm and answers -1. */
static int
in_child(int (*fn)(struct pn_store *), struct pn_store *store)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        _exit(fn(store));
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        return -1;
    }
    return WEXITSTATUS(status);
}

/* Each answers 0 when all is well, else the number of the step that was not. */
static int
child_of_private(struct pn_store *store)
{
    if (put(store, "new", "child") != PN_OK) {
        return 1;
    }
    if (holds(store, "old", "parent") != 0) {
        return 2; /* the first write has noticed: this store is empty */
    }
    if (holds(store, "new", "child") != 1) {
        return 3;
    }
    struct pn_store_report report;
    return pn_store_check(store, PN_NOW, &report) == PN_OK ? 0 : 4;
}

static int
child_at_once(struct pn_store *store)
{
    if (pn_store_after_fork(store) != PN_OK) {
        return 1;
    }
    if (holds(store, "old", "parent") != 0) {
        return 2;
    }
    return child_of_private(store);
}

static int
child_closes(struct pn_store *store)
{
    pn_store_close(store);
    return 0;
}

static void
test_private(void)
{
    struct pn_store *store = open_private();
    CHECK_EQ(put(store, "old", "parent"), PN_OK);
    CHECK_EQ(in_child(child_of_private, store), 0);
    CHECK_EQ(in_child(child_at_once, store), 0);
    CHECK_EQ(in_child(child_closes, store), 0);
    CHECK_EQ(holds(store, "old", "parent"), 1);
    CHECK_EQ(holds(store, "new", "child"), 0);
    pn_store_close(store);
}

struct busy {
    struct pn_store *store;
    atomic_bool stop;
};

static void *
keep_writing(void *arg)
{
    struct busy *busy = arg;
    char value[200];
    memset(value, 'x', sizeof value);
    for (unsigned i = 0; !atomic_load(&busy->stop); i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", i % 5000);
        struct pn_put p = {.key = key,
                           .klen = strlen(key),
                           .val = value,
                           .vlen = sizeof value,
                           .ttl_ms = PN_NO_TTL};
        pn_store_put(busy->store, PN_NOW, &p, NULL);
    }
    return NULL;
}

/* A fork at any moment of another thread's writes: the child must not wait for a
 * lock that nobody in it will ever release. */
static void
test_private_while_written(void)
{
    struct busy busy = {.store = open_private()};
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, keep_writing, &busy), 0);
    for (int i = 0; i < 100; i++) {
        if (!CHECK_EQ(in_child(i % 2 ? child_at_once : child_of_private, busy.store),
                      0)) {
            break;
        }
    }
    atomic_store(&busy.stop, true);
    pthread_join(thread, NULL);
    pn_store_close(busy.store);
}

static uint32_t
processes(struct pn_store *store)
{
    struct pn_store_stats stats = {0};
    CHECK_EQ(pn_store_stats(store, &stats), PN_OK);
    return stats.processes;
}

static int
child_of_shared(struct pn_store *store)
{
    if (holds(store, "old", "parent") != 1) {
        return 1;
    }
    if (put(store, "new", "child") != PN_OK) {
        return 2;
    }
    return processes(store) == 2 ? 0 : 3;
}

static int
child_of_shared_at_once(struct pn_store *store)
{
    if (pn_store_after_fork(store) != PN_OK || processes(store) != 2) {
        return 10;
    }
    return child_of_shared(store);
}

static int
child_dies_in_lease(struct pn_store *store)
{
    struct pn_lease lease;
    if (put(store, "x", "y") != PN_OK ||
        pn_store_lease(store, PN_NOW, "lease", 5, 600000, &lease) != PN_OK) {
        return 1;
    }
    raise(SIGKILL);
    return 2;
}

static void
test_shared(void)
{
    struct pn_store *store = open_shared("fork");
    CHECK_EQ(put(store, "old", "parent"), PN_OK);
    CHECK_EQ(processes(store), 1);
    CHECK_EQ(in_child(child_of_shared, store), 0);
    CHECK_EQ(holds(store, "new", "child"), 1);
    CHECK_EQ(in_child(child_of_shared_at_once, store), 0);
    CHECK_EQ(processes(store), 1);
    /* The child is a holder of its own: its death frees what it held. */
    CHECK_EQ(in_child(child_dies_in_lease, store), -1);
    struct pn_lease lease;
    CHECK_EQ(pn_store_lease(store, PN_NOW, "lease", 5, 1000, &lease), PN_OK);
    /* The child closing its handle does not end the parent's life in the region. */
    CHECK_EQ(in_child(child_closes, store), 0);
    CHECK_EQ(processes(store), 1);
    CHECK_EQ(pn_store_lease_renew(store, PN_NOW, &lease, 1000), PN_OK);
    pn_store_close(store);
}

/* A parent that goes leaves its child with a working store and a slot. */
static int
grandchild_goes_on(struct pn_store *store)
{
    if (put(store, "mid", "child") != PN_OK) {
        return 1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        _exit(put(store, "deep", "grandchild") == PN_OK &&
                      holds(store, "mid", "child") == 1
                  ? 0
                  : 1);
    }
    int status = 1;
    return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 2;
}

static void
test_generations(void)
{
    struct pn_store *store = open_shared("generations");
    CHECK_EQ(in_child(grandchild_goes_on, store), 0);
    CHECK_EQ(holds(store, "deep", "grandchild"), 1);
    pn_store_close(store);
}

/* In a PID namespace of its own: 0 refused as it should be, 77 no namespaces. */
static int
attach_from_elsewhere(struct pn_store *unused)
{
    (void)unused;
    if (unshare(CLONE_NEWPID) != 0) {
        return 77;
    }
    pid_t pid = fork();
    if (pid == 0) {
        struct pn_store_opts opts = {.dir = dir};
        struct pn_store *store;
        _exit(pn_store_open_shared("namespace", &opts, &store, NULL) == PN_E_NAMESPACE
                  ? 0
                  : 1);
    }
    int status = 1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static void
test_namespaces(void)
{
    struct pn_store *store = open_shared("namespace");
    int rc = in_child(attach_from_elsewhere, NULL);
    if (rc == 77) {
        printf("# skipped: no PID namespaces here\n");
    } else {
        CHECK_EQ(rc, 0);
    }
    pn_store_close(store);
}

int
main(void)
{
    dir = scratch_make();
    if (dir == NULL) {
        printf("Bail out! no scratch directory\n");
        return 1;
    }
    RUN(test_private);
    RUN(test_private_while_written);
    RUN(test_shared);
    RUN(test_generations);
    RUN(test_namespaces);
    return harness_done();
}
