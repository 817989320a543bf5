#include <string.h>

#include "base/bytes.h"
#include "place/hash.h"

/*
 * The four rounds of RFC 1321, unrolled through one macro: each step rotates the names
 * of the four words instead of moving them. Placement hashes short keys, so almost
 * every call is one block.
 */
#define ROTATE(x, n) (((x) << (n)) | ((x) >> (32 - (n))))
/* Twice a choice without a branch; G in two halves that do not wait for each other. */
#define F(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define G(x, y, z) (((x) & (z)) + ((y) & ~(z)))
#define H(x, y, z) ((x) ^ (y) ^ (z))
#define I(x, y, z) ((y) ^ ((x) | ~(z)))

#define STEP(f, a, b, c, d, i, n, k) \
    (a) += (uint32_t)(k) + w[i];     \
    (a) += f(b, c, d);               \
    (a) = ROTATE(a, n) + (b)

#define FOUR(f, i0, i1, i2, i3, n0, n1, n2, n3, k0, k1, k2, k3) \
    STEP(f, a, b, c, d, i0, n0, k0);                            \
    STEP(f, d, a, b, c, i1, n1, k1);                            \
    STEP(f, c, d, a, b, i2, n2, k2);                            \
    STEP(f, b, c, d, a, i3, n3, k3)

#define F4(i, k0, k1, k2, k3) \
    FOUR(F, i, (i) + 1, (i) + 2, (i) + 3, 7, 12, 17, 22, k0, k1, k2, k3)
#define G4(i, k0, k1, k2, k3)                                                         \
    FOUR(G, (i) % 16, ((i) + 5) % 16, ((i) + 10) % 16, ((i) + 15) % 16, 5, 9, 14, 20, \
         k0, k1, k2, k3)
#define H4(i, k0, k1, k2, k3)                                                        \
    FOUR(H, (i) % 16, ((i) + 3) % 16, ((i) + 6) % 16, ((i) + 9) % 16, 4, 11, 16, 23, \
         k0, k1, k2, k3)
#define I4(i, k0, k1, k2, k3)                                                          \
    FOUR(I, (i) % 16, ((i) + 7) % 16, ((i) + 14) % 16, ((i) + 21) % 16, 6, 10, 15, 21, \
         k0, k1, k2, k3)

static void
add_block(uint32_t state[4], const uint32_t w[16])
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    F4(0, 0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee);
    F4(4, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501);
    F4(8, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be);
    F4(12, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821);
    G4(1, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa);
    G4(5, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8);
    G4(9, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed);
    G4(13, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a);
    H4(5, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c);
    H4(1, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70);
    H4(13, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05);
    H4(9, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665);
    I4(0, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039);
    I4(12, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1);
    I4(8, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1);
    I4(4, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391);
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

/* The words of P[0..LEN), LEN < 64, then a one bit, then zeros. Words are read where
 * they are: a copy by bytes would be read back by words, which a CPU does slowly. */
static void
last_words(uint32_t w[16], const unsigned char *p, size_t len)
{
    unsigned n = 0;
    for (; len >= 4; len -= 4, p += 4) {
        w[n++] = pn_load32(p);
    }
    uint32_t tail = 0x80;
    while (len > 0) {
        tail = tail << 8 | p[--len];
    }
    w[n++] = tail;
    while (n < 16) {
        w[n++] = 0;
    }
}

void
pn_md5(const void *data, size_t len, uint32_t word[4])
{
    static const uint32_t init[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    const unsigned char *p = data;
    uint32_t w[16];
    memcpy(word, init, sizeof init);
    size_t left = len;
    for (; left >= 64; left -= 64, p += 64) {
        memcpy(w, p, sizeof w); /* little-endian, as base/bytes.h asserts */
        add_block(word, w);
    }
    last_words(w, p, left);
    if (left >= 56) { /* no room for the length: it stands in a block of its own */
        add_block(word, w);
        memset(w, 0, sizeof w);
    }
    w[14] = (uint32_t)(len << 3);
    w[15] = (uint32_t)((uint64_t)len >> 29);
    add_block(word, w);
}

uint32_t
pn_md5_word(const void *data, size_t len)
{
    uint32_t word[4];
    pn_md5(data, len, word);
    return word[0];
}
