#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void
pn_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "pinyon: %s:%d: assertion failed: %s\n", file, line, cond);
    abort();
}
