/*
 * pattern - values that prove themselves
 *
 * The pattern of (id, seq) is a byte string of any length: 8 bytes id, 8 bytes
 * seq, then a stream that depends on both and on the position. A reader that
 * knows the key can tell from the bytes alone whose value it holds, how old it
 * is, and whether a single byte came from somewhere else: the check compares
 * all of them, which is stronger than any checksum.
 */
#ifndef PINYON_TEST_PATTERN_H
#define PINYON_TEST_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value shorter than this cannot name its key and age. */
#define PATTERN_HEAD 16u

void
pattern_fill(void *buf, size_t len, uint64_t id, uint64_t seq);

/* True when BUF[0..LEN) is the pattern of (ID, SEQ), every byte of it. */
bool
pattern_holds(const void *buf, size_t len, uint64_t id, uint64_t seq);

/* What the first bytes say; LEN of the value must be >= PATTERN_HEAD. */
uint64_t
pattern_id(const void *buf);
uint64_t
pattern_seq(const void *buf);

#endif
