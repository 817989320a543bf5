/*
 * alloc - the one seam through which libpinyon takes heap memory
 *
 * Set-up allocates, the data plane does not. A test that wants the n-th call to
 * fail defines these functions itself and links before the library.
 */
#ifndef PN_BASE_ALLOC_H
#define PN_BASE_ALLOC_H

#include <stddef.h>

/* SIZE zeroed bytes, aligned to 64; NULL when there are none. */
void *
pn_alloc(size_t size);

void
pn_free(void *p); /* NULL is fine */

#endif
