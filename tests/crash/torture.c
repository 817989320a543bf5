/*
 * torture - writers killed and stopped anywhere, readers that check every byte
 *
 *     torture [--kills N] [--seconds N] [--seed N] [--writers N] [--readers N]
 *
 * T1 to T3 of the design. A tiny region, always full, is used by writers and
 * readers while the supervisor (this file)
 *   - kills writers and readers with SIGKILL every 0.3 to 1.8 ms,
 *   - arms each named crash point of the store in turn: the next process that
 *     passes it kills itself there; at the points of the recovery sometimes two
 *     in a row, so that the third must empty the shard,
 *   - stops a writer at each crash point in turn and sees that readers and the
 *     other writers go on, that nobody takes its lock, and that it goes on itself,
 *   - stops readers at random while segments are recycled under them.
 *
 * Ends after N kills and one at least at every crash point, or after N seconds.
 * Fails on a torn, foreign, stale or undead value, on a broken invariant, on an
 * actor that makes no progress for HANG_MS, and on a shard that was emptied
 * without the deaths that allow it. The seed repeats the choices; the
 * interleaving is the machine's.
 */
#define _GNU_SOURCE
#include "../support/rng.h"
#include "../support/scratch.h"
#include "arena.h"
#include "store/crash.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    HANG_MS = 30000,   /* without an operation ended, the machine being busy */
    PATIENCE_MS = 60,  /* for a crash point to be passed before the next is armed */
    CHECK_MS = 300,    /* between checks of all invariants */
    PROGRESS_OPS = 50, /* what "goes on" means while a writer is stopped */
};

static const char *const point_names[] = {
#define POINT_NAME(name) [PN_CP_##name] = #name,
    PN_CRASH_MAP(POINT_NAME)
#undef POINT_NAME
};
enum { POINTS = PN_CP_COUNT };
_Static_assert((int)POINTS <= (int)ARENA_POINTS, "crash points");

struct torture {
    struct arena *arena;
    struct rng rng;
    unsigned seats;
    uint64_t kills_wanted, ms_wanted, start_ms;
    uint64_t kills, stops, naps, recovery_deaths;
    int armed; /* the point to be tried, -1: none */
    int next_point;
    uint64_t armed_ms;
    uint64_t checked_ms, shown_ms, stop_tested_ms;
    int next_stop;
    bool is_broken;
};

static uint64_t
now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
nap_us(uint32_t us)
{
    struct timespec ts = {.tv_nsec = (long)us * 1000};
    nanosleep(&ts, NULL);
}

/* ---- Births and deaths ----------------------------------------------------- */

static void
spawn(struct torture *t, unsigned number)
{
    struct seat *seat = &t->arena->seat[number];
    atomic_fetch_add(&seat->incarnation, 1);
    atomic_store(&seat->born_beats, seat->beats);
    atomic_store(&seat->point, -1);
    atomic_store(&seat->is_doomed, false);
    seat->is_stopped = false;
    seat->wake_ms = 0;
    fflush(stdout);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(0);
        }
        _exit(actor_run(t->arena, number));
    }
    if (pid < 0) {
        perror("# fork");
        t->is_broken = true;
    }
    seat->pid = pid;
    seat->beat_ms = now_ms();
}

static bool
is_in_recovery(int point)
{
    return point == PN_CP_RECOVERING;
}

static void
bury(struct torture *t, struct seat *seat, int status)
{
    int point = atomic_load(&seat->point);
    seat->pid = 0;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        t->kills++;
        t->recovery_deaths += is_in_recovery(point);
    } else if (!(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        fprintf(stderr, "# FAILURE an actor ended with status 0x%x at %s\n",
                (unsigned)status,
                point < 0 || point >= POINTS ? "(start)" : point_names[point]);
        arena_fail(t->arena, "an actor ended by itself", (uint64_t)seat->kind,
                   (uint64_t)status, 0);
    }
}

/* Takes note of all who died or stopped. */
static void
reap(struct torture *t)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
        for (unsigned i = 0; i < ARENA_ACTORS; i++) {
            struct seat *seat = &t->arena->seat[i];
            if (seat->pid != pid) {
                continue;
            }
            if (WIFSTOPPED(status)) {
                seat->is_stopped = true;
            } else {
                bury(t, seat, status);
            }
        }
    }
}

static void
fill_seats(struct torture *t)
{
    for (unsigned i = 0; i < t->seats && !t->arena->is_over; i++) {
        struct seat *seat = &t->arena->seat[i];
        if (seat->pid == 0 && seat->kind != ACTOR_CHECKER) {
            spawn(t, i);
        }
    }
}

