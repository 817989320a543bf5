/*
 * arena - memory that is taken piece by piece and given back at once
 *
 * Begins in room of the caller's (its stack, or the end of a larger allocation), so
 * that a small command takes nothing from the heap. Pieces never move, hence may point
 * at one another.
 */
#ifndef PINYON_EXT_ARENA_H
#define PINYON_EXT_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
    char *at, *end;
    struct arena_chunk *chunks; /* from the heap, latest first */
};

/* An arena that begins in ROOM[0..cap), which is aligned to 8 and outlives it. */
void
arena_init(struct arena *arena, void *room, size_t cap);

/* SIZE bytes aligned to 8, or NULL with MemoryError set. */
void *
arena_take(struct arena *arena, size_t size);

void
arena_free(struct arena *arena);

#endif
