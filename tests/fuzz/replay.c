/*
 * replay - runs a fuzz target without libFuzzer, as a regression test
 *
 *     fuzz_x [--mutations N] [--seed N] FILE_OR_DIRECTORY...
 *
 * Every file of the corpus once, then N inputs made from them by small seeded
 * changes (or from nothing, when there is no corpus). The same source file linked
 * with clang's -fsanitize=fuzzer is the fuzzer itself. An input that kills the
 * target is written to crash-input in the working directory.
 */
#define _GNU_SOURCE
#include "../support/rng.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 4096, CORPUS_MAX = 256 };

struct input {
    size_t size;
    uint8_t data[INPUT_MAX];
};

/* The input being run, for the handler of a crash; hence file scope. */
static struct input now;

static void
save(void)
{
    int fd = open("crash-input", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0) {
        ssize_t unused = write(fd, now.data, now.size);
        (void)unused;
        close(fd);
    }
}

#if defined(__SANITIZE_ADDRESS__)
/* The sanitizer has its own handlers and tells more. */
void
__sanitizer_set_death_callback(void (*callback)(void));

static void
watch_crashes(void)
{
    __sanitizer_set_death_callback(save);
}
#else
static void
on_crash(int number)
{
    static const char text[] = "# the input is in crash-input\n";
    save();
    ssize_t unused = write(STDERR_FILENO, text, sizeof text - 1);
    (void)unused;
    signal(number, SIG_DFL);
    raise(number);
}

static void
watch_crashes(void)
{
    signal(SIGSEGV, on_crash);
    signal(SIGBUS, on_crash);
    signal(SIGABRT, on_crash);
    signal(SIGALRM, on_crash);
}
#endif

static bool
load(const char *path, struct input *in)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, in->data, sizeof in->data);
    if (fd >= 0) {
        close(fd);
    }
    in->size = n < 0 ? 0 : (size_t)n;
    return n >= 0;
}

static size_t
load_all(const char *path, struct input *corpus, size_t n)
{
    struct stat sb;
    if (stat(path, &sb) != 0) {
        perror(path);
        exit(2);
    }
    if (!S_ISDIR(sb.st_mode)) {
        return n < CORPUS_MAX && load(path, &corpus[n]) ? n + 1 : n;
    }
    struct dirent **entry;
    int entries = scandir(path, &entry, NULL, alphasort); /* the same order always */
    for (int i = 0; i < entries; i++) {
        char file[512];
        snprintf(file, sizeof file, "%s/%s", path, entry[i]->d_name);
        if (entry[i]->d_name[0] != '.' && n < CORPUS_MAX && load(file, &corpus[n])) {
            n++;
        }
        free(entry[i]);
    }
    if (entries >= 0) {
        free(entry);
    }
    return n;
}

static void
run(const struct input *in)
{
    uint8_t *exact = malloc(in->size > 0 ? in->size
                                         : 1); /* so that ASan sees its end */
    if (exact != NULL) {
        now = *in;
        memcpy(exact, in->data, in->size);
        LLVMFuzzerTestOneInput(exact, in->size);
    }
    free(exact);
}

static void
mutate(struct rng *rng, struct input *in)
{
    if (in->size == 0 || rng_one_in(rng, 10)) {
        in->size = rng_below(rng, 200);
        for (size_t i = 0; i < in->size; i++) {
            in->data[i] = (uint8_t)rng_next(rng);
        }
        return;
    }
    for (uint32_t n = 1 + rng_below(rng, 6); n > 0; n--) {
        size_t at = rng_below(rng, (uint32_t)in->size);
        switch (rng_below(rng, 5)) {
        case 0:
            in->data[at] ^= (uint8_t)(1u << rng_below(rng, 8));
            break;
        case 1:
            in->data[at] = (uint8_t)rng_next(rng);
            break;
        case 2: /* cut */
            in->size = at > 0 ? at : 1;
            break;
        case 3: /* grow */
            while (in->size < INPUT_MAX && !rng_one_in(rng, 12)) {
                in->data[in->size++] = (uint8_t)rng_next(rng);
            }
            break;
        default: /* repeat a piece elsewhere */
            in->data[at] = in->data[rng_below(rng, (uint32_t)in->size)];
        }
    }
}

int
main(int argc, char **argv)
{
    static struct input corpus[CORPUS_MAX];
    size_t n = 0;
    unsigned long mutations = 0;
    struct rng rng = {.state = 1};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--mutations") == 0 && i + 1 < argc) {
            mutations = strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            rng.state = strtoull(argv[++i], NULL, 10);
        } else {
            n = load_all(argv[i], corpus, n);
        }
    }
    watch_crashes();
    for (size_t i = 0; i < n; i++) {
        alarm(120);
        run(&corpus[i]);
    }
    for (unsigned long i = 0; i < mutations; i++) {
        struct input in = {.size = 0};
        if (n > 0) {
            in = corpus[rng_below(&rng, (uint32_t)n)];
        }
        mutate(&rng, &in);
        alarm(120);
        run(&in);
    }
    printf("1..1\nok 1 - %zu inputs of the corpus, %lu mutations\n", n, mutations);
    return 0;
}
