#include "envelope.h"

#include <string.h>

#include <pinyon/store.h>

static uint64_t
load_le(const char *from, unsigned width)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= (uint64_t)(uint8_t)from[i] << (8 * i);
    }
    return value;
}

static void
store_le(char *to, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        to[i] = (char)(uint8_t)(value >> (8 * i));
    }
}

/* ---- Decimal text ---------------------------------------------------------- */

bool
envelope_number(const char *text, size_t len, int64_t *out)
{
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    size_t sign = len > 0 && text[0] == '-';
    size_t digits = len - sign;
    if (digits < 1 || digits > 19 || (text[sign] == '0' && len > 1)) {
        return false;
    }
    uint64_t value = 0; /* 19 digits are less than 2^64 */
    for (size_t i = sign; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (value > (uint64_t)INT64_MAX + sign) {
        return false;
    }
    *out = sign ? -(int64_t)(value - 1) - 1 : (int64_t)value;
    return true;
}

size_t
envelope_put_number(char *to, int64_t number)
{
    char room[ENVELOPE_NUMBER_MAX];
    uint64_t value = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    size_t at = sizeof room;
    do {
        room[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    if (number < 0) {
        room[--at] = '-';
    }
    memcpy(to, room + at, sizeof room - at);
    return sizeof room - at;
}

/* ---- Head ------------------------------------------------------------------ */

static const char *
parse_plain(const char *data, size_t len, struct envelope *out)
{
    if (!envelope_number(data, len, &out->number)) {
        return "another program wrote it: it is neither Pinyon's nor an int of 64 bits";
    }
    out->is_plain = true;
    out->payload = data;
    out->payload_len = len;
    return NULL;
}

const char *
envelope_parse(const char *data, size_t len, struct envelope *out)
{
    memset(out, 0, sizeof *out);
    if (len == 0) {
        return "it is empty";
    }
    if ((uint8_t)data[0] != ENVELOPE_MAGIC) {
        return parse_plain(data, len, out);
    }
    if (len < ENVELOPE_HEAD) {
        return "it ends within its head";
    }
    if (data[1] != ENVELOPE_FORMAT) {
        return "it has a format that this version of Pinyon does not know: a newer one "
               "wrote it";
    }
    out->bits = (uint8_t)data[2];
    out->ntags = (uint8_t)data[3];
    if (out->ntags > PN_TAGS_MAX) {
        return "it has more tags than there can be";
    }
    if (len - ENVELOPE_HEAD < (size_t)out->ntags * ENVELOPE_TAG) {
        return "it ends within its tags";
    }
    out->cflags = (uint32_t)load_le(data + 4, 4);
    out->version = load_le(data + 8, 8);
    out->soft_ms = load_le(data + ENVELOPE_SOFT, 8);
    out->tags = data + ENVELOPE_HEAD;
    out->payload = out->tags + (size_t)out->ntags * ENVELOPE_TAG;
    out->payload_len = len - ENVELOPE_HEAD - (size_t)out->ntags * ENVELOPE_TAG;
    return NULL;
}

void
envelope_put_head(char *to, const struct envelope *in)
{
    to[0] = (char)ENVELOPE_MAGIC;
    to[1] = ENVELOPE_FORMAT;
    to[2] = (char)in->bits;
    to[3] = (char)in->ntags;
    store_le(to + 4, in->cflags, 4);
    store_le(to + 8, in->version, 8);
    store_le(to + ENVELOPE_SOFT, in->soft_ms, 8);
}
