/*
 * attach_test - who may open what, and what the refusal says
 *
 * Every way in which a file can be the wrong one has its own code and a sentence
 * that names the file; nothing of a refused region is used. Then the two promises
 * about making one: creators that race get one region, and a region whose
 * processes all died is used as it is.
 *
 * Cases that need root (another user, a small file system) are skipped without.
 */
#define _GNU_SOURCE
#include "../support/scratch.h"
#include "../unit/harness.h"
#include "pinyon/store.h"
#include "store/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 4 << 20, NOBODY = 65534 };

static const char *dir;

static int
attach(const char *name, struct pn_store_opts opts, struct pn_why *why)
{
    struct pn_store *store = NULL;
    opts.dir = dir;
    int rc = pn_store_open_shared(name, &opts, &store, why);
    if (rc == PN_OK) {
        pn_store_close(store);
    } else {
        CHECK(store == NULL);
        CHECK_EQ(why->code, rc);
        CHECK(strlen(why->text) > 10);
    }
    return rc;
}

/* The path of the file behind region NAME: the only file whose name has it. */
static void
path_of(const char *name, char path[300])
{
    snprintf(path, 300, "%s/%s", dir, name);
    if (access(path, F_OK) != 0) {
        snprintf(path, 300, "%s/pinyon.%s", dir, name);
    }
    CHECK_EQ(access(path, F_OK), 0);
}

/* Makes a region in a child, so that this process has no mapping of it. */
static void
make(const char *name, char path[300])
{
    static const uint8_t seed[16] = "0123456789abcdef";
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct pn_store_opts opts = {.size = SIZE, .dir = dir, .seed = seed};
        struct pn_store *store;
        struct pn_put put = {
            .key = "k", .klen = 1, .val = "v", .vlen = 1, .ttl_ms = PN_NO_TTL};
        int rc = pn_store_open_shared(name, &opts, &store, NULL);
        _exit(rc != PN_OK || pn_store_put(store, PN_NOW, &put, NULL) != PN_OK);
    }
    int status = 1;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    path_of(name, path);
}

/* Overwrites LEN bytes of the file at OFF. */
static void
damage(const char *path, size_t off, const void *bytes, size_t len)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_EQ(pwrite(fd, bytes, len, (off_t)off), (ssize_t)len);
    close(fd);
}

/* ---- Refusals -------------------------------------------------------------- */

static void
test_other_options(void)
{
    static const uint8_t other[16] = "fedcba9876543210";
    static const uint8_t same[16] = "0123456789abcdef";
    struct pn_why why = {0};
    char path[300];
    make("options", path);
    CHECK_EQ(attach("options", (struct pn_store_opts){.size = SIZE}, &why), PN_OK);
    CHECK_EQ(attach("options", (struct pn_store_opts){.seed = same}, &why), PN_OK);
    CHECK_EQ(attach("options", (struct pn_store_opts){0}, &why), PN_OK);
    CHECK_EQ(attach("options", (struct pn_store_opts){.size = 2 * SIZE}, &why),
             PN_E_SIZE);
    CHECK_EQ(attach("options", (struct pn_store_opts){.seed = other}, &why), PN_E_SEED);
    CHECK(strstr(why.text, "options") != NULL);
    CHECK_EQ(attach("none", (struct pn_store_opts){.flags = PN_STORE_EXISTING}, &why),
             PN_E_ABSENT);
}

static void
test_names(void)
{
    static const char *const bad[] = {"",    "a/b", "../x", "a b", "\xc3\xa9", "a\nb",
                                      "%41", "/",   "a:b",  "~",   "*"};
    struct pn_why why = {0};
    struct pn_store_opts opts = {.size = SIZE};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (!CHECK_EQ(attach(bad[i], opts, &why), PN_E_NAME)) {
            printf("# name '%s'\n", bad[i]);
        }
        CHECK_EQ(pn_store_unlink(bad[i], dir, &why), PN_E_NAME);
    }
    char name[102];
    memset(name, 'n', sizeof name);
    name[101] = '\0';
    CHECK_EQ(attach(name, opts, &why), PN_E_NAME);
    name[100] = '\0';
    CHECK_EQ(attach(name, opts, &why), PN_OK);
    CHECK_EQ(pn_store_unlink(name, dir, &why), PN_OK);
    CHECK_EQ(pn_store_unlink(name, dir, &why), PN_E_ABSENT);
}

