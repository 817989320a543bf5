/*
 * bench_command - what a client looks up for each command and each reply: ns
 *
 * The row of a command and where its keys are, the verdict on a server's error, and the
 * counting of one latency. Rounds of all take turns.
 */
#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/judge.h"
#include "client/stats.h"
#include "report.h"
#include "timing.h"

static const char what[] = "commands, errors and latencies looked up";

enum { WORDS_MAX = 8, WARM_UP = 10 };

/* A line, cut into words once: a command's arguments, or an error. */
struct text {
    struct pn_bytes whole, argv[WORDS_MAX];
    size_t argc;
    struct pn_node_counts counts;
};

typedef uint64_t (*once_fn)(struct text *text, uint64_t i);

static uint64_t
command(struct text *text, uint64_t i)
{
    struct pn_command_info info;

    (void)i;
    pn_command_info(text->argv, text->argc, &info);
    return info.flags + pn_command_key(text->argv, text->argc, &info, 0);
}

static uint64_t
judge(struct text *text, uint64_t i)
{
    struct pn_verdict verdict;

    (void)i;
    pn_judge(text->whole, &verdict);
    return (uint64_t)verdict.kind + verdict.slot;
}

/* 50 us and some: calls of one node are alike. */
static uint64_t
latency(struct text *text, uint64_t i)
{
    pn_latency_add(&text->counts, 50000 + (i & 0x3fff));
    return 0;
}

static const struct row {
    const char *name, *line;
    once_fn once;
    double ns_max;
} rows[] = {
    {"command_get", "GET user:1", command, 50},
    {"command_set_ex", "set user:1 value EX 60", command, 0},
    {"command_subcommand", "XGROUP CREATE stream group $", command, 0},
    {"command_zunionstore", "ZUNIONSTORE to 2 a b", command, 0},
    {"command_unknown", "JSON.GET user:1", command, 0},
    {"judge_err", "ERR value is not an integer or out of range", judge, 10},
    {"judge_wrongtype", "WRONGTYPE Operation against a key", judge, 10},
    {"judge_moved", "MOVED 3999 127.0.0.1:6381", judge, 0},
    {"latency_add", "", latency, 10},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static double
measure(const struct row *row, struct text *text, uint64_t times)
{
    uint64_t sum = 0;
    uint64_t start = timing_cpu_ns();

    for (uint64_t i = 0; i < times; i++) {
        sum += row->once(text, i);
        timing_keep(sum);
    }
    return (double)(timing_cpu_ns() - start) / (double)times;
}

int
main(int argc, char **argv)
{
    uint64_t count = 100;
    uint64_t times = 20000;
    const struct option_spec options[] = {
        {"rounds", "rounds, at most 4000", &count, 0},
        {"times", "look-ups of each in a round", &times, 0},
        {0},
    };
    static struct text text[ROWS];
    static struct rounds rounds[ROWS];

    report_options(argc, argv, what, options);
    report_begin(argv[0], what);
    report_pin(1);
    for (unsigned i = 0; i < ROWS; i++) {
        struct pn_bytes rest = {rows[i].line, strlen(rows[i].line)};

        text[i].whole = rest;
        while (pn_word_next(&rest, &text[i].argv[text[i].argc])) {
            text[i].argc++;
        }
    }
    for (uint64_t round = 0; round < count + WARM_UP; round++) {
        for (unsigned i = 0; i < ROWS; i++) {
            double ns = measure(&rows[i], &text[i], times);

            if (round >= WARM_UP) {
                rounds_add(&rounds[i], ns);
            }
        }
    }
    for (unsigned i = 0; i < ROWS; i++) {
        report_result(rows[i].name, rounds_median(&rounds[i]), "ns",
                      rows[i].ns_max > 0 ? AT_MOST(rows[i].ns_max) : NO_TARGET);
    }
    return 0;
}
