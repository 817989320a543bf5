/*
 * wirefuzz - what must hold of any bytes that reach a parser of src/wire
 *
 * However they arrive the same is read, nothing beyond them is looked at, and what was
 * read, composed and read again, is the same messages.
 */
#ifndef PINYON_TEST_WIREFUZZ_H
#define PINYON_TEST_WIREFUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "feed.h"

/* Aborts, after printing what was said, when one of these does not hold. CUT is where
 * the bytes come apart; short ones come byte by byte as well. */
void
wirefuzz_hold(feed_fn parser, const union feed_state *start, const uint8_t *data,
              size_t size, size_t cut);

#endif