/* Kills everybody who is left. */
static void
end_all(struct torture *t)
{
    for (unsigned i = 0; i < t->seats; i++) {
        if (t->arena->seat[i].pid > 0) {
            atomic_store(&t->arena->seat[i].is_doomed, true);
            kill(t->arena->seat[i].pid, SIGKILL);
            waitpid(t->arena->seat[i].pid, NULL, 0);
            t->arena->seat[i].pid = 0;
        }
    }
}

/* ---- The watchdog ---------------------------------------------------------- */

static void
watch(struct torture *t)
{
    uint64_t now = now_ms();
    for (unsigned i = 0; i < t->seats; i++) {
        struct seat *seat = &t->arena->seat[i];
        uint64_t beats = atomic_load(&seat->beats);
        if (seat->pid <= 0 || seat->is_stopped || beats != seat->beat_seen) {
            seat->beat_seen = beats;
            seat->beat_ms = now;
        } else if (now - seat->beat_ms > HANG_MS) {
            int point = atomic_load(&seat->point);
            fprintf(stderr, "# FAILURE seat %u hangs; last crash point %s\n", i,
                    point < 0 ? "(none)" : point_names[point]);
            arena_fail(t->arena, "a hang", i, now - seat->beat_ms, HANG_MS);
            t->is_broken = true;
            return;
        }
    }
}

/* Lets time pass until everybody who runs has made OPS operations. */
static void
await_progress(struct torture *t, uint64_t ops)
{
    uint64_t from[ARENA_ACTORS];
    for (unsigned i = 0; i < t->seats; i++) {
        from[i] = atomic_load(&t->arena->seat[i].beats);
    }
    for (unsigned i = 0; i < t->seats && !t->is_broken; i++) {
        const struct seat *seat = &t->arena->seat[i];
        while (seat->pid > 0 && !seat->is_stopped && !t->is_broken &&
               seat->kind != ACTOR_CHECKER && seat->beats - from[i] < ops) {
            nap_us(500);
            reap(t);
            watch(t);
        }
    }
}

/* ---- Checks ---------------------------------------------------------------- */

/* Forks the checker and waits for it: every shard's lock is taken, so every
 * recovery that is due is done. False when a lock was not free in time. */
static bool
check(struct torture *t)
{
    unsigned number = t->seats - 1;
    struct seat *seat = &t->arena->seat[number];
    uint64_t busy = t->arena->checks_busy;
    spawn(t, number);
    while (seat->pid > 0 && !t->is_broken) {
        nap_us(300);
        reap(t);
        watch(t);
        fill_seats(t); /* a lock may be held by one who dies meanwhile */
    }
    t->checked_ms = now_ms();
    return t->arena->checks_busy == busy;
}

static void
show(struct torture *t, bool is_last)
{
    const struct arena *a = t->arena;
    t->shown_ms = now_ms();
    if (!is_last && !isatty(STDERR_FILENO)) {
        return;
    }
    fprintf(is_last ? stdout : stderr,
            "%s%" PRIu64 " s: kills %" PRIu64 ", holding a lock %" PRIu64
            ", wipes %" PRIu64 ", stopped writers %" PRIu64 ", stopped readers %" PRIu64
            ", reads %" PRIu64 ", hits %" PRIu64 ", retries %" PRIu64
            ", writes %" PRIu64 ", busy %" PRIu64 ", evicted %" PRIu64 ", torn %" PRIu64
            ", failures %" PRIu64 "%s",
            is_last ? "# " : "\r\033[K", (t->shown_ms - t->start_ms) / 1000, t->kills,
            a->stats.recoveries, a->stats.wipes, t->stops, t->naps, a->reads, a->hits,
            a->stats.retries, a->writes, a->busy, a->stats.evicted,
            a->torn + a->foreign, a->failures, is_last ? "\n" : "");
}

/* ---- Kills ----------------------------------------------------------------- */

static struct seat *
somebody(struct torture *t, enum actor_kind kind)
{
    unsigned from = rng_below(&t->rng, t->seats);
    for (unsigned i = 0; i < t->seats; i++) {
        struct seat *seat = &t->arena->seat[(from + i) % t->seats];
        if (seat->kind == kind && seat->pid > 0 && !seat->is_stopped &&
            seat->beats > seat->born_beats) {
            return seat;
        }
    }
    return NULL;
}

static void
kill_somebody(struct torture *t)
{
    bool is_reader = rng_one_in(&t->rng, 8);
    struct seat *seat = somebody(t, is_reader ? ACTOR_READER : ACTOR_WRITER);
    if (seat != NULL) {
        atomic_store(&seat->is_doomed, true);
        kill(seat->pid, SIGKILL);
    }
}

