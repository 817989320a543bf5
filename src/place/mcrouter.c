/*
 * mcrouter's hash functions that answer with a position in the pool: Ch3 (the
 * default), Ch3 with weights, and CRC-32.
 */
#include "place/mcrouter.h"

#include <string.h>

#include "place/furc.h"

struct mcrouter_place {
    struct pn_place base;
    struct mcrouter_salt salt;
};

/* ---- Keys ------------------------------------------------------------------ */

int
mcrouter_take_salt(struct mcrouter_salt *salt, const char *text, struct pn_why *why)
{
    size_t len = text == NULL ? 0 : strlen(text);
    if (len > MCROUTER_SALT_MAX) {
        return pn_why(why, PN_E_INVALID, "salt: %zu bytes are too many, %u at most",
                      len, MCROUTER_SALT_MAX);
    }
    if (len > 0) {
        memcpy(salt->text, text, len);
    }
    salt->len = len;
    return PN_OK;
}

/* Without "/region/cluster/": three slashes, or nothing is taken away. */
static void
strip_route(const char **key, size_t *len)
{
    if (*len == 0 || **key != '/') {
        return;
    }
    const char *at = *key, *end = *key + *len;
    for (unsigned slashes = 1; slashes < 3; slashes++) {
        at = memchr(at + 1, '/', (size_t)(end - at - 1));
        if (at == NULL) {
            return;
        }
    }
    *len = (size_t)(end - at - 1);
    *key = at + 1;
}

static size_t
before_stop(const char *key, size_t len)
{
    for (size_t i = 0; i + 3 <= len; i++) {
        if (memcmp(key + i, "|#|", 3) == 0) {
            return i;
        }
    }
    return len;
}

/* Moves the key into the buffer, where more can stand behind it. */
static void
own_text(struct mcrouter_key *out)
{
    if (out->key == out->text) {
        return;
    }
    out->len = out->len < MCROUTER_KEY_MAX ? out->len : MCROUTER_KEY_MAX;
    if (out->len > 0) {
        memcpy(out->text, out->key, out->len);
    }
    out->key = out->text;
}

void
mcrouter_route(struct mcrouter_key *out, const struct mcrouter_salt *salt,
               const void *key, size_t len)
{
    const char *text = key;
    strip_route(&text, &len);
    out->key = text;
    out->len = before_stop(text, len);
    if (salt->len > 0) {
        own_text(out);
        memcpy(out->text + out->len, salt->text, salt->len);
        out->len += salt->len;
    }
}

/* ---- The family ------------------------------------------------------------ */

static int
build(struct pn_place *place, const struct pn_place_opts *opts, struct pn_why *why)
{
    struct mcrouter_place *self = (struct mcrouter_place *)place;
    return mcrouter_take_salt(&self->salt, opts->salt, why);
}

/*
 * Ch3 with weights: the position that Ch3 says is taken with a probability of its
 * weight; else the key is hashed again with the number of the try behind it, its
 * digits in reverse.
 */
static uint32_t
weighted(const struct pn_place *place, struct mcrouter_key *key)
{
    enum { TRIES = 32 };
    uint32_t pos = 0;
    size_t len = 0; /* of the key without digits, once it is copied */
    for (unsigned try = 0; try < TRIES; try++) {
        pos = pn_furc(key->key, key->len, place->n);
        uint32_t chance = pn_spooky32(key->key, key->len, 0xface2014u);
        if (chance < (uint64_t)(place->member[pos].weight * 4294967295.0)) {
            break;
        }
        if (try == 0) {
            own_text(key);
            len = key->len;
        }
        key->len = len;
        unsigned rest = try;
        do {
            key->text[key->len++] = (char)('0' + rest % 10);
            rest /= 10;
        } while (rest != 0);
    }
    return pos;
}

static uint32_t
owner(const struct pn_place *place, const void *key, size_t len)
{
    const struct mcrouter_place *self = (const struct mcrouter_place *)place;
    struct mcrouter_key routed;
    mcrouter_route(&routed, &self->salt, key, len);
    switch (place->policy->variant) {
    case MCROUTER_CRC32:
        return (pn_crc32(routed.key, routed.len) & 0x7fffffff) % place->n;
    case MCROUTER_CH3_WEIGHTED:
        return weighted(place, &routed);
    default:
        return pn_furc(routed.key, routed.len, place->n);
    }
}

const struct place_kind place_mcrouter_kind = {
    .size = sizeof(struct mcrouter_place),
    .build = build,
    .owner = owner,
};
