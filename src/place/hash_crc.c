#include "place/hash.h"

/* Nibble tables: 64 and 32 bytes instead of 1 KiB of constants, at about 2 ns a byte.
 * Keys are short, and none of these policies is one to choose for speed. */
static const uint32_t crc32_nibble[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
    0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
    0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint32_t
pn_crc32(const void *data, size_t len)
{
    const unsigned char *p = data;
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        crc = (crc >> 4) ^ crc32_nibble[crc & 15];
        crc = (crc >> 4) ^ crc32_nibble[crc & 15];
    }
    return ~crc;
}

uint32_t
pn_crc32_15(const void *data, size_t len)
{
    return (pn_crc32(data, len) >> 16) & 0x7fff;
}

/* The row of byte X in the CRC-16 table of polynomial 0x1021, from its two nibbles. */
static uint32_t
crc16_row(uint32_t x)
{
    static const uint16_t nibble[16] = {
        0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
        0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef,
    };
    uint32_t crc = nibble[(x >> 4) & 15];
    return ((crc << 4) ^ nibble[(crc >> 12) ^ (x & 15)]) & 0xffff;
}

uint32_t
pn_crc16_wide(const void *data, size_t len)
{
    const unsigned char *p = data;
    uint32_t crc = 0;
    for (size_t i = 0; i < len; i++) {
        crc = (crc << 8) ^ crc16_row(((crc >> 8) ^ p[i]) & 0xff);
    }
    return crc;
}

/* Each step looks at bits 8 to 15 alone and shifts up, so that cutting at the end is
 * the same as cutting at every step. */
uint16_t
pn_crc16(const void *data, size_t len)
{
    return (uint16_t)pn_crc16_wide(data, len);
}
