#define _GNU_SOURCE
#include "store/live.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/layout.h"

enum { GUARD_WIPED = 0, GUARD_OURS = 1, GUARD_ADOPTING = 2 };

int
pn_live_init(struct pn_live *live, int fd)
{
    void *page = mmap(NULL, PN_PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return -1;
    }
    if (madvise(page, PN_PAGE, MADV_WIPEONFORK) != 0) {
        int err = errno;
        munmap(page, PN_PAGE);
        errno = err;
        return -1;
    }
    live->guard = page;
    live->fd = fd;
    live->slot = -1;
    atomic_store(live->guard, GUARD_OURS);
    return 0;
}

static struct flock
byte_lock(int slot, int count)
{
    return (struct flock){
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = slot, .l_len = count};
}

void
pn_live_take_slot(struct pn_live *live, int nslot)
{
    for (int i = 0; i < nslot; i++) {
        struct flock lock = byte_lock(i, 1);
        if (fcntl(live->fd, F_OFD_SETLK, &lock) == 0) {
            live->slot = i;
            return;
        }
    }
    live->slot = -1;
    struct flock lock = byte_lock(nslot + 1, 1);
    lock.l_type = F_RDLCK;
    fcntl(live->fd, F_OFD_SETLK, &lock);
}

bool
pn_live_is_held(const struct pn_live *live, int slot)
{
    if (slot == live->slot || live->fd < 0) {
        return true;
    }
    struct flock lock = byte_lock(slot, 1);
    /* On an error we cannot tell, and "alive" is the answer that takes nothing
     * away from anybody. */
    return fcntl(live->fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

unsigned
pn_live_count(const struct pn_live *live, int nslot)
{
    unsigned count = live->fd < 0 || live->slot >= 0 ? 1 : 0;
    for (int at = 0; at < nslot && live->fd >= 0;) {
        struct flock lock = byte_lock(at, nslot - at);
        if (fcntl(live->fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) {
            break;
        }
        count += (unsigned)lock.l_len;
        at = (int)(lock.l_start + lock.l_len);
    }
    return count;
}

bool
pn_live_is_alone(const struct pn_live *live, int nslot)
{
    return pn_live_count(live, nslot) == 0 && !pn_live_is_held(live, nslot + 1);
}

bool
pn_live_adopt(struct pn_live *live)
{
    uint32_t expected = GUARD_WIPED;
    if (atomic_compare_exchange_strong(live->guard, &expected, GUARD_ADOPTING)) {
        return true;
    }
    while (atomic_load(live->guard) == GUARD_ADOPTING) {
        sched_yield();
    }
    return false;
}

void
pn_live_adopted(struct pn_live *live)
{
    atomic_store(live->guard, GUARD_OURS);
}

int
pn_live_reopen(struct pn_live *live)
{
    char path[48];
    snprintf(path, sizeof path, "/proc/self/fd/%d", live->fd);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    close(live->fd);
    live->fd = fd;
    live->slot = -1;
    return 0;
}

void
pn_live_release(struct pn_live *live)
{
    if (live->guard != NULL) {
        munmap((void *)(uintptr_t)live->guard, PN_PAGE);
        live->guard = NULL;
    }
    if (live->fd >= 0) {
        close(live->fd); /* and with it the slot's lock */
        live->fd = -1;
    }
}
