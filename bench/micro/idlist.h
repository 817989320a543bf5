/*
 * idlist - doubly linked lists over small integers
 *
 * One table of links serves any number of lists, as long as an id is in at most one of
 * them: that is what makes "in small, in main, or a ghost" a single word per object.
 * Every list has a head (newest) and a tail (oldest).
 */
#ifndef BENCH_IDLIST_H
#define BENCH_IDLIST_H

#include <stdint.h>

#define ID_NONE UINT32_MAX

struct idlink {
    uint32_t newer;
    uint32_t older;
};

struct idlist {
    uint32_t newest;
    uint32_t oldest;
    uint32_t n;
};

#define IDLIST_INIT         \
    {                       \
        ID_NONE, ID_NONE, 0 \
    }

static inline void
idlist_push(struct idlist *list, struct idlink *link, uint32_t id)
{
    link[id] = (struct idlink){ID_NONE, list->newest};
    if (list->newest == ID_NONE) {
        list->oldest = id;
    } else {
        link[list->newest].newer = id;
    }
    list->newest = id;
    list->n++;
}

static inline void
idlist_remove(struct idlist *list, struct idlink *link, uint32_t id)
{
    struct idlink at = link[id];

    if (at.newer == ID_NONE) {
        list->newest = at.older;
    } else {
        link[at.newer].older = at.older;
    }
    if (at.older == ID_NONE) {
        list->oldest = at.newer;
    } else {
        link[at.older].newer = at.newer;
    }
    list->n--;
}

/* The list must not be empty. */
static inline uint32_t
idlist_pop_oldest(struct idlist *list, struct idlink *link)
{
    uint32_t id = list->oldest;

    idlist_remove(list, link, id);
    return id;
}

#endif