static void
test_sizes(void)
{
    struct pn_why why = {0};
    struct pn_store *store;
    struct pn_store_opts opts = {.size = PN_STORE_SIZE_MIN - 1};
    CHECK_EQ(attach("size", opts, &why), PN_E_INVALID);
    CHECK_EQ(pn_store_open_private(&opts, &store, &why), PN_E_INVALID);
    opts.size = PN_STORE_SIZE_MAX + 4096;
    CHECK_EQ(attach("size", opts, &why), PN_E_INVALID);
    opts = (struct pn_store_opts){.size = SIZE, .flags = 0x80000000u};
    CHECK_EQ(attach("size", opts, &why), PN_E_INVALID);
    struct pn_store_opts nowhere = {.size = SIZE, .dir = "/nonexistent/pinyon"};
    CHECK(pn_store_open_shared("size", &nowhere, &store, &why) < 0);
    CHECK(strstr(why.text, "/nonexistent/pinyon") != NULL);
}

/* One field of the superblock is changed; the region must be refused with CODE
 * (or with DAMAGED: its own checksum may notice first). */
static void
refused(const char *name, size_t off, size_t len, int code)
{
    static const uint8_t junk[64] = {0xde, 0xad, 0xbe, 0xef, 0x5a, 0x5a, 0x5a, 0x5a,
                                     0xde, 0xad, 0xbe, 0xef, 0x5a, 0x5a, 0x5a, 0x5a};
    struct pn_why why = {0};
    char path[300];
    make(name, path);
    damage(path, off, junk, len);
    int rc = attach(name, (struct pn_store_opts){0}, &why);
    if (rc != PN_E_DAMAGED) {
        CHECK_EQ(rc, code);
    }
    CHECK(strstr(why.text, name) != NULL);
    CHECK_EQ(pn_store_unlink(name, dir, &why), PN_OK);
}

static void
test_superblock(void)
{
    refused("magic", offsetof(struct pn_super, magic), 8, PN_E_MAGIC);
    refused("version", offsetof(struct pn_super, version), 4, PN_E_VERSION);
    refused("abi", offsetof(struct pn_super, abi), 4, PN_E_ABI);
    refused("rsize", offsetof(struct pn_super, region_size), 8, PN_E_SIZE);
    refused("hint", offsetof(struct pn_super, item_hint), 4, PN_E_DAMAGED);
    refused("seed", offsetof(struct pn_super, seed), 16, PN_E_DAMAGED);
    refused("boot", offsetof(struct pn_super, boot_id), 16, PN_E_BOOT);
    refused("pidns", offsetof(struct pn_super, pidns), 8, PN_E_NAMESPACE);
    refused("check", offsetof(struct pn_super, check), 8, PN_E_DAMAGED);
    refused("state", offsetof(struct pn_super, state), 4, PN_E_DAMAGED);
}

static void
test_files(void)
{
    struct pn_why why = {0};
    char path[300];
    make("trunc", path);
    CHECK_EQ(truncate(path, SIZE / 2), 0);
    CHECK_EQ(attach("trunc", (struct pn_store_opts){0}, &why), PN_E_DAMAGED);
    CHECK_EQ(truncate(path, 100), 0);
    CHECK(attach("trunc", (struct pn_store_opts){0}, &why) < 0);
    CHECK_EQ(truncate(path, 0), 0);
    CHECK(attach("trunc", (struct pn_store_opts){0}, &why) < 0);

    make("zeroes", path);
    char *zeroes = calloc(1, SIZE);
    damage(path, 0, zeroes, SIZE);
    free(zeroes);
    CHECK_EQ(attach("zeroes", (struct pn_store_opts){0}, &why), PN_E_MAGIC);

    make("mode", path);
    CHECK_EQ(chmod(path, 0640), 0);
    CHECK_EQ(attach("mode", (struct pn_store_opts){0}, &why), PN_E_MODE);
    CHECK_EQ(chmod(path, 0602), 0);
    CHECK_EQ(attach("mode", (struct pn_store_opts){0}, &why), PN_E_MODE);
    CHECK_EQ(chmod(path, 0600), 0);
    CHECK_EQ(attach("mode", (struct pn_store_opts){0}, &why), PN_OK);

    make("link", path); /* the name must not lead elsewhere */
    char aside[320];
    snprintf(aside, sizeof aside, "%s.aside", path);
    CHECK_EQ(rename(path, aside), 0);
    CHECK_EQ(symlink(aside, path), 0);
    CHECK(attach("link", (struct pn_store_opts){0}, &why) < 0);
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(mkfifo(path, 0600), 0);
    CHECK(attach("link", (struct pn_store_opts){0}, &why) < 0);
}

