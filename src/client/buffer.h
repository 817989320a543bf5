/*
 * buffer - bytes on their way in or out of one connection
 *
 * Positions, not pointers, tell where things are, since the memory moves when it grows.
 * Nothing is allocated before the first byte; what one large reply needed is given back
 * when the buffer is next empty.
 */
#ifndef PN_CLIENT_BUFFER_H
#define PN_CLIENT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#define PN_BUFFER_MIN 4096u         /* of an idle connection, each way */
#define PN_BUFFER_KEEP (256u << 10) /* more is not kept when empty */

/* {0} is an empty one. */
struct pn_buffer {
    char *ptr;
    size_t cap;
    size_t start; /* what stands before it is done with */
    size_t end;
};

/* Makes room for MORE bytes behind `end`. False: no memory, nothing changed. */
bool
pn_buffer_reserve(struct pn_buffer *buffer, size_t more);

/* Forgets the first COUNT bytes, whatever `start` says: the rest moves to the front,
 * and positions shrink by COUNT. */
void
pn_buffer_drop(struct pn_buffer *buffer, size_t count);

void
pn_buffer_free(struct pn_buffer *buffer);

static inline size_t
pn_buffer_left(const struct pn_buffer *buffer)
{
    return buffer->end - buffer->start;
}

#endif
