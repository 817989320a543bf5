/*
 * fuzz_attach - a damaged region must not hurt who attaches it (T4)
 *
 * The input is a list of damages to a region that is in good order and half full:
 * bits flipped, words replaced, pieces zeroed, copied or filled with noise, in
 * the superblock, the process table, shard headers, leases, tags, segment headers,
 * buckets, overflow buckets, ghosts and items, before the region is attached or
 * while it is open; or the file cut short. Then every operation is done.
 *
 * Right is any answer, but no crash, no hang, no access outside the region, and
 * never the value of another key. (A flipped bit inside a value is not noticed:
 * values carry no checksum. So a value is foreign when it is, whole, what another
 * key was given.)
 *
 *   input    { u8 when; damage... }     when: 1 bit a damage, 0 before the attach
 *   damage   { u8 how; u8 where; u8 off[3]; u8 with }
 *   how      0 flip bit, 1 byte, 2 word of four, 3 zero 64, 4 noise 64,
 *            5 copy 64 within the area, 6 cut the file, 7 word of eight
 */
#define _GNU_SOURCE
#include "../support/pattern.h"
#include "../support/rng.h"
#include "../support/scratch.h"
#include "pinyon/store.h"
#include "store/geometry.h"
#include "store/layout.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE = 4 << 20, KEYS = 700, TAGS = 8, DAMAGE = 6, DAMAGES_MAX = 48 };

struct area {
    uint64_t off, len;
};

/* Made once; the fuzzer's contract has no context argument. */
static struct {
    const char *dir;
    char path[200];
    int fd;
    unsigned char *map;   /* our own view of the file */
    unsigned char *whole; /* the region in good order */
    unsigned char *buf;
    uint64_t value_max;
    struct area area[10];
} env;

static void
stop(const char *why)
{
    fprintf(stderr, "# fuzz_attach: %s\n", why);
    abort();
}

static struct pn_store_opts
options(void)
{
    return (struct pn_store_opts){.dir = env.dir, .size = SIZE, .write_wait_ms = 1};
}

/* Unlike each other in most bits, so that no few flips make one of another. */
static size_t
key_of(uint32_t k, unsigned char key[64])
{
    pattern_fill(key, 64, rng_mix(k + 1), k);
    return 12 + k % 50;
}

static int
put(struct pn_store *store, uint32_t k, uint64_t seq, size_t vlen, uint64_t ttl_ms)
{
    unsigned char key[64];
    uint32_t t = k % TAGS;
    struct pn_tag tag = pn_store_tag(store, &t, sizeof t);
    struct pn_put put = {.key = key,
                         .klen = key_of(k, key),
                         .val = env.buf,
                         .vlen = vlen,
                         .ttl_ms = ttl_ms,
                         .cflags = k % 7,
                         .tags = &tag,
                         .ntags = k % 3 == 0};
    pattern_fill(env.buf, vlen, k, seq);
    return pn_store_put(store, PN_NOW, &put, NULL);
}

static size_t
size_of(uint32_t k)
{
    return PATTERN_HEAD + (k % 97 == 0 ? 40000 + k : k % 5 * 300 + k % 64);
}

/* ---- The region in good order ---------------------------------------------- */

static void
fill(struct pn_store *store)
{
    for (uint32_t k = 0; k < KEYS; k++) {
        put(store, k, 1, size_of(k), k % 4 == 0 ? 3600000 : PN_NO_TTL);
    }
    for (uint32_t k = 0; k < KEYS; k += 6) { /* dead items, holes, counters */
        unsigned char key[64];
        size_t klen = key_of(k, key);
        if (k % 12 == 0) {
            pn_store_delete(store, PN_NOW, key, klen);
        } else {
            put(store, k, 2, size_of(k) / 2 + PATTERN_HEAD, PN_NO_TTL);
        }
    }
    int64_t value;
    struct pn_incr incr = {
        .key = "counter", .klen = 7, .ttl_ms = PN_NO_TTL, .create = 1};
    pn_store_incr(store, PN_NOW, &incr, &value);
    struct pn_lease lease;
    pn_store_lease(store, PN_NOW, "lease", 5, 60000, &lease);
}

