#include <string.h>

#include "place/hash.h"

/*      name             x86            ARM */
#define HASHES(X)                             \
    X("oaat", pn_oaat, pn_oaat_u)             \
    X("default", pn_oaat, pn_oaat_u)          \
    X("one_at_a_time", pn_oaat, pn_oaat_u)    \
    X("md5", pn_md5_word, pn_md5_word)        \
    X("crc", pn_crc32_15, pn_crc32_15)        \
    X("crc16", pn_crc16_wide, pn_crc16_wide)  \
    X("crc32", pn_crc32_15, pn_crc32_15)      \
    X("crc32a", pn_crc32, pn_crc32)           \
    X("fnv1_64", pn_fnv1_64, pn_fnv1_64_u)    \
    X("fnv1a_64", pn_fnv1a_64, pn_fnv1a_64_u) \
    X("fnv1_32", pn_fnv1_32, pn_fnv1_32_u)    \
    X("fnv1a_32", pn_fnv1a_32, pn_fnv1a_32_u) \
    X("murmur", pn_murmur2, pn_murmur2)       \
    X("jenkins", pn_jenkins, pn_jenkins)      \
    X("murmur3", pn_murmur3, pn_murmur3)

const char pn_hash_names[] =
#define NAME(name, x86, arm) name " "
    HASHES(NAME);
#undef NAME

pn_hash32_fn
pn_hash_named(const char *name, bool is_arm)
{
    static const struct {
        const char *name;
        pn_hash32_fn x86, arm;
    } table[] = {
#define ROW(name, x86, arm) {name, x86, arm},
        HASHES(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return is_arm ? table[i].arm : table[i].x86;
        }
    }
    return NULL;
}
