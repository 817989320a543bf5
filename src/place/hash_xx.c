#define XXH_INLINE_ALL
#include <xxhash.h>

#include "place/hash.h"

uint64_t
pn_xxh64(const void *data, size_t len, uint64_t seed)
{
    return XXH64(data != NULL ? data : "", len, seed);
}

uint64_t
pn_xxh3(const void *data, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(data != NULL ? data : "", len, seed);
}