/* ---- With root ------------------------------------------------------------- */

static int
as_nobody(void)
{
    struct pn_why why = {0};
    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0) {
        return 2;
    }
    struct pn_store_opts opts = {.dir = dir};
    struct pn_store *store;
    if (pn_store_open_shared("owner", &opts, &store, &why) != PN_E_OWNER ||
        strstr(why.text, "owner") == NULL) {
        fprintf(stderr, "# %s\n", why.text);
        return 3;
    }
    return pn_store_unlink("owner", dir, &why) == PN_E_OWNER ? 0 : 4;
}

static void
test_owner(void)
{
    char path[300];
    if (geteuid() != 0) {
        printf("# skipped: needs root\n");
        return;
    }
    make("owner", path);
    CHECK_EQ(chmod(dir, 0755), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(as_nobody());
    }
    int status = 1;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK_EQ(chmod(dir, 0700), 0);
    /* Root itself is not the owner of somebody else's region either. */
    CHECK_EQ(chown(path, NOBODY, NOBODY), 0);
    struct pn_why why = {0};
    CHECK_EQ(attach("owner", (struct pn_store_opts){0}, &why), PN_E_OWNER);
}

static void
test_no_space(void)
{
    char small[300];
    snprintf(small, sizeof small, "%s/small", dir);
    if (geteuid() != 0 || mkdir(small, 0700) != 0 ||
        mount("pinyon-test", small, "tmpfs", 0, "size=6m") != 0) {
        printf("# skipped: cannot mount a small file system\n");
        rmdir(small);
        return;
    }
    struct pn_why why = {0};
    struct pn_store *store = NULL;
    struct pn_store_opts opts = {.dir = small, .size = 8u << 20};
    CHECK_EQ(pn_store_open_shared("big", &opts, &store, &why), PN_E_NOSPACE);
    CHECK(strstr(why.text, small) != NULL);
    opts.size = SIZE; /* nothing was left behind: this one fits */
    CHECK_EQ(pn_store_open_shared("fits", &opts, &store, &why), PN_OK);
    pn_store_close(store);
    CHECK_EQ(umount2(small, MNT_DETACH), 0);
    CHECK_EQ(rmdir(small), 0);
}

/* ---- Making one ------------------------------------------------------------ */

enum { CREATORS = 16 };

static int
create_and_write(int me, int go)
{
    char byte, key[8];
    if (read(go, &byte, 1) != 1) {
        return 1;
    }
    struct pn_store_opts opts = {.dir = dir, .size = SIZE};
    struct pn_store *store;
    struct pn_why why;
    if (pn_store_open_shared("race", &opts, &store, &why) != PN_OK) {
        fprintf(stderr, "# creator: %s\n", why.text);
        return 2;
    }
    struct pn_put put = {.key = key,
                         .klen = (size_t)snprintf(key, sizeof key, "k%d", me),
                         .val = &me,
                         .vlen = sizeof me,
                         .ttl_ms = PN_NO_TTL};
    return pn_store_put(store, PN_NOW, &put, NULL) == PN_OK ? 0 : 3;
}

/* All of them wait for one pipe, open the same absent name and write a key. */
static void
race_once(void)
{
    int go[2];
    pid_t pid[CREATORS];
    char bytes[CREATORS] = {0};
    CHECK_EQ(pipe(go), 0);
    fflush(stdout);
    for (int i = 0; i < CREATORS; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            _exit(create_and_write(i, go[0]));
        }
    }
    CHECK_EQ(write(go[1], bytes, sizeof bytes), CREATORS);
    for (int i = 0; i < CREATORS; i++) {
        int status = 1;
        CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
        CHECK_EQ(status, 0);
    }
    close(go[0]);
    close(go[1]);
}

