#include "parallel.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "timing.h"

enum { STATUS_LATE = 3, PREPARE_MAX_MS = 20000 };

void
worker_wait(const struct worker *worker)
{
    if (timing_now_ns() > worker->start_ns) {
        _exit(STATUS_LATE);
    }
    while (timing_now_ns() < worker->start_ns) {
    }
}

bool
worker_is_done(const struct worker *worker)
{
    return timing_now_ns() >= worker->end_ns;
}

static pid_t
start_worker(const struct worker *worker, worker_fn work, struct tally *tally)
{
    pid_t pid;

    (void)fflush(NULL); /* else the child would print the parent's lines again */
    pid = fork();
    if (pid == 0) {
        report_pin(worker->number);
        work(worker, tally);
        _exit(0);
    }
    if (pid < 0) {
        report_fail("fork", "no process");
    }
    return pid;
}

/* Waits for all workers. Returns false when one was late; a worker that failed ends the
 * program, after the others are gone. */
static bool
reap(const pid_t *pid, unsigned n)
{
    bool is_whole = true;
    bool is_late = false;

    for (unsigned i = 0; i < n; i++) {
        int status = 0;

        is_whole &= waitpid(pid[i], &status, 0) == pid[i] && WIFEXITED(status);
        is_late |= WEXITSTATUS(status) == STATUS_LATE;
        is_whole &= WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == STATUS_LATE;
    }
    if (!is_whole) {
        report_fail("worker", "died or failed");
    }
    return !is_late;
}

static bool
run_once(const struct parallel *parallel, unsigned first, unsigned n,
         unsigned prepare_ms, struct tally *shared)
{
    uint64_t start_ns = timing_now_ns() + prepare_ms * UINT64_C(1000000);
    uint64_t end_ns = start_ns + parallel->span_ms * UINT64_C(1000000);
    pid_t pid[WORKERS_MAX];

    for (unsigned i = 0; i < n; i++) {
        struct worker worker = {first + i, start_ns, end_ns, parallel->ctx};

        pid[i] = start_worker(&worker, parallel->work, &shared[i]);
    }
    return reap(pid, n);
}

double
parallel_run(const struct parallel *parallel, unsigned first, unsigned n,
             struct tally *tally)
{
    const size_t room = WORKERS_MAX * sizeof(struct tally);
    struct tally *shared = mmap(NULL, room, PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned prepare_ms = parallel->prepare_ms;
    double rate = 0;

    if (shared == MAP_FAILED || n > WORKERS_MAX) {
        report_fail("parallel", "too many workers, or no memory");
    }
    while (!run_once(parallel, first, n, prepare_ms, shared)) {
        prepare_ms *= 2; /* the machine is busy */
        if (prepare_ms > PREPARE_MAX_MS) {
            report_fail("worker", "its preparation does not end");
        }
    }
    for (unsigned i = 0; i < n; i++) {
        tally[i] = shared[i];
        rate += (double)tally[i].operations * 1e9 /
                (tally[i].busy_ns > 0 ? (double)tally[i].busy_ns
                                      : parallel->span_ms * 1e6);
    }
    (void)munmap(shared, room);
    return rate;
}

struct pair
parallel_pair(const struct parallel *parallel, struct tally *tally)
{
    struct tally alone[WORKERS_MAX];
    struct pair pair;

    pair.alone =
        (parallel_run(parallel, 0, 1, alone) + parallel_run(parallel, 1, 1, alone)) / 2;
    pair.both = parallel_run(parallel, 0, 2, tally);
    return pair;
}
