#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "place/kind.h"

/* Rows of one name stand together, the default first; pn_place_policy() lists names in
 * this order. */
#define RING &place_ring_kind
#define MODULO &place_modulo_kind
#define CHOICE TAKES_DISTRIBUTION
static const struct place_policy policies[] = {
    {"slots",
     NULL,
     &place_table_kind,
     NULL,
     TABLE_SLOTS,
     WEIGHTS_ANY,
     TAKES_TAG | TAKES_SEED | TAKES_SLOTS | TAKES_REPLICAS | TAKES_PREVIOUS,
     {0}},
    {"hash_ring", NULL, RING, "md5", RING_HASH_RING, WEIGHTS_ANY, 0, {0}},
    {"libketama", NULL, RING, "md5", RING_LIBKETAMA, WEIGHTS_WHOLE, 0, {0}},
    {"pylibmc",
     "consistent",
     RING,
     "oaat",
     RING_LIBMEMCACHED,
     WEIGHTS_WHOLE,
     CHOICE | TAKES_HASH | TAKES_ARM,
     {0}},
    {"pylibmc",
     "spy",
     RING,
     "oaat",
     RING_LIBMEMCACHED_SPY,
     WEIGHTS_WHOLE,
     CHOICE | TAKES_HASH | TAKES_ARM,
     {0}},
    {"pylibmc-md5",
     "consistent",
     RING,
     "md5",
     RING_LIBMEMCACHED,
     WEIGHTS_WHOLE,
     CHOICE,
     {0}},
    {"pylibmc-md5",
     "spy",
     RING,
     "md5",
     RING_LIBMEMCACHED_SPY,
     WEIGHTS_WHOLE,
     CHOICE,
     {0}},
    {"pylibmc-weighted",
     "consistent",
     RING,
     "md5",
     RING_LIBMEMCACHED_WEIGHTED,
     WEIGHTS_WHOLE,
     CHOICE,
     {0}},
    {"pylibmc-weighted",
     "spy",
     RING,
     "md5",
     RING_LIBMEMCACHED_WEIGHTED_SPY,
     WEIGHTS_WHOLE,
     CHOICE,
     {0}},
    {"modula",
     NULL,
     MODULO,
     "oaat",
     MODULO_LIBMEMCACHED,
     WEIGHTS_IGNORED,
     TAKES_HASH | TAKES_ARM,
     {0}},
    {"uhashring", NULL, RING, NULL, RING_UHASHRING, WEIGHTS_WHOLE, TAKES_POINTS, {0}},
    {"uhashring-ketama",
     NULL,
     RING,
     "md5",
     RING_UHASHRING_KETAMA,
     WEIGHTS_WHOLE,
     TAKES_POINTS,
     {0}},
    {"twemproxy",
     "ketama",
     RING,
     "fnv1a_64",
     RING_TWEMPROXY,
     WEIGHTS_WHOLE,
     CHOICE | TAKES_HASH | TAKES_ARM | TAKES_TAG,
     {0}},
    {"twemproxy",
     "modula",
     MODULO,
     "fnv1a_64",
     MODULO_TWEMPROXY,
     WEIGHTS_WHOLE,
     CHOICE | TAKES_HASH | TAKES_ARM | TAKES_TAG,
     {0}},
    {"pymemcache",
     NULL,
     &place_rendezvous_kind,
     NULL,
     RENDEZVOUS_PYMEMCACHE,
     WEIGHTS_EQUAL,
     TAKES_BYTES,
     {0}},
    {"python-memcached",
     NULL,
     MODULO,
     "crc",
     MODULO_PYTHON,
     WEIGHTS_WHOLE,
     TAKES_ZERO_IS_ONE,
     {0}},
    {"redis-cluster",
     NULL,
     &place_table_kind,
     NULL,
     TABLE_REDIS,
     WEIGHTS_EQUAL,
     TAKES_TABLE,
     {'{', '}'}},
    {"couchbase",
     NULL,
     &place_table_kind,
     NULL,
     TABLE_COUCHBASE,
     WEIGHTS_EQUAL,
     TAKES_TABLE | TAKES_SLOTS,
     {0}},
    {"mcrouter",
     "ch3",
     &place_mcrouter_kind,
     NULL,
     MCROUTER_CH3,
     WEIGHTS_EQUAL,
     CHOICE | TAKES_SALT,
     {0}},
    {"mcrouter",
     "crc32",
     &place_mcrouter_kind,
     NULL,
     MCROUTER_CRC32,
     WEIGHTS_EQUAL,
     CHOICE | TAKES_SALT,
     {0}},
    {"mcrouter",
     "rendezvous",
     &place_rendezvous_kind,
     NULL,
     RENDEZVOUS_MCROUTER,
     WEIGHTS_EQUAL,
     CHOICE | TAKES_SALT,
     {0}},
    {"mcrouter-weighted",
     "ch3",
     &place_mcrouter_kind,
     NULL,
     MCROUTER_CH3_WEIGHTED,
     WEIGHTS_PART,
     CHOICE | TAKES_SALT,
     {0}},
    {"mcrouter-weighted",
     "rendezvous",
     &place_rendezvous_kind,
     NULL,
     RENDEZVOUS_MCROUTER_WEIGHTED,
     WEIGHTS_PART,
     CHOICE | TAKES_SALT,
     {0}},
    {"jump", NULL, &place_jump_kind, NULL, 0, WEIGHTS_EQUAL, TAKES_SEED, {0}},
    {"maglev", NULL, &place_maglev_kind, NULL, 0, WEIGHTS_ANY, TAKES_SLOTS, {0}},
    {"bounded", NULL, RING, NULL, RING_BOUNDED, WEIGHTS_ANY, TAKES_EPSILON, {0}},
};
#undef RING
#undef MODULO
#undef CHOICE

