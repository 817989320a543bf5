/*
 * fuzz_open - names and options of any content
 *
 *   input    { u64 size; u32 item; u32 flags; u32 wait; u8 how; name... }
 *
 * What is opened must work and what is refused must say why; a name must never
 * lead out of its directory. Sizes are cut to 8 MiB, apart from those that must be
 * refused, so that the fuzzer does not spend its time on fresh memory.
 */
#define _GNU_SOURCE
#include "../support/scratch.h"
#include "pinyon/store.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 21, NAME_MAX_TRIED = 140 };

/* The fuzzer's contract has no context argument. */
static char inner[128]; /* scratch/inner: whatever escapes it lands in scratch */

static void
stop(const char *why)
{
    fprintf(stderr, "# fuzz_open: %s\n", why);
    abort();
}

static size_t
entries_in(const char *path)
{
    DIR *dir = opendir(path);
    size_t n = 0;
    while (dir != NULL && readdir(dir) != NULL) {
        n++;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return n - 2; /* . and .. */
}

static void
leave(void)
{
    rmdir(inner);
}

static void
prepare(void)
{
    const char *dir = scratch_make();
    if (dir == NULL) {
        stop("no scratch directory");
    }
    snprintf(inner, sizeof inner, "%s/inner", dir);
    if (mkdir(inner, 0700) != 0) {
        stop("mkdir");
    }
    atexit(leave); /* runs before scratch_remove() */
}

static void
use(struct pn_store *store)
{
    struct pn_put put = {
        .key = "k", .klen = 1, .val = "v", .vlen = 1, .ttl_ms = PN_NO_TTL};
    char buf[4];
    struct pn_item item;
    if (pn_store_put(store, PN_NOW, &put, NULL) != PN_OK ||
        pn_store_get(store, PN_NOW, "k", 1, buf, sizeof buf, &item) != PN_OK ||
        buf[0] != 'v') {
        stop("an open store does not work");
    }
    pn_store_close(store);
}

static void
judge(int rc, struct pn_store *store, const struct pn_why *why)
{
    if (rc == PN_OK) {
        use(store);
    } else if (rc > 0 || store != NULL || why->code != rc || why->text[0] == '\0' ||
               memchr(why->text, '\0', sizeof why->text) == NULL) {
        stop("a refusal without a reason");
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (inner[0] == '\0') {
        prepare();
    }
    if (size < HEAD) {
        return 0;
    }
    struct pn_store_opts opts = {.dir = inner};
    memcpy(&opts.size, data, 8);
    memcpy(&opts.item, data + 8, 4);
    memcpy(&opts.flags, data + 12, 4);
    memcpy(&opts.write_wait_ms, data + 16, 4);
    bool is_shared = (data[20] & 1) != 0;
    if (opts.size <= PN_STORE_SIZE_MAX && opts.size != 0) {
        opts.size %= (8u << 20) + 4096;
    }
    if (opts.size == 0) {
        opts.size = 5u << 20; /* and not the default of 64 MiB */
    }
    if ((data[20] & 2) != 0) {
        opts.flags &= 7;
        opts.item %= 5000;
    }
    struct pn_store *store = NULL;
    struct pn_why why = {0};
    if (!is_shared) {
        int rc = pn_store_open_private(&opts, &store, &why);
        judge(rc, store, &why);
        return 0;
    }
    char name[NAME_MAX_TRIED + 1];
    size_t len = size - HEAD < NAME_MAX_TRIED ? size - HEAD : NAME_MAX_TRIED;
    memcpy(name, data + HEAD, len);
    name[len] = '\0';
    int rc = pn_store_open_shared(name, &opts, &store, &why);
    judge(rc, store, &why);
    pn_store_unlink(name, inner, &why);
    char outer[160];
    snprintf(outer, sizeof outer, "%s/..", inner);
    if (entries_in(inner) != 0 || entries_in(outer) != 1) {
        stop("a file in a wrong place, or left behind");
    }
    return 0;
}
