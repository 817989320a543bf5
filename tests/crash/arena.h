/*
 * arena - what the processes of the torture know about each other
 *
 * One block of memory shared by the supervisor (torture.c) and the actors it
 * forks (actor.c), apart from the store under test. It holds the claims against
 * which every read is judged, so that a process may die at any instruction and
 * leave the claims true:
 *
 *   begun[k]   number of the newest write of key k that may have started
 *   floor[k]   no read that starts now may see a value older than this one:
 *              raised when a write is acknowledged and when a value is seen
 *   voided[k]  number of the last write that was answered with "nothing changed"
 *
 * Each key is written by one writer's place, whoever sits there, so the numbers
 * of a key only grow. Values are patterns of (key, number): see pattern.h.
 *
 * Threads: every field that changes is atomic.
 */
#ifndef PINYON_TEST_ARENA_H
#define PINYON_TEST_ARENA_H

#include "pinyon/store.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    ARENA_KEYS = 6144,   /* registers; more bytes than the region has */
    ARENA_COUNTERS = 64, /* keys behind the registers */
    ARENA_LEASES = 32,   /* keys behind the counters */
    ARENA_ALL = ARENA_KEYS + ARENA_COUNTERS + ARENA_LEASES,
    ARENA_TAGS = 16,
    ARENA_CLEAR = ARENA_TAGS, /* clear() counts as one more tag, of everything */
    ARENA_ACTORS = 12,
    ARENA_POINTS = 128,
    ARENA_WAIT_MS = 5, /* deadline of a write */
};

enum actor_kind { ACTOR_WRITER, ACTOR_READER, ACTOR_CHECKER };

/* A place at the table; processes come and go. */
struct seat {
    _Alignas(64) enum actor_kind kind;
    unsigned writer;              /* number among the writers */
    pid_t pid;                    /* supervisor only */
    bool is_stopped;              /* supervisor only */
    uint64_t beat_seen, beat_ms;  /* supervisor only: for the watchdog */
    uint64_t wake_ms;             /* supervisor only: when to continue it */
    _Atomic uint32_t incarnation; /* +1 at each birth */
    _Atomic bool is_doomed;       /* set before the kill is sent */
    _Atomic uint64_t beats;       /* operations ended, all incarnations */
    _Atomic uint64_t born_beats;  /* of them, before this incarnation */
    _Atomic int point;            /* crash point passed last, -1: none */
    _Atomic uint32_t redo;        /* tag whose invalidation was begun, + 1 */
};

enum arm_mode { ARM_KILL = 1, ARM_STOP = 2 };

struct arena {
    char dir[64];
    uint64_t seed;
    _Atomic bool is_over;

    /* Crash points: {mode:16 | count:16 | point + 1:32}; 0: none armed. */
    _Atomic uint64_t armed;
    _Atomic uint64_t visits[ARENA_POINTS], deaths[ARENA_POINTS];

    /* The claims. */
    _Atomic uint64_t begun[ARENA_ALL], floor[ARENA_ALL], voided[ARENA_ALL];
    _Atomic uint64_t put_tag[ARENA_KEYS];   /* {number:40 | invalidations begun:24} */
    _Atomic uint64_t put_clear[ARENA_KEYS]; /* {number:40 | clears begun:24} */
    _Atomic uint32_t gone_begun[ARENA_CLEAR + 1]; /* invalidations of a tag, ... */
    _Atomic uint32_t gone_acked[ARENA_CLEAR + 1]; /* ... and clears */
    _Atomic uint64_t holder[ARENA_LEASES];        /* {incarnation:32 | seat + 1:32} */

    /* Accounts. */
    _Atomic uint64_t reads, hits, writes, stored, busy, fenced, leases;
    _Atomic uint64_t torn, foreign, stale, undead, failures;
    _Atomic uint64_t checks, checks_busy;
    struct pn_store_stats stats; /* by the last checker */

    struct seat seat[ARENA_ACTORS];
};

/* The name of the region in arena->dir. */
#define ARENA_REGION "torture"

/* The life of one process: returns its exit code; most do not get that far. */
int
actor_run(struct arena *arena, unsigned seat);

/* Counts a failure and says so on standard error, the first few times. */
void
arena_fail(struct arena *arena, const char *what, uint64_t key, uint64_t got,
           uint64_t want);

/* The options with which every actor opens the region. */
struct pn_store_opts
arena_opts(const struct arena *arena);

#endif
