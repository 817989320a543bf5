#define _GNU_SOURCE
#include "store/shmfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "store/layout.h"

#define DEFAULT_DIR "/dev/shm"
#define NFS_MAGIC 0x6969
#define SMB_MAGIC 0x517b
#define CIFS_MAGIC 0xff534d42u

int
pn_shm_find(const char *name, const char *dir, struct pn_shm *place, struct pn_why *why)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    size_t len = strlen(name);
    if (len == 0 || len > 100 || strspn(name, allowed) != len || name[0] == '.') {
        return pn_why(why, PN_E_NAME,
                      "'%.100s' cannot name a region: 1 to 100 letters, "
                      "digits, '.', '_' or '-', not beginning with '.'",
                      name);
    }
    place->name = name;
    place->dir = dir != NULL ? dir : DEFAULT_DIR;
    int n = snprintf(place->path, sizeof place->path, "%s/pinyon.%s", place->dir, name);
    if (n < 0 || (size_t)n >= sizeof place->path) {
        return pn_why(why, PN_E_NAME, "the directory's path is too long");
    }
    return PN_OK;
}

/* Shared memory over a network would be neither shared nor memory. */
static int
check_file_system(const struct pn_shm *place, struct pn_why *why)
{
    struct statfs fs;
    if (statfs(place->dir, &fs) != 0) {
        return pn_why(why, PN_E_OS, "directory '%s' for shared regions: %s", place->dir,
                      strerror(errno));
    }
    unsigned long type = (unsigned long)fs.f_type;
    if (type == NFS_MAGIC || type == SMB_MAGIC || type == CIFS_MAGIC) {
        return pn_why(why, PN_E_NAME,
                      "directory '%s' is on a network file system; "
                      "choose a memory file system such as " DEFAULT_DIR,
                      place->dir);
    }
    return PN_OK;
}

static int
reserve(int fd, const struct pn_shm *place, uint64_t size, struct pn_why *why)
{
    int err = posix_fallocate(fd, 0, (off_t)size);
    if (err == 0) {
        return PN_OK;
    }
    errno = err;
    if (err == ENOSPC) {
        struct statvfs fs = {0};
        statvfs(place->dir, &fs);
        errno = err;
        return pn_why(why, PN_E_NOSPACE,
                      "no room for %llu MiB in '%s' (%llu of %llu MiB "
                      "free): ask for a smaller size, another dir, or a larger file "
                      "system (in a container: --shm-size)",
                      (unsigned long long)size >> 20, place->dir,
                      (unsigned long long)fs.f_bavail * fs.f_frsize >> 20,
                      (unsigned long long)fs.f_blocks * fs.f_frsize >> 20);
    }
    return pn_why(why, PN_E_OS, "cannot reserve %llu bytes in '%s': %s",
                  (unsigned long long)size, place->dir, strerror(err));
}

static int
judge_file(int fd, const struct pn_shm *place, uint64_t *size, struct pn_why *why)
{
    struct stat sb;
    if (fstat(fd, &sb) != 0) {
        return pn_why(why, PN_E_OS, "region '%s': %s", place->name, strerror(errno));
    }
    if (!S_ISREG(sb.st_mode)) {
        return pn_why(why, PN_E_MAGIC, "'%s' is not a regular file", place->path);
    }
    if (sb.st_uid != geteuid()) {
        return pn_why(why, PN_E_OWNER,
                      "region '%s' belongs to user %u, not to you (%u); "
                      "choose another name",
                      place->name, (unsigned)sb.st_uid, (unsigned)geteuid());
    }
    if ((sb.st_mode & 077) != 0) {
        return pn_why(why, PN_E_MODE,
                      "the file of region '%s' may be opened by others "
                      "(mode %03o); make it 0600 or remove it",
                      place->name, (unsigned)sb.st_mode & 0777u);
    }
    if (sb.st_size < (off_t)PN_PAGE) {
        return pn_why(why, PN_E_MAGIC,
                      "the file of '%s' is too short to be a Pinyon "
                      "region; remove it",
                      place->name);
    }
    *size = (uint64_t)sb.st_size;
    return PN_OK;
}

int
pn_shm_create(const struct pn_shm *place, uint64_t size, struct pn_why *why)
{
    int rc = check_file_system(place, why);
    if (rc != PN_OK) {
        return rc;
    }
    int fd = open(place->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        return pn_why(why, PN_E_OS, "cannot make a file in '%s': %s", place->dir,
                      strerror(errno));
    }
    rc = fchmod(fd, 0600) == 0
             ? reserve(fd, place, size, why)
             : pn_why(why, PN_E_OS, "cannot protect a region: %s", strerror(errno));
    if (rc != PN_OK) {
        close(fd);
        return rc;
    }
    return fd;
}

int
pn_shm_name(const struct pn_shm *place, int fd, struct pn_why *why)
{
    char path[48];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, path, AT_FDCWD, place->path, AT_SYMLINK_FOLLOW) == 0) {
        return PN_OK;
    }
    if (errno == EEXIST) {
        return PN_EXISTS;
    }
    return pn_why(why, PN_E_OS, "cannot name the region '%s': %s", place->path,
                  strerror(errno));
}

int
pn_shm_open(const struct pn_shm *place, uint64_t *size, struct pn_why *why)
{
    int fd = open(place->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        if (errno == ENOENT) {
            return pn_why(why, PN_E_ABSENT, "there is no region '%s' in '%s'",
                          place->name, place->dir);
        }
        int code = errno == EACCES ? PN_E_OWNER : errno == ELOOP ? PN_E_MAGIC : PN_E_OS;
        return pn_why(why, code, "cannot open region '%s': %s", place->path,
                      strerror(errno));
    }
    int rc = judge_file(fd, place, size, why);
    if (rc != PN_OK) {
        close(fd);
        return rc;
    }
    return fd;
}

int
pn_shm_unlink(const char *name, const char *dir, struct pn_why *why)
{
    struct pn_shm place;
    int rc = pn_shm_find(name, dir, &place, why);
    if (rc != PN_OK) {
        return rc;
    }
    struct stat sb;
    if (lstat(place.path, &sb) != 0) {
        return pn_why(why, errno == ENOENT ? PN_E_ABSENT : PN_E_OS,
                      "region '%s' in '%s': %s", name, place.dir, strerror(errno));
    }
    if (sb.st_uid != geteuid()) {
        return pn_why(why, PN_E_OWNER,
                      "region '%s' belongs to user %u, not to you (%u)", name,
                      (unsigned)sb.st_uid, (unsigned)geteuid());
    }
    if (unlink(place.path) != 0) {
        return pn_why(why, errno == ENOENT ? PN_E_ABSENT : PN_E_OS,
                      "cannot remove region '%s': %s", name, strerror(errno));
    }
    return PN_OK;
}