/* Everybody has died: the region is warm and holds what each of them wrote. */
static void
test_race_and_warm_reuse(void)
{
    for (int round = 0; round < 10; round++) {
        race_once();
        struct pn_store_opts opts = {.dir = dir, .flags = PN_STORE_EXISTING};
        struct pn_store *store = NULL;
        struct pn_why why = {0};
        if (!CHECK_EQ(pn_store_open_shared("race", &opts, &store, &why), PN_OK)) {
            return;
        }
        for (int i = 0; i < CREATORS; i++) {
            char key[8];
            int value = -1;
            struct pn_item item;
            size_t klen = (size_t)snprintf(key, sizeof key, "k%d", i);
            CHECK_EQ(pn_store_get(store, PN_NOW, key, klen, &value, sizeof value,
                                  &item),
                     PN_OK);
            CHECK_EQ(value, i);
        }
        struct pn_store_stats stats = {0};
        CHECK_EQ(pn_store_stats(store, &stats), PN_OK);
        CHECK_EQ(stats.processes, 1);
        CHECK_EQ(stats.items, CREATORS);
        pn_store_close(store);
        CHECK_EQ(pn_store_unlink("race", dir, &why), PN_OK);
    }
}

/* Who has it open goes on after the name is gone; the next opener gets a new one. */
static void
test_unlinked(void)
{
    struct pn_store_opts opts = {.dir = dir, .size = SIZE};
    struct pn_store *old = NULL, *new = NULL;
    struct pn_put put = {
        .key = "k", .klen = 1, .val = "v", .vlen = 1, .ttl_ms = PN_NO_TTL};
    char buf[8];
    struct pn_item item;
    CHECK_EQ(pn_store_open_shared("gone", &opts, &old, NULL), PN_OK);
    CHECK_EQ(pn_store_put(old, PN_NOW, &put, NULL), PN_OK);
    CHECK_EQ(pn_store_unlink("gone", dir, NULL), PN_OK);
    CHECK_EQ(pn_store_open_shared("gone", &opts, &new, NULL), PN_OK);
    CHECK_EQ(pn_store_get(new, PN_NOW, "k", 1, buf, sizeof buf, &item), PN_MISS);
    CHECK_EQ(pn_store_get(old, PN_NOW, "k", 1, buf, sizeof buf, &item), PN_OK);
    pn_store_close(old);
    pn_store_close(new);
}

/* Two handles of one process are one store; closing one leaves the other. */
static void
test_two_handles(void)
{
    struct pn_store_opts opts = {.dir = dir, .size = SIZE};
    struct pn_store *a = NULL, *b = NULL;
    struct pn_put put = {
        .key = "k", .klen = 1, .val = "v", .vlen = 1, .ttl_ms = PN_NO_TTL};
    char buf[8];
    struct pn_item item;
    struct pn_store_stats stats = {0};
    CHECK_EQ(pn_store_open_shared("twice", &opts, &a, NULL), PN_OK);
    CHECK_EQ(pn_store_open_shared("twice", &opts, &b, NULL), PN_OK);
    CHECK_EQ(pn_store_put(a, PN_NOW, &put, NULL), PN_OK);
    CHECK_EQ(pn_store_get(b, PN_NOW, "k", 1, buf, sizeof buf, &item), PN_OK);
    pn_store_close(a);
    CHECK_EQ(pn_store_get(b, PN_NOW, "k", 1, buf, sizeof buf, &item), PN_OK);
    CHECK_EQ(pn_store_delete(b, PN_NOW, "k", 1), PN_OK);
    CHECK_EQ(pn_store_stats(b, &stats), PN_OK);
    CHECK_EQ(stats.processes, 1);
    pn_store_close(b);
}

int
main(void)
{
    dir = scratch_make();
    if (dir == NULL) {
        printf("Bail out! no scratch directory\n");
        return 1;
    }
    RUN(test_other_options);
    RUN(test_names);
    RUN(test_sizes);
    RUN(test_superblock);
    RUN(test_files);
    RUN(test_owner);
    RUN(test_no_space);
    RUN(test_race_and_warm_reuse);
    RUN(test_unlinked);
    RUN(test_two_handles);
    return harness_done();
}