enum { POLICIES = sizeof policies / sizeof policies[0] };

const char *
pn_place_policy(size_t i)
{
    for (size_t row = 0; row < POLICIES; row++) {
        bool is_again = row > 0 &&
                        strcmp(policies[row - 1].name, policies[row].name) == 0;
        if (!is_again && i-- == 0) {
            return policies[row].name;
        }
    }
    return NULL;
}

/* ---- Refusing -------------------------------------------------------------- */

int
place_no_memory(struct pn_why *why)
{
    return pn_why(why, PN_E_NOMEM, "out of memory for a table of placement");
}

void *
place_alloc(size_t count, size_t size)
{
    return count > SIZE_MAX / size ? NULL : pn_alloc(count * size);
}

/* Appends " TEXT" to LIST as far as there is room. */
static void
list_add(char *list, size_t size, const char *text)
{
    size_t len = strlen(list);
    snprintf(list + len, size - len, " %s", text);
}

const struct place_policy *
place_policy_find(const char *name, const char *distribution, struct pn_why *why)
{
    char known[300] = "";
    bool is_name = false;
    for (size_t i = 0; i < POLICIES; i++) {
        const struct place_policy *row = &policies[i];
        if (strcmp(row->name, name) != 0) {
            continue;
        }
        is_name = true;
        if (distribution == NULL || row->distribution == NULL ||
            strcmp(row->distribution, distribution) == 0) {
            return row; /* that it takes none is told by place_policy_check() */
        }
        list_add(known, sizeof known, row->distribution);
    }
    if (is_name) {
        pn_why(why, PN_E_INVALID, "%s has no distribution '%.40s'; it has%s", name,
               distribution, known);
        return NULL;
    }
    for (size_t i = 0; pn_place_policy(i) != NULL; i++) {
        list_add(known, sizeof known, pn_place_policy(i));
    }
    pn_why(why, PN_E_INVALID, "place '%.40s' is not known; known are%s", name, known);
    return NULL;
}

/* ---- Checking -------------------------------------------------------------- */

