#include "parallel.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "timing.h"

void
worker_wait(const struct worker *worker)
{
    if (timing_now_ns() > worker->start_ns) {
        report_fail("worker", "its preparation took too long for a common start");
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

double
parallel_run(unsigned n, worker_fn work, void *ctx, unsigned prepare_ms,
             unsigned span_ms, struct tally *tally)
{
    const size_t room = WORKERS_MAX * sizeof(struct tally);
    struct tally *shared =
        mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t start_ns = timing_now_ns() + prepare_ms * UINT64_C(1000000);
    uint64_t operations = 0;
    bool is_whole = true;
    pid_t pid[WORKERS_MAX];

    if (shared == MAP_FAILED || n > WORKERS_MAX) {
        report_fail("parallel", "too many workers, or no memory");
    }
    for (unsigned i = 0; i < n; i++) {
        struct worker worker = {i, start_ns, start_ns + span_ms * UINT64_C(1000000),
                                ctx};

        pid[i] = start_worker(&worker, work, &shared[i]);
    }
    for (unsigned i = 0; i < n; i++) {
        int status = 0;

        is_whole &= waitpid(pid[i], &status, 0) == pid[i] && status == 0;
        tally[i] = shared[i];
        operations += shared[i].operations;
    }
    (void)munmap(shared, room);
    if (!is_whole) {
        report_fail("worker", "died or failed");
    }
    return (double)operations * 1000.0 / span_ms;
}
