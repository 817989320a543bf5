#include "place/furc.h"

#include <stdbool.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "place/hash.h"

/* As many bits as are asked for: the key's hash, then the hash of that, and so on. A
 * number of at most 23 bits, 23 apart, 32 times over, reaches bit 16928 + 23. */
enum { LEVEL = 23, TRIES = 32, WORDS = (LEVEL * LEVEL * TRIES + LEVEL) / 64 + 1 };
static const uint64_t seed = 4193360111u;

struct bits {
    uint64_t word[WORDS];
    unsigned n;
};

static bool
bit(struct bits *bits, uint32_t at)
{
    while (at / 64 >= bits->n) {
        unsigned char last[8];
        PN_ASSERT(bits->n < WORDS);
        pn_store64(last, bits->word[bits->n - 1]);
        bits->word[bits->n++] = pn_murmur64a(last, sizeof last, seed);
    }
    return (bits->word[at / 64] >> at % 64 & 1) != 0;
}

uint32_t
pn_furc(const void *key, size_t len, uint32_t n)
{
    if (n <= 1) {
        return 0;
    }
    struct bits bits; /* 2 KiB, of which a walk commonly touches two words */
    bits.word[0] = pn_murmur64a(key, len, seed);
    bits.n = 1;
    uint32_t depth = 1;
    while (depth < 32 && (n - 1) >> depth != 0) {
        depth++;
    }
    uint32_t at = depth;
    for (unsigned try = 0; try < TRIES; try++) {
        while (!bit(&bits, at)) {
            if (--depth == 0) {
                return 0;
            }
            at = depth;
        }
        at += LEVEL;
        uint32_t number = 1;
        for (uint32_t i = 1; i < depth; i++) {
            number = number << 1 | bit(&bits, at);
            at += LEVEL;
        }
        if (number < n) {
            return number;
        }
    }
    return 0; /* as the original: 32 tries all missed */
}