static int
check_takes(const struct place_policy *policy, const struct pn_place_opts *opts,
            struct pn_why *why)
{
    const struct {
        unsigned bit;
        bool is_given;
        const char *name;
    } options[] = {
        {TAKES_HASH, opts->hash != NULL, "hash"},
        {TAKES_DISTRIBUTION, opts->distribution != NULL, "distribution"},
        {TAKES_TAG, opts->hash_tag != NULL, "hash_tag"},
        {TAKES_SALT, opts->salt != NULL, "salt"},
        {TAKES_SEED, opts->seed != 0, "seed"},
        {TAKES_POINTS, opts->points != 0, "points"},
        {TAKES_SLOTS, opts->slots != 0 && opts->table == NULL, "slots"},
        {TAKES_REPLICAS, opts->replicas != 0, "replicas"},
        {TAKES_TABLE, opts->table != NULL, "table"},
        {TAKES_PREVIOUS, opts->previous != NULL, "previous"},
        {TAKES_EPSILON, opts->epsilon != 0, "epsilon"},
        {TAKES_ARM, (opts->flags & PN_PLACE_ARM) != 0, "arm"},
        {TAKES_ZERO_IS_ONE, (opts->flags & PN_PLACE_ZERO_IS_ONE) != 0, "zero_is_one"},
        {TAKES_BYTES, (opts->flags & PN_PLACE_BYTES) != 0, "bytes_keys"},
    };
    char known[200] = "";
    const char *wrong = NULL;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if ((policy->takes & options[i].bit) != 0) {
            list_add(known, sizeof known, options[i].name);
        } else if (options[i].is_given) {
            wrong = options[i].name;
        }
    }
    if (wrong == NULL) {
        return PN_OK;
    }
    return pn_why(why, PN_E_INVALID, "%s has no option %s; it has%s", policy->name,
                  wrong, known[0] != '\0' ? known : " none");
}

static int
check_values(const struct place_policy *policy, const struct pn_place_opts *opts,
             struct pn_why *why)
{
    if (opts->hash != NULL && strcmp(opts->hash, "hsieh") == 0) {
        return pn_why(why, PN_E_INVALID,
                      "hash 'hsieh': Debian's builds answer 1 for every key, so "
                      "such a fleet uses one server; take another hash");
    }
    if (opts->hash != NULL && pn_hash_named(opts->hash, false) == NULL) {
        return pn_why(why, PN_E_INVALID, "hash '%.40s' is not known; known are %s",
                      opts->hash, pn_hash_names);
    }
    if (opts->hash_tag != NULL && strlen(opts->hash_tag) != 2) {
        return pn_why(why, PN_E_INVALID,
                      "hash_tag '%.40s': give two characters, such as {}",
                      opts->hash_tag);
    }
    if (!(opts->epsilon >= 0) || opts->epsilon > 1000) {
        return pn_why(why, PN_E_INVALID,
                      "%s: epsilon is the part above the mean that a node may "
                      "carry, such as 0.25",
                      policy->name);
    }
    return PN_OK;
}

static bool
is_weight(int rule, double weight)
{
    switch (rule) {
    case WEIGHTS_ANY:
        return weight >= 0 && weight <= 1e9;
    case WEIGHTS_WHOLE:
        return weight >= 1 && weight <= 1e9 && weight == floor(weight);
    case WEIGHTS_PART:
        return weight >= 0 && weight <= 1;
    case WEIGHTS_EQUAL:
        return weight == 1;
    default:
        return true;
    }
}

int
place_policy_check(const struct place_policy *policy, const struct pn_place_opts *opts,
                   const struct pn_member *member, size_t n, struct pn_why *why)
{
    static const char *const wanted[] = {
        [WEIGHTS_ANY] = "0 or more",
        [WEIGHTS_WHOLE] = "a whole number from 1 on",
        [WEIGHTS_PART] = "0 to 1",
        [WEIGHTS_IGNORED] = "a number",
        [WEIGHTS_EQUAL] = "1, for this policy knows no weights",
    };
    int rc = check_takes(policy, opts, why);
    if (rc < 0 || (rc = check_values(policy, opts, why)) < 0) {
        return rc;
    }
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_weight(policy->weights, member[i].weight)) {
            return pn_why(why, PN_E_INVALID, "%s: weight %g of node %.100s: give %s",
                          policy->name, member[i].weight, member[i].name,
                          wanted[policy->weights]);
        }
        sum += member[i].is_out != 0 ? 0 : member[i].weight;
    }
    if (!(sum > 0) && policy->weights == WEIGHTS_ANY) {
        return pn_why(why, PN_E_INVALID, "%s: all weights are 0: give one node more",
                      policy->name);
    }
    return PN_OK;
}
