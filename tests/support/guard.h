/*
 * guard - memory that ends where the input ends
 *
 * A copy of some bytes whose last one stands before a page that may not be touched: a
 * parser that reads one byte too far dies there and then, in any build.
 */
#ifndef PINYON_TEST_GUARD_H
#define PINYON_TEST_GUARD_H

#include <stddef.h>

struct guard {
    char *base;  /* of the mapping */
    size_t room; /* bytes before the forbidden page */
};

/* Room for copies of up to SIZE bytes; ends the program when there is none. */
void
guard_open(struct guard *guard, size_t size);

void
guard_close(struct guard *guard);

/* DATA[0..len) at the end of the room. Good until the next call. */
const char *
guard_copy(struct guard *guard, const void *data, size_t len);

#endif
