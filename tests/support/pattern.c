#include "pattern.h"

#include "rng.h"

#include <string.h>

static uint64_t
word_at(uint64_t id, uint64_t seq, size_t index)
{
    if (index == 0) {
        return id;
    }
    if (index == 1) {
        return seq;
    }
    return rng_mix(id * 0x9e3779b97f4a7c15u + seq * 0xd1342543de82ef95u + index);
}

void
pattern_fill(void *buf, size_t len, uint64_t id, uint64_t seq)
{
    unsigned char *out = buf;
    for (size_t at = 0; at < len; at += 8) {
        uint64_t word = word_at(id, seq, at / 8);
        memcpy(out + at, &word, len - at < 8 ? len - at : 8);
    }
}

bool
pattern_holds(const void *buf, size_t len, uint64_t id, uint64_t seq)
{
    const unsigned char *in = buf;
    for (size_t at = 0; at < len; at += 8) {
        uint64_t word = word_at(id, seq, at / 8);
        if (memcmp(in + at, &word, len - at < 8 ? len - at : 8) != 0) {
            return false;
        }
    }
    return true;
}

uint64_t
pattern_id(const void *buf)
{
    uint64_t id;
    memcpy(&id, buf, sizeof id);
    return id;
}

uint64_t
pattern_seq(const void *buf)
{
    uint64_t seq;
    memcpy(&seq, (const char *)buf + 8, sizeof seq);
    return seq;
}