static void
find_areas(void)
{
    struct pn_geometry g;
    if (pn_geometry_init(&g, SIZE, 0) != PN_OK) {
        stop("geometry");
    }
    const struct area area[10] = {
        {0, 512}, /* the superblock; the rest of its page is padding */
        {g.off_proc, 8 * sizeof(struct pn_proc)},
        {g.off_shard, g.nshard * sizeof(struct pn_shard)},
        {g.off_lease, g.off_cell - g.off_lease},
        {g.off_cell, g.ncell * 4ull},
        {g.off_seg_hdr, g.nseg * sizeof(struct pn_seg)},
        {g.off_index, g.off_ovf}, /* buckets of shard 0 */
        {g.off_index + g.off_ovf, g.off_ghost - g.off_ovf},
        {g.off_index + g.off_ghost, g.index_stride - g.off_ghost},
        {g.off_seg, (uint64_t)g.nseg * g.seg_size},
    };
    memcpy(env.area, area, sizeof area);
}

static void
prepare(void)
{
    env.dir = scratch_make();
    env.buf = malloc(SIZE);
    env.whole = malloc(SIZE);
    struct pn_store_opts opts = options();
    struct pn_store *store = NULL;
    struct pn_why why = {.text = "no memory"};
    if (env.dir == NULL || env.buf == NULL || env.whole == NULL ||
        pn_store_open_shared("fuzz", &opts, &store, &why) < 0) {
        stop(why.text);
    }
    snprintf(env.path, sizeof env.path, "%s/pinyon.fuzz", env.dir);
    env.value_max = pn_store_value_max(store);
    fill(store);
    pn_store_close(store);
    env.fd = open(env.path, O_RDWR | O_CLOEXEC);
    env.map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, env.fd, 0);
    if (env.fd < 0 || env.map == MAP_FAILED) {
        stop("the region's file");
    }
    memcpy(env.whole, env.map, SIZE);
    find_areas();
}

/* ---- Damage ---------------------------------------------------------------- */

static void
store_word(unsigned char *at, uint8_t with, size_t width)
{
    static const uint64_t words[] = {
        0,    1,        UINT64_MAX,  0x7fffffff7fffffff, 0x8000000080000000, 0xffff,
        SIZE, SIZE - 8, 0x100000001, 0x00ffffff,         1ull << 40,         2,
    };
    enum { WORDS = sizeof words / sizeof words[0] };
    uint64_t word = with < WORDS ? words[with] : with;
    if (with >= 128) { /* near what is there */
        memcpy(&word, at, width);
        word += (uint64_t)with - 192;
    }
    memcpy(at, &word, width);
}

static void
damage(const uint8_t *d, bool is_open)
{
    const struct area *area = &env.area[d[1] % 10];
    uint64_t off = (uint64_t)d[2] | (uint64_t)d[3] << 8 | (uint64_t)d[4] << 16;
    uint64_t piece = area->len < 64 ? area->len : 64;
    unsigned char *base = env.map + area->off;
    unsigned char *at = base + off % (area->len - 8);
    unsigned char *room = base + off % (area->len - piece + 1);
    bool is_items = d[1] % 10 == 9;
    switch (d[0] % 8) {
    case 0:
        *at ^= (unsigned char)(1u << d[5] % 8);
        break;
    case 1:
        *at = d[5];
        break;
    case 2:
        store_word(base + off % (area->len - 8) / 4 * 4, d[5], 4);
        break;
    case 3:
        memset(room, 0, piece);
        break;
    case 4:
        pattern_fill(room, piece, d[5], off);
        break;
    case 5: /* not items: a value copied whole over another is a right one */
        if (!is_items) {
            memmove(room, base + off / 64 * d[5] % (area->len - piece + 1), piece);
        }
        break;
    case 6: /* only a file that nobody has mapped may be cut: else SIGBUS is right */
        if (!is_open && ftruncate(env.fd, (off_t)(off % SIZE)) != 0) {
            stop("ftruncate");
        }
        break;
    default:
        store_word(base + off % (area->len - 8) / 8 * 8, d[5], 8);
    }
}

/* All damages of one kind of moment. A cut file ends it: the rest has no place. */
static void
damage_all(const uint8_t *data, size_t size, bool is_open)
{
    struct stat sb;
    size_t n = (size - 1) / DAMAGE;
    for (size_t i = 0; i < n && i < DAMAGES_MAX; i++) {
        if ((data[0] >> i % 8 & 1) == is_open && fstat(env.fd, &sb) == 0 &&
            sb.st_size == SIZE) {
            damage(data + 1 + i * DAMAGE, is_open);
        }
    }
}

