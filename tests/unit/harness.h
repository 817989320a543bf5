/*
 * harness - forty lines of TAP for the C tests
 *
 * A test program is a list of functions and a main that runs them:
 *
 *     static void
 *     test_empty(void)
 *     {
 *         CHECK_EQ(count(NULL), 0);
 *     }
 *
 *     int
 *     main(void)
 *     {
 *         RUN(test_empty);
 *         return harness_done();
 *     }
 *
 * Each RUN is one line of the report. A failed check prints where it stands and the
 * values it saw, fails the line, and lets the function go on; the exit code is 1
 * when a line failed. Checks may be made from several threads of one function.
 *
 * The state is file-scope and static on purpose: a test program is one file, and
 * this header is included by no library code.
 */
#ifndef PN_TEST_HARNESS_H
#define PN_TEST_HARNESS_H

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static atomic_int harness_failed_checks;
static int harness_tests;
static int harness_failed_tests;

/* The condition holds. Evaluates to whether it did, for checks others rest on. */
#define CHECK(cond) harness_check((cond), __FILE__, __LINE__, #cond)

/* Two integers of any type up to 64 bits are equal; both are printed if not. */
#define CHECK_EQ(got, want) \
    harness_check_int((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, #got)

/* GOT[0..len) holds the bytes of WANT[0..len). */
#define CHECK_MEM(got, want, len)                                        \
    harness_check(memcmp((got), (want), (len)) == 0, __FILE__, __LINE__, \
                  #got " holds the bytes of " #want)

#define RUN(fn) harness_run((fn), #fn)

static inline bool
harness_check(bool ok, const char *file, int line, const char *what)
{
    if (!ok) {
        atomic_fetch_add(&harness_failed_checks, 1);
        printf("# %s:%d: not so: %s\n", file, line, what);
    }
    return ok;
}

static inline bool
harness_check_int(int64_t got, int64_t want, const char *file, int line,
                  const char *what)
{
    if (got != want) {
        atomic_fetch_add(&harness_failed_checks, 1);
        printf("# %s:%d: %s is %" PRId64 " (0x%" PRIx64 "), not %" PRId64 " (0x%" PRIx64
               ")\n",
               file, line, what, got, (uint64_t)got, want, (uint64_t)want);
    }
    return got == want;
}

/* Output is flushed before each test: one that crashes or forks must not lose or
 * repeat what the report says so far. */
static inline void
harness_run(void (*test)(void), const char *name)
{
    atomic_store(&harness_failed_checks, 0);
    fflush(stdout);
    test();
    bool ok = atomic_load(&harness_failed_checks) == 0;
    harness_tests++;
    harness_failed_tests += ok ? 0 : 1;
    printf("%s %d - %s\n", ok ? "ok" : "not ok", harness_tests, name);
    fflush(stdout);
}

/* Prints the plan; returns the exit code of main. */
static inline int
harness_done(void)
{
    printf("1..%d\n", harness_tests);
    return harness_failed_tests == 0 ? 0 : 1;
}

#endif
