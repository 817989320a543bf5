/*
 * report - what a bench prints: a heading, the machine, one line for each figure
 *
 *     # bench_get: a hot get of 100 bytes
 *     # machine: AMD EPYC, 2 CPUs, Linux 6.1.0, compiler 12.2.0, load 0.1
 *     RESULT get_hit_100 41.3 ns (<= 60: ok)
 *
 * bench/run collects the RESULT lines. A target is the figure the project promised; a
 * missed one is printed as MISS and is not an error of the program: a bench reports.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdint.h>

enum target_kind { TARGET_NONE, TARGET_AT_MOST, TARGET_AT_LEAST };

struct target {
    enum target_kind kind;
    double value;
};

#define NO_TARGET ((struct target){TARGET_NONE, 0})
#define AT_MOST(value) ((struct target){TARGET_AT_MOST, (value)})
#define AT_LEAST(value) ((struct target){TARGET_AT_LEAST, (value)})

/* One numeric or boolean option of a bench's command line. */
struct option_spec {
    const char *name; /* without dashes */
    const char *help;
    uint64_t *value; /* holds the default; a flag is set to 1 */
    int is_flag;
};

/* Prints the heading. PROGRAM is argv[0], its directory is left out. */
void
report_begin(const char *program, const char *what);

void
report_result(const char *name, double value, const char *unit, struct target target);

/* Reads "--name NUMBER" and "--flag" arguments, answers --help by printing WHAT and the
 * options and leaving the program. An unknown option or a number that is none ends the
 * program with status 2 and says which. OPTION ends with a NULL name, at most 15. */
void
report_options(int argc, char **argv, const char *what,
               const struct option_spec *option);

/* Ends the program with status 1 after printing "program: what: why". */
_Noreturn void
report_fail(const char *what, const char *why);

/* Binds this thread to CPU number CPU modulo the number of CPUs. Best effort. */
void
report_pin(unsigned cpu);

#endif
