/*
 * text - slices, lines, words and numbers: what the grammars of this room share
 *
 * A slice points into the caller's buffer and lives as long as the bytes stay there;
 * nothing here copies. Numbers are read by hand: strtol wants a terminator, skips
 * blanks, knows locales and costs four times as much.
 */
#ifndef PN_WIRE_TEXT_H
#define PN_WIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wire/code.h"

struct pn_bytes {
    const char *ptr;
    size_t len;
};

#define PN_BYTES(literal) ((struct pn_bytes){(literal), sizeof(literal) - 1})

static inline bool
pn_bytes_equal(struct pn_bytes a, struct pn_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The next word of TEXT, which it is cut from; words stand apart by one or more spaces.
 * False when there is none. */
static inline bool
pn_word_next(struct pn_bytes *text, struct pn_bytes *word)
{
    const char *p = text->ptr;
    const char *end = p + text->len;
    while (p < end && *p == ' ') {
        p++;
    }
    const char *first = p;
    while (p < end && *p != ' ') {
        p++;
    }
    *word = (struct pn_bytes){first, (size_t)(p - first)};
    *text = (struct pn_bytes){p, (size_t)(end - p)};
    return word->len > 0;
}

/* The whole of WORD as a decimal number of 64 bits. Leading zeros are read as what
 * they are; signs, blanks and the empty word are refused. */
static inline bool
pn_word_u64(struct pn_bytes word, uint64_t *value)
{
    uint64_t n = 0;
    if (word.len == 0 || word.len > 20) {
        return false;
    }
    for (size_t i = 0; i < word.len; i++) {
        unsigned figure = (unsigned)(unsigned char)word.ptr[i] - '0';
        if (figure > 9 || n > (UINT64_MAX - figure) / 10) {
            return false;
        }
        n = n * 10 + figure;
    }
    *value = n;
    return true;
}

/* The same with an optional minus. */
static inline bool
pn_word_i64(struct pn_bytes word, int64_t *value)
{
    bool is_negative = word.len > 0 && word.ptr[0] == '-';
    uint64_t n;
    if (is_negative) {
        word = (struct pn_bytes){word.ptr + 1, word.len - 1};
    }
    if (!pn_word_u64(word, &n) || n > (uint64_t)INT64_MAX + is_negative) {
        return false;
    }
    *value = is_negative ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}

#endif