/* ---- Operations ------------------------------------------------------------ */

static void
judge(uint32_t k, const unsigned char *buf, size_t vlen)
{
    if (vlen < 2 * PATTERN_HEAD || vlen > env.value_max) {
        return;
    }
    uint64_t id = pattern_id(buf);
    if (id != k && id < KEYS && pattern_holds(buf, vlen, id, pattern_seq(buf))) {
        fprintf(stderr, "# key %u answers with the value of key %u\n", (unsigned)k,
                (unsigned)id);
        stop("another key's value");
    }
}

static void
read_all(struct pn_store *store, uint32_t step)
{
    for (uint32_t k = 0; k < KEYS; k += step) {
        unsigned char key[64];
        size_t klen = key_of(k, key);
        struct pn_item item;
        if (pn_store_get(store, PN_NOW, key, klen, env.buf, env.value_max, &item) ==
            PN_OK) {
            judge(k, env.buf, item.vlen);
        }
    }
}

static int
see(void *ctx, const void *key, size_t klen, const struct pn_item *item)
{
    unsigned char sum = 0;
    for (size_t i = 0; i < klen; i++) {
        sum ^= ((const unsigned char *)key)[i];
    }
    *(uint32_t *)ctx += sum + item->vlen;
    return 0;
}

static void
scan_all(struct pn_store *store)
{
    uint64_t cursor = 0;
    uint32_t sum = 0;
    uint64_t parts = 0;
    do {
        if (pn_store_scan(store, PN_NOW, &cursor, see, &sum) != PN_OK) {
            break;
        }
        if (++parts > SIZE) {
            stop("a walk without end");
        }
    } while (cursor != 0);
}

static void
write_some(struct pn_store *store, uint32_t from)
{
    for (uint32_t i = 0; i < 60; i++) {
        uint32_t k = (from + i * 7) % KEYS;
        unsigned char key[64];
        size_t klen = key_of(k, key);
        switch (i % 6) {
        case 0:
            pn_store_delete(store, PN_NOW, key, klen);
            break;
        case 1:
            pn_store_touch(store, PN_NOW, key, klen, 1000);
            break;
        default:
            put(store, k, 3, size_of(k), PN_NO_TTL);
        }
    }
    int64_t value;
    struct pn_incr incr = {
        .key = "counter", .klen = 7, .delta = 1, .ttl_ms = PN_KEEP_TTL, .create = 1};
    pn_store_incr(store, PN_NOW, &incr, &value);
    put(store, 1, 4, env.value_max / 2, PN_NO_TTL);
}

static void
use(struct pn_store *store, uint32_t from)
{
    struct pn_store_stats stats;
    struct pn_store_report report;
    struct pn_lease lease;
    uint32_t t = from % TAGS;
    read_all(store, 3);
    write_some(store, from);
    if (pn_store_lease(store, PN_NOW, "lease", 5, 1000, &lease) == PN_HELD) {
        pn_store_lease_wait(store, &lease, 1);
    }
    pn_store_lease_renew(store, PN_NOW, &lease, 1000);
    pn_store_lease_end(store, &lease);
    pn_store_invalidate(store, &t, sizeof t);
    scan_all(store);
    pn_store_maintain(store, PN_NOW, 2000);
    pn_store_stats(store, &stats);
    pn_store_check(store, PN_NOW, &report);
    read_all(store, 5);
    pn_store_clear(store);
    put(store, from % KEYS, 5, 100, PN_NO_TTL);
    read_all(store, 7);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (env.map == NULL) {
        prepare();
    }
    if (size == 0) {
        return 0;
    }
    if (ftruncate(env.fd, SIZE) != 0) {
        stop("ftruncate");
    }
    memcpy(env.map, env.whole, SIZE);
    damage_all(data, size, false);
    struct pn_store_opts opts = options();
    struct pn_store *store = NULL;
    struct pn_why why = {0};
    int rc = pn_store_open_shared("fuzz", &opts, &store, &why);
    if (rc != PN_OK) {
        if (rc > 0 || why.text[0] == '\0' || store != NULL) {
            stop("a refusal without a reason");
        }
        return 0;
    }
    damage_all(data, size, true);
    use(store, data[0] * 3u);
    pn_store_close(store);
    return 0;
}
