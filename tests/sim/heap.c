#include "sim.h"

#include <stdlib.h>

void *
take(size_t n, size_t size)
{
    void *bytes = calloc(n, size);
    if (bytes == NULL) {
        abort();
    }
    return bytes;
}

void *
take_more(void *old, size_t bytes)
{
    void *more = realloc(old, bytes);
    if (more == NULL) {
        abort();
    }
    return more;
}

static bool
before(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void
heap_push(struct heap *heap, struct event event)
{
    if (heap->n == heap->room) {
        heap->room = heap->room > 0 ? heap->room * 2 : 1024;
        heap->event = take_more(heap->event, heap->room * sizeof *heap->event);
    }
    event.order = heap->order++;
    size_t at = heap->n++;
    while (at > 0 && before(&event, &heap->event[(at - 1) / 2])) {
        heap->event[at] = heap->event[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->event[at] = event;
}

bool
heap_pop(struct heap *heap, struct event *event)
{
    if (heap->n == 0) {
        return false;
    }
    *event = heap->event[0];
    struct event last = heap->event[--heap->n];
    size_t at = 0;
    for (size_t child = 1; child < heap->n; child = 2 * at + 1) {
        if (child + 1 < heap->n &&
            before(&heap->event[child + 1], &heap->event[child])) {
            child++;
        }
        if (!before(&heap->event[child], &last)) {
            break;
        }
        heap->event[at] = heap->event[child];
        at = child;
    }
    heap->event[at] = last;
    return true;
}
