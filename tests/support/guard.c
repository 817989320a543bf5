#define _GNU_SOURCE
#include "guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void
guard_open(struct guard *guard, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    guard->room = (size + page) & ~(page - 1);
    guard->base = mmap(NULL, guard->room + page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guard->base == MAP_FAILED ||
        mprotect(guard->base + guard->room, page, PROT_NONE) != 0) {
        perror("guard");
        exit(2);
    }
}

void
guard_close(struct guard *guard)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    munmap(guard->base, guard->room + page);
}

const char *
guard_copy(struct guard *guard, const void *data, size_t len)
{
    if (len > guard->room) {
        fprintf(stderr, "guard: no room for %zu bytes\n", len);
        exit(2);
    }
    char *copy = guard->base + guard->room - len;
    if (len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}
