#include "place/hash.h"

#include "place.h"

/* The digests of RFC 1321. */
static void
test_rfc(void)
{
    static const struct {
        const char *text, *digest;
    } rows[] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567"
         "890",
         "57edf4a22be3c955ac49da2e2107b67a"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char digest[16];
        uint32_t word[4];
        char hex[33];
        pn_md5(rows[i].text, strlen(rows[i].text), word);
        memcpy(digest, word, sizeof digest);
        for (unsigned k = 0; k < 16; k++) {
            snprintf(hex + 2 * k, 3, "%02x", digest[k]);
        }
        CHECK_MEM(hex, rows[i].digest, 32);
    }
}

/* Every length around the ends of blocks: the sum of word 0 over 0 to 299 bytes of `x`,
 * computed with Python's hashlib. */
static void
test_lengths(void)
{
    char text[300];
    uint64_t sum = 0;
    memset(text, 'x', sizeof text);
    for (size_t len = 0; len < sizeof text; len++) {
        sum += pn_md5_word(text, len);
    }
    CHECK_EQ(sum, 701328828377ll);
}

static void
test_words(void)
{
    uint32_t word[4];
    pn_md5("10.0.1.1:11211-0", 16, word);
    CHECK_EQ(word[0], 2431485715u);
    CHECK_EQ(word[1], 4123933443u);
    CHECK_EQ(word[2], 100894374u);
    CHECK_EQ(word[3], 2720740989u);
    CHECK_EQ(pn_md5_word("foo", 3), 3675831724u);
    CHECK_EQ(pn_md5_word(NULL, 0), 3649838548u);
}

int
main(void)
{
    RUN(test_rfc);
    RUN(test_lengths);
    RUN(test_words);
    return harness_done();
}
