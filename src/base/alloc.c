#define _POSIX_C_SOURCE 200809L
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

void *
pn_alloc(size_t size)
{
    void *p = NULL;
    if (posix_memalign(&p, 64, size) != 0) {
        return NULL;
    }
    memset(p, 0, size);
    return p;
}

void
pn_free(void *p)
{
    free(p);
}