static void
arm(struct torture *t, int point, enum arm_mode mode, unsigned count)
{
    t->armed = point;
    t->armed_ms = now_ms();
    atomic_store(&t->arena->armed,
                 (uint64_t)mode << 48 | (uint64_t)count << 32 | (uint32_t)(point + 1));
}

/* Keeps one crash point armed; goes on to the next when it was hit or is not
 * passed for a while. */
static void
keep_armed(struct torture *t)
{
    bool is_hit = atomic_load(&t->arena->armed) == 0;
    if (t->armed >= 0 && !is_hit && now_ms() - t->armed_ms < PATIENCE_MS) {
        return;
    }
    t->next_point = (t->next_point + 1) % POINTS;
    unsigned count = is_in_recovery(t->next_point) && rng_one_in(&t->rng, 4) ? 2 : 1;
    arm(t, t->next_point, ARM_KILL, count);
}

/* A reader in the middle of a copy, as likely as not; continued a little later. */
static void
stop_reader(struct torture *t)
{
    struct seat *seat = somebody(t, ACTOR_READER);
    if (seat != NULL) {
        kill(seat->pid, SIGSTOP);
        seat->is_stopped = true;
        seat->wake_ms = now_ms() + 1 + rng_below(&t->rng, 25);
        t->naps++;
    }
}

static void
wake_readers(struct torture *t, bool all)
{
    for (unsigned i = 0; i < t->seats; i++) {
        struct seat *seat = &t->arena->seat[i];
        if (seat->wake_ms != 0 && (all || now_ms() >= seat->wake_ms)) {
            seat->wake_ms = 0;
            seat->is_stopped = false;
            if (seat->pid > 0) {
                kill(seat->pid, SIGCONT);
            }
        }
    }
}

/* ---- A stopped writer (T2) ------------------------------------------------- */

static struct seat *
stopped_writer(struct torture *t)
{
    for (unsigned i = 0; i < t->seats; i++) {
        if (t->arena->seat[i].is_stopped && t->arena->seat[i].pid > 0) {
            return &t->arena->seat[i];
        }
    }
    return NULL;
}

/* Stops the next process that passes POINT and looks at all the others. */
static void
stop_test(struct torture *t, int point)
{
    wake_readers(t, true);
    atomic_store(&t->arena->armed, 0);
    t->armed = -1;
    reap(t);
    fill_seats(t);
    for (int i = 0; !check(t); i++) { /* recovers whatever the dead left */
        if (i == 20 || t->is_broken) {
            return;
        }
    }
    uint64_t recoveries = t->arena->stats.recoveries;
    arm(t, point, ARM_STOP, 1);
    struct seat *seat = NULL;
    while (seat == NULL && !t->is_broken && now_ms() - t->armed_ms < PATIENCE_MS) {
        nap_us(200);
        reap(t);
        seat = stopped_writer(t);
    }
    uint64_t expected = atomic_exchange(&t->arena->armed, 0);
    t->armed = -1;
    while (expected == 0 && seat == NULL && !t->is_broken) { /* it is just stopping */
        nap_us(200);
        reap(t);
        watch(t);
        seat = stopped_writer(t);
    }
    if (seat == NULL) {
        return; /* nobody came by */
    }
    t->stops++;
    await_progress(t, PROGRESS_OPS);
    check(t);
    if (t->arena->stats.recoveries != recoveries) {
        arena_fail(t->arena, "the lock of a stopped writer was taken", (uint64_t)point,
                   t->arena->stats.recoveries, recoveries);
    }
    seat->is_stopped = false;
    kill(seat->pid, SIGCONT);
    await_progress(t, PROGRESS_OPS);
    check(t);
}

static void
next_stop_test(struct torture *t)
{
    do { /* a recovery does not begin by itself while nobody dies */
        t->next_stop = (t->next_stop + 1) % POINTS;
    } while (is_in_recovery(t->next_stop));
    stop_test(t, t->next_stop);
    t->stop_tested_ms = now_ms();
}

/* ---- The show -------------------------------------------------------------- */

static int
points_without_death(const struct torture *t, bool is_said)
{
    int without = 0;
    for (int i = 0; i < POINTS; i++) {
        if (t->arena->deaths[i] == 0) {
            without++;
            if (is_said) {
                printf("# nobody died at %s (passed %" PRIu64 " times)\n",
                       point_names[i], t->arena->visits[i]);
            }
        }
    }
    return without;
}

static bool
is_done(const struct torture *t)
{
    uint64_t spent = now_ms() - t->start_ms;
    if (t->is_broken || t->arena->failures >= 20) {
        return true;
    }
    if (t->ms_wanted != 0 && spent >= t->ms_wanted) {
        return true;
    }
    /* The rarest points come by when they like: wait for them, but not for ever. */
    return t->kills_wanted != 0 && t->kills >= t->kills_wanted &&
           (points_without_death(t, false) == 0 || t->kills >= 4 * t->kills_wanted);
}

