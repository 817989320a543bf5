/* The superblock: what is written is accepted, and nothing else is. */
#include "fixture.h"

#include "store/build.h"

static int
judge(const struct pn_store *store, const struct pn_super *super,
      const struct pn_store_opts *opts)
{
    struct pn_geometry geo;
    struct pn_why why = {.text = ""};
    int rc = pn_super_judge(super, store->geo.region_size, "name", opts, &geo, &why);
    CHECK_EQ(rc == PN_OK, why.text[0] == '\0');
    CHECK(rc == PN_OK || strstr(why.text, "name") != NULL);
    return rc;
}

/* A private region's superblock differs from a shared one's in its namespace only. */
static struct pn_super *
copy_of(struct pn_store *store)
{
    struct pn_super *super = calloc(1, sizeof *super);
    store->is_shared = true;
    CHECK_EQ(pn_super_build(store, pn_super_of(store)->seed), 0);
    store->is_shared = false;
    memcpy(super, store->base, sizeof *super);
    return super;
}

static void
test_judge(void)
{
    static const uint8_t other_seed[16] = {1};
    struct pn_store *store = fixture_open(FIXTURE_SIZE, PN_STORE_STABLE_CAS);
    struct pn_super *super = copy_of(store);
    struct pn_store_opts opts = {.size = 0};
    CHECK_EQ(judge(store, super, &opts), PN_OK);
    opts.size = store->geo.region_size + 1; /* the size is rounded to the page */
    CHECK_EQ(judge(store, super, &opts), PN_OK);
    opts.size = store->geo.region_size * 2;
    CHECK_EQ(judge(store, super, &opts), PN_E_SIZE);
    opts = (struct pn_store_opts){.item = 4096};
    CHECK_EQ(judge(store, super, &opts), PN_E_SIZE);
    opts = (struct pn_store_opts){.seed = other_seed};
    CHECK_EQ(judge(store, super, &opts), PN_E_SEED);
    free(super);
    pn_store_close(store);
}

/* One bit anywhere in what the creator wrote. */
static void
test_every_bit(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_super *super = copy_of(store);
    struct pn_store_opts opts = {.size = 0};
    unsigned char *bytes = (unsigned char *)super;
    size_t end = offsetof(struct pn_super, state) + sizeof super->state;
    for (size_t bit = 0; bit < end * 8; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        if (!CHECK(judge(store, super, &opts) < 0)) {
            printf("# bit %zu of byte %zu\n", bit % 8, bit / 8);
        }
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    CHECK_EQ(judge(store, super, &opts), PN_OK);
    free(super);
    pn_store_close(store);
}

static void
test_identity(void)
{
    CHECK_EQ(pn_abi_id(), pn_abi_id());
    CHECK_EQ(pn_pidns_id(), pn_pidns_id());
}

int
main(void)
{
    RUN(test_judge);
    RUN(test_every_bit);
    RUN(test_identity);
    return harness_done();
}
