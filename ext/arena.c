#include "arena.h"

#include "state.h"

#define CHUNK_MIN 4096

struct arena_chunk {
    struct arena_chunk *next;
    char data[];
};

void
arena_init(struct arena *arena, void *room, size_t cap)
{
    arena->at = room;
    arena->end = arena->at + cap;
    arena->chunks = NULL;
}

void *
arena_take(struct arena *arena, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if (size > (size_t)(arena->end - arena->at)) {
        size_t cap = size < CHUNK_MIN ? CHUNK_MIN : size;
        struct arena_chunk *chunk = PyMem_Malloc(sizeof *chunk + cap);
        if (chunk == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->at = chunk->data;
        arena->end = chunk->data + cap;
    }
    void *taken = arena->at;
    arena->at += size;
    return taken;
}

void
arena_free(struct arena *arena)
{
    while (arena->chunks != NULL) {
        struct arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        PyMem_Free(chunk);
    }
}
