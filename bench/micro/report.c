#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { OPTIONS_MAX = 16 };

static void
cpu_model(char *model, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");

    (void)snprintf(model, size, "unknown CPU");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL) {
            (void)snprintf(model, size, "%s", strchr(line, ':') + 2);
            model[strcspn(model, "\n")] = '\0';
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

void
report_begin(const char *program, const char *what)
{
    char model[200];
    struct utsname kernel = {0};
    double load[1] = {0}; /* other work at the start: how far to trust nanoseconds */
    const char *slash = strrchr(program, '/');

    cpu_model(model, sizeof model);
    (void)uname(&kernel);
    printf("# %s: %s\n", slash == NULL ? program : slash + 1, what);
    (void)getloadavg(load, 1);
    printf("# machine: %s, %ld CPUs, %s %s, compiler %s, load %.1f\n", model,
           sysconf(_SC_NPROCESSORS_ONLN), kernel.sysname, kernel.release, __VERSION__,
           load[0]);
    (void)fflush(stdout);
}

void
report_result(const char *name, double value, const char *unit, struct target target)
{
    bool is_ok = target.kind == TARGET_AT_MOST ? value <= target.value
                                               : value >= target.value;

    printf("RESULT %s %.6g %s", name, value, unit);
    if (target.kind != TARGET_NONE) {
        printf(" (%s %g: %s)",
               target.kind == TARGET_AT_MOST ? "<=" : ">=", target.value,
               is_ok ? "ok" : "MISS");
    }
    printf("\n");
    (void)fflush(stdout);
}

static void
print_help(const char *program, const char *what, const struct option_spec *option)
{
    printf("%s: %s\n\noptions:\n", program, what);
    for (; option->name != NULL; option++) {
        printf("  --%-10s %s  %s (default %llu)\n", option->name,
               option->is_flag ? " " : "N", option->help,
               (unsigned long long)*option->value);
    }
    printf("  --help          print this\n");
}

static uint64_t
parse_number(const char *name, const char *text)
{
    char *end = NULL;
    unsigned long long value;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-') {
        fprintf(stderr, "--%s needs a whole number, not \"%s\"\n", name, text);
        exit(2);
    }
    return value;
}

void
report_options(int argc, char **argv, const char *what,
               const struct option_spec *option)
{
    struct option table[OPTIONS_MAX + 1] = {0};
    int count = 0;
    int found;

    for (; option[count].name != NULL && count < OPTIONS_MAX - 1; count++) {
        table[count].name = option[count].name;
        table[count].has_arg = option[count].is_flag ? no_argument : required_argument;
        table[count].val = count;
    }
    table[count] = (struct option){"help", no_argument, NULL, count};
    while ((found = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (found == count) {
            print_help(argv[0], what, option);
            exit(0);
        }
        if (found < 0 || found > count) {
            exit(2); /* getopt said which option it does not know */
        }
        *option[found].value = option[found].is_flag
                                   ? 1
                                   : parse_number(option[found].name, optarg);
    }
}

_Noreturn void
report_fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
    exit(1);
}

void
report_pin(unsigned cpu)
{
    cpu_set_t set;
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    CPU_ZERO(&set);
    CPU_SET(cpu % (unsigned)(count > 0 ? count : 1), &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}
