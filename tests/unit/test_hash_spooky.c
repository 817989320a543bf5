#include "place/hash.h"

#include "place.h"

static void
check_row(const char *name, pn_hash32_fn hash, const uint32_t want[8])
{
    for (unsigned i = 0; i < 8; i++) {
        if (!CHECK_EQ(hash(keys[i], strlen(keys[i])), want[i])) {
            printf("# %s of key %u\n", name, i);
        }
    }
}

static uint32_t
spooky_of_mcrouter(const void *data, size_t len)
{
    return pn_spooky32(data, len, 0xface2014u);
}

static void
test_short(void)
{
    check_row("spooky_of_mcrouter", spooky_of_mcrouter,
              (const uint32_t[]){2815030509u, 3451707103u, 1363985381u, 882721212u,
                                 1865093797u, 3905645848u, 1715020540u, 801511914u});
}

/* From the author's own test: byte i is i + 128, seed 0; both forms, around the change
 * from one to the other at 192 bytes, and the longest it has. */
static void
test_published(void)
{
    static const struct {
        size_t len;
        uint32_t want;
    } rows[] = {{0, 0x6bf50919},   {1, 0x70de1d26},   {15, 0x83ec01f9},
                {16, 0xf274736c},  {31, 0x027bca7c},  {32, 0xe5cfc8b6},
                {63, 0x09c1afb4},  {506, 0x07305776}, {507, 0xc6be7503},
                {508, 0x918fa7c9}, {509, 0xaf2e2cd9}, {510, 0x82046f8e},
                {511, 0xcc1c8250}};
    unsigned char bytes[512];
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(i + 128);
    }
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_EQ(pn_spooky32(bytes, rows[i].len, 0), rows[i].want);
    }
}

int
main(void)
{
    RUN(test_short);
    RUN(test_published);
    return harness_done();
}
