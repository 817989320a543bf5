#include <stdlib.h>
#include <string.h>

#include "place/kind.h"

void
place_cut_tag(const char tag[2], const void **key, size_t *len)
{
    if (*len == 0) {
        return;
    }
    const char *begin = *key, *end = begin + *len;
    const char *open = memchr(begin, tag[0], *len);
    if (open == NULL || ++open == end) {
        return;
    }
    const char *close = memchr(open, tag[1], (size_t)(end - open));
    if (close == NULL || close == open) {
        return;
    }
    *key = open;
    *len = (size_t)(close - open);
}

const char *
place_identity(const struct place_member *member, size_t *len)
{
    static const char known[] = ":11211";
    size_t tail = sizeof known - 1;
    const char *blank = strrchr(member->name, ' ');
    const char *name = blank != NULL && blank[1] != '\0' ? blank + 1 : member->name;
    *len = member->len - (size_t)(name - member->name);
    if (name == member->name && *len > tail &&
        memcmp(name + *len - tail, known, tail) == 0) {
        *len -= tail;
    }
    return name;
}

static int
by_index(const struct place_member *a, const struct place_member *b)
{
    return (a->index > b->index) - (a->index < b->index);
}

static int
by_identity(const void *left, const void *right)
{
    size_t alen, blen;
    const char *a = place_identity(left, &alen), *b = place_identity(right, &blen);
    if (alen != blen) {
        return alen < blen ? -1 : 1;
    }
    int order = memcmp(a, b, alen);
    return order != 0 ? order : by_index(left, right);
}

static int
by_name(const void *left, const void *right)
{
    const struct place_member *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : by_index(a, b);
}

void
place_sort_by_name(struct pn_place *place)
{
    qsort(place->member, place->n, sizeof *place->member, by_name);
    place->weight_sum = 0;
    for (uint32_t i = 0; i < place->n; i++) {
        place->weight_sum += place->member[i].weight;
    }
}

void
place_sort_twemproxy(struct pn_place *place)
{
    qsort(place->member, place->n, sizeof *place->member, by_identity);
}
