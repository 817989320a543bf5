#include "client/buffer.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

bool
pn_buffer_reserve(struct pn_buffer *buffer, size_t more)
{
    if (buffer->cap - buffer->end >= more) {
        return true;
    }
    if (more > SIZE_MAX / 4 || buffer->end > SIZE_MAX / 4) {
        return false;
    }
    size_t cap = buffer->cap > 0 ? buffer->cap : PN_BUFFER_MIN;
    while (cap < buffer->end + more) {
        cap *= 2;
    }
    char *ptr = pn_alloc(cap);
    if (ptr == NULL) {
        return false;
    }
    if (buffer->end > 0) {
        memcpy(ptr, buffer->ptr, buffer->end);
    }
    pn_free(buffer->ptr);
    buffer->ptr = ptr;
    buffer->cap = cap;
    return true;
}

void
pn_buffer_drop(struct pn_buffer *buffer, size_t count)
{
    size_t rest = buffer->end - count;
    if (rest == 0 && buffer->cap > PN_BUFFER_KEEP) {
        pn_buffer_free(buffer);
        return;
    }
    if (count > 0 && rest > 0) {
        memmove(buffer->ptr, buffer->ptr + count, rest);
    }
    buffer->start = buffer->start > count ? buffer->start - count : 0;
    buffer->end = rest;
}

void
pn_buffer_free(struct pn_buffer *buffer)
{
    pn_free(buffer->ptr);
    *buffer = (struct pn_buffer){0};
}