static void
torment(struct torture *t)
{
    fill_seats(t);
    while (!is_done(t)) {
        nap_us(300 + rng_below(&t->rng, 1500));
        reap(t);
        fill_seats(t);
        wake_readers(t, false);
        watch(t);
        keep_armed(t);
        if (rng_one_in(&t->rng, 20)) {
            stop_reader(t);
        } else {
            kill_somebody(t);
        }
        if (now_ms() - t->checked_ms > CHECK_MS) {
            check(t);
        }
        if (now_ms() - t->stop_tested_ms > 500) {
            next_stop_test(t);
        }
        if (now_ms() - t->shown_ms > 1000) {
            show(t, false);
        }
    }
    wake_readers(t, true);
    atomic_store(&t->arena->armed, 0);
}

/* Everybody goes on without being killed, then leaves by itself. */
static void
calm_down(struct torture *t)
{
    fill_seats(t);
    await_progress(t, PROGRESS_OPS);
    check(t);
    atomic_store(&t->arena->is_over, true);
    for (unsigned i = 0; i < t->seats; i++) {
        while (t->arena->seat[i].pid > 0 && !t->is_broken) {
            nap_us(500);
            reap(t);
            watch(t);
        }
    }
    end_all(t);
    check(t);
    end_all(t);
}

static void
judge(struct torture *t)
{
    const struct pn_store_stats *stats = &t->arena->stats;
    if (stats->wipes > t->recovery_deaths / 2) {
        arena_fail(t->arena, "more shards emptied than deaths in recovery allow",
                   t->recovery_deaths, stats->wipes, t->recovery_deaths / 2);
    }
    if (t->kills > 1000 && stats->recoveries == 0) {
        arena_fail(t->arena, "nobody died holding a lock", 0, 0, 1);
    }
    if (stats->evicted == 0) {
        arena_fail(t->arena, "the store was never full", 0, 0, 1);
    }
    int without = points_without_death(t, t->kills_wanted != 0);
    if (t->kills_wanted != 0 && without != 0) {
        arena_fail(t->arena, "crash points where nobody died", 0, (uint64_t)without, 0);
    }
}

static struct arena *
arena_make(uint64_t seed, unsigned writers, unsigned readers)
{
    const char *dir = scratch_make();
    struct arena *arena = mmap(NULL, sizeof *arena, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (dir == NULL || arena == MAP_FAILED) {
        return NULL;
    }
    snprintf(arena->dir, sizeof arena->dir, "%s", dir);
    arena->seed = seed;
    for (unsigned i = 0; i < ARENA_ACTORS; i++) {
        struct seat *seat = &arena->seat[i];
        seat->kind = i < writers             ? ACTOR_WRITER
                     : i < writers + readers ? ACTOR_READER
                                             : ACTOR_CHECKER;
        seat->writer = i;
    }
    return arena;
}

static uint64_t
option(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return strtoull(argv[i + 1], NULL, 10);
        }
    }
    return otherwise;
}

int
main(int argc, char **argv)
{
    uint64_t seed = option(argc, argv, "--seed", (uint64_t)time(NULL));
    unsigned writers = (unsigned)option(argc, argv, "--writers", 3);
    unsigned readers = (unsigned)option(argc, argv, "--readers", 2);
    if (writers < 1 || writers + readers + 1 > ARENA_ACTORS) {
        fprintf(stderr, "torture: 1 to %d writers and readers\n", ARENA_ACTORS - 1);
        return 2;
    }
    struct torture t = {.arena = arena_make(seed, writers, readers),
                        .rng = {.state = seed},
                        .seats = writers + readers + 1,
                        .kills_wanted = option(argc, argv, "--kills", 0),
                        .start_ms = now_ms(),
                        .armed = -1,
                        .next_point = -1,
                        .next_stop = -1};
    t.ms_wanted = 1000 * option(argc, argv, "--seconds", t.kills_wanted ? 0 : 10);
    if (t.arena == NULL) {
        perror("torture");
        return 1;
    }
    printf("# torture --seed %" PRIu64 " --writers %u --readers %u\n", seed, writers,
           readers);
    torment(&t);
    if (!t.is_broken) {
        calm_down(&t);
    }
    end_all(&t);
    judge(&t);
    show(&t, true);
    bool is_bad = t.is_broken || t.arena->failures != 0;
    printf("1..1\n%s 1 - torture\n", is_bad ? "not ok" : "ok");
    scratch_remove();
    return is_bad;
}
