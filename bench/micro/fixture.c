#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

static const uint8_t seed[16] = "pinyon bench 01";
static const uint8_t value[BENCH_VALUE_MAX] = {1};

const void *
fixture_value(void)
{
    return value;
}

struct pn_store *
fixture_open(uint64_t size, uint32_t item)
{
    struct pn_store_opts opts = {.size = size, .item = item, .seed = seed};
    struct pn_store *store = NULL;
    struct pn_why why = {0};

    if (pn_store_open_private(&opts, &store, &why) < 0) {
        report_fail("open", why.text);
    }
    return store;
}

struct pn_store *
fixture_open_shared(uint64_t size, uint32_t item)
{
    struct pn_store_opts opts = {.size = size, .item = item, .seed = seed};
    struct pn_store *store = NULL;
    struct pn_why why = {0};
    char name[64];

    (void)snprintf(name, sizeof name, "pinyon-bench-%ld", (long)getpid());
    if (pn_store_open_shared(name, &opts, &store, &why) < 0 ||
        pn_store_unlink(name, NULL, &why) < 0) {
        report_fail(name, why.text);
    }
    return store;
}

void
fixture_put(struct pn_store *store, uint64_t number, size_t vlen, uint64_t ttl_ms)
{
    struct bench_key key = bench_key(number);
    struct pn_put put = {
        .key = &key, .klen = sizeof key, .val = value, .vlen = vlen, .ttl_ms = ttl_ms};
    int rc = pn_store_put(store, PN_NOW, &put, NULL);

    if (rc != PN_OK) {
        report_fail("put", pn_error_name(rc));
    }
}

bool
fixture_get(struct pn_store *store, uint64_t number, void *buf, size_t cap)
{
    struct bench_key key = bench_key(number);
    struct pn_item item;
    int rc = pn_store_get(store, PN_NOW, &key, sizeof key, buf, cap, &item);

    if (rc != PN_OK && rc != PN_MISS) {
        report_fail("get", pn_error_name(rc));
    }
    return rc == PN_OK;
}

struct pn_store_stats
fixture_stats(struct pn_store *store)
{
    struct pn_store_stats stats = {0};
    int rc = pn_store_stats(store, &stats);

    if (rc != PN_OK) {
        report_fail("stats", pn_error_name(rc));
    }
    return stats;
}
