#define _GNU_SOURCE
#include "../support/scratch.h"
#include "harness.h"
#include "store/live.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLOTS = 4 };

static char path[200];

static void
attach(struct pn_live *live)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(pn_live_init(live, fd), 0);
}

/* Slots are taken from the first, are free when their holder has gone, and one who
 * finds none still shows that it is there. */
static void
test_slots(void)
{
    struct pn_live live[SLOTS + 2];
    for (int i = 0; i < SLOTS + 2; i++) {
        attach(&live[i]);
        CHECK_EQ(pn_live_is_alone(&live[i], SLOTS), i == 0);
        pn_live_take_slot(&live[i], SLOTS);
        CHECK_EQ(live[i].slot, i < SLOTS ? i : -1);
        CHECK_EQ(pn_live_count(&live[i], SLOTS), i < SLOTS ? i + 1 : SLOTS);
    }
    CHECK(pn_live_is_held(&live[0], 0) && pn_live_is_held(&live[0], 3));
    pn_live_release(&live[2]);
    CHECK(!pn_live_is_held(&live[0], 2));
    attach(&live[2]);
    pn_live_take_slot(&live[2], SLOTS);
    CHECK_EQ(live[2].slot, 2);
    for (int i = 0; i < SLOTS + 1; i++) {
        pn_live_release(&live[i]);
    }
    struct pn_live last; /* all slots are free, but somebody is there */
    attach(&last);
    CHECK(!pn_live_is_alone(&last, SLOTS));
    pn_live_release(&live[SLOTS + 1]);
    CHECK(pn_live_is_alone(&last, SLOTS));
    pn_live_release(&last);
}

/* The kernel frees a slot at death, whatever the death. */
static void
test_death(void)
{
    struct pn_live mine;
    attach(&mine);
    pn_live_take_slot(&mine, SLOTS);
    int ready[2];
    char byte = 0;
    CHECK_EQ(pipe(ready), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct pn_live own;
        attach(&own);
        pn_live_take_slot(&own, SLOTS);
        byte = (char)own.slot;
        ssize_t n = write(ready[1], &byte, 1);
        for (;;) {
            sleep((unsigned)n * 60);
        }
    }
    CHECK_EQ(read(ready[0], &byte, 1), 1);
    CHECK_EQ(byte, 1);
    CHECK(pn_live_is_held(&mine, 1));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK(!pn_live_is_held(&mine, 1));
    close(ready[0]);
    close(ready[1]);
    pn_live_release(&mine);
}

/* A child notices that it is one, once, and its lock is then its own. */
static int
in_child(struct pn_live *live)
{
    if (!pn_live_is_forked(live) || !pn_live_adopt(live)) {
        return 1;
    }
    if (pn_live_reopen(live) != 0) {
        return 2;
    }
    pn_live_take_slot(live, SLOTS);
    pn_live_adopted(live);
    return live->slot == 1 && !pn_live_is_forked(live) && !pn_live_adopt(live) ? 0 : 3;
}

static void
test_fork(void)
{
    struct pn_live live;
    int status = 1;
    attach(&live);
    pn_live_take_slot(&live, SLOTS);
    CHECK(!pn_live_is_forked(&live));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(in_child(&live));
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK_EQ(pn_live_count(&live, SLOTS), 1);
    pn_live_release(&live);
}

/* A slot that is taken again is another owner. */
static void
test_owner(void)
{
    CHECK(pn_live_owner(0, 0) != 0);
    CHECK(pn_live_owner(0, 1) != pn_live_owner(0, 2));
    CHECK(pn_live_owner(255, 1) != pn_live_owner(254, 1));
}

int
main(void)
{
    if (scratch_make() == NULL) {
        printf("Bail out! no scratch directory\n");
        return 1;
    }
    snprintf(path, sizeof path, "%s/live", scratch_path());
    RUN(test_slots);
    RUN(test_death);
    RUN(test_fork);
    RUN(test_owner);
    return harness_done();
}
