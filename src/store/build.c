#define _GNU_SOURCE
#include "store/build.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/why.h"
#include "store/lock.h"

uint32_t
pn_abi_id(void)
{
    struct {
        char libc[16], arch[16];
        uint32_t word, page, mutex, version;
    } id;
    memset(&id, 0, sizeof id);
#if defined(__GLIBC__)
    memcpy(id.libc, "glibc", 5);
#else
    memcpy(id.libc, "other", 5);
#endif
#if defined(__x86_64__)
    memcpy(id.arch, "x86_64", 6);
#elif defined(__aarch64__)
    memcpy(id.arch, "aarch64", 7);
#else
    memcpy(id.arch, "other", 5);
#endif
    id.word = (uint32_t)sizeof(void *);
    id.page = (uint32_t)sysconf(_SC_PAGESIZE);
    id.mutex = (uint32_t)sizeof(pthread_mutex_t);
    id.version = PN_LAYOUT_VERSION;
    return (uint32_t)pn_checksum(&id, sizeof id);
}

uint64_t
pn_pidns_id(void)
{
    struct stat sb;
    return stat("/proc/self/ns/pid", &sb) == 0 ? (uint64_t)sb.st_ino : 0;
}

/* The kernel's boot id, so that a region in a file that survives a reboot is
 * told apart: its clock would start anew. Zeros when it cannot be told. */
static void
boot_id(uint8_t out[16])
{
    char text[37] = {0};
    memset(out, 0, 16);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (read(fd, text, 36) == 36) {
        uint64_t half[2] = {pn_checksum(text, 18), pn_checksum(text + 18, 18)};
        memcpy(out, half, 16);
    }
    close(fd);
}

static uint64_t
super_checksum(const struct pn_super *super)
{
    return pn_checksum(super, offsetof(struct pn_super, check));
}

int
pn_super_build(struct pn_store *st, const uint8_t *seed)
{
    struct pn_super *super = pn_super_of(st);
    super->magic = PN_MAGIC;
    super->version = PN_LAYOUT_VERSION;
    super->abi = pn_abi_id();
    super->region_size = st->geo.region_size;
    super->item_hint = st->geo.item_hint;
    super->flags = st->flags & PN_STORE_STABLE_CAS;
    memcpy(super->seed, seed, sizeof super->seed);
    boot_id(super->boot_id);
    super->pidns = st->is_shared ? pn_pidns_id() : 0;
    super->epoch_mono_ns = pn_clock_mono_ns();
    super->epoch_unix_ms = pn_clock_unix_ms();
    super->check = super_checksum(super);
    atomic_store(&super->clear_gen, 1);
    atomic_store(&super->clear_done, 1);
    atomic_store(&super->rules, 1);
    for (uint32_t s = 0; s < st->geo.nshard; s++) {
        struct pn_shard *shard = pn_shard_at(st, s);
        int err = pn_lock_init(shard, st->is_shared);
        if (err != 0) {
            return err;
        }
        shard->nfree = st->geo.seg_per_shard;
        shard->next_seq = 1;
    }
    atomic_store_explicit(&super->state, PN_REGION_READY, memory_order_release);
    return 0;
}

static int
judge_kind(const struct pn_super *super, const char *name, struct pn_why *why)
{
    if (super->magic != PN_MAGIC) {
        return pn_why(why, PN_E_MAGIC,
                      "the file of '%s' is not a Pinyon region; "
                      "remove it or choose another name",
                      name);
    }
    if (super->version != PN_LAYOUT_VERSION) {
        return pn_why(why, PN_E_VERSION,
                      "region '%s' has layout version %u, this "
                      "Pinyon writes version %u; remove it or choose another name",
                      name, super->version, PN_LAYOUT_VERSION);
    }
    if (super->check != super_checksum(super)) {
        return pn_why(why, PN_E_DAMAGED,
                      "the header of region '%s' is damaged (its "
                      "checksum is wrong); remove the region",
                      name);
    }
    if (super->abi != pn_abi_id()) {
        return pn_why(why, PN_E_ABI,
                      "region '%s' was made by another kind of machine, "
                      "C library or build (id %08x, ours %08x); remove it or choose "
                      "another name",
                      name, super->abi, pn_abi_id());
    }
    uint8_t boot[16];
    boot_id(boot);
    if (memcmp(boot, super->boot_id, sizeof boot) != 0) {
        return pn_why(why, PN_E_BOOT,
                      "region '%s' is from before the last reboot; "
                      "remove it",
                      name);
    }
    if (super->pidns != pn_pidns_id()) {
        return pn_why(why, PN_E_NAMESPACE,
                      "region '%s' belongs to another PID "
                      "namespace (another container); share it only among processes of "
                      "one container, or choose another name",
                      name);
    }
    return PN_OK;
}

int
pn_super_judge(const struct pn_super *super, uint64_t file_size, const char *name,
               const struct pn_store_opts *opts, struct pn_geometry *geo,
               struct pn_why *why)
{
    int rc = judge_kind(super, name, why);
    if (rc != PN_OK) {
        return rc;
    }
    if (super->region_size != file_size ||
        pn_geometry_init(geo, super->region_size, super->item_hint) != PN_OK ||
        atomic_load_explicit(&super->state, memory_order_acquire) != PN_REGION_READY) {
        return pn_why(why, PN_E_DAMAGED,
                      "the header of region '%s' does not fit its "
                      "file of %llu bytes; remove the region",
                      name, (unsigned long long)file_size);
    }
    uint64_t want = opts->size & ~(uint64_t)(PN_PAGE - 1);
    if (want != 0 && want != super->region_size) {
        return pn_why(why, PN_E_SIZE,
                      "region '%s' has %llu bytes, %llu were asked for; "
                      "ask for the same size, for none, or remove the region",
                      name, (unsigned long long)super->region_size,
                      (unsigned long long)want);
    }
    if (opts->item != 0 && opts->item != super->item_hint) {
        return pn_why(
            why, PN_E_SIZE,
            "region '%s' was made for items of %u bytes, %u "
            "were asked for; ask for the same, for none, or remove the region",
            name, super->item_hint, opts->item);
    }
    if (opts->seed != NULL &&
        memcmp(opts->seed, super->seed, sizeof super->seed) != 0) {
        return pn_why(why, PN_E_SEED,
                      "region '%s' has another hash seed than the one "
                      "given; give no seed, or remove the region",
                      name);
    }
    return PN_OK;
}

void
pn_super_adopt(struct pn_store *st)
{
    const struct pn_super *super = pn_super_of(st);
    pn_hash_key_init(&st->hash, super->seed);
    st->epoch_mono_ns = super->epoch_mono_ns;
    st->epoch_unix_ms = super->epoch_unix_ms;
    st->flags |= super->flags & PN_STORE_STABLE_CAS;
}
