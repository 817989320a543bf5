#define _GNU_SOURCE
#include "../support/scratch.h"
#include "harness.h"
#include "store/shmfile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 1 << 20 };

/* Nothing has a name before it is given one; two cannot be given the same. */
static void
test_naming(void)
{
    struct pn_shm place;
    struct pn_why why;
    uint64_t size = 0;
    CHECK_EQ(pn_shm_find("a", scratch_path(), &place, &why), PN_OK);
    int first = pn_shm_create(&place, SIZE, &why);
    int second = pn_shm_create(&place, SIZE, &why);
    CHECK(first >= 0 && second >= 0);
    CHECK_EQ(pn_shm_open(&place, &size, &why), PN_E_ABSENT);
    CHECK_EQ(pn_shm_name(&place, first, &why), PN_OK);
    CHECK_EQ(pn_shm_name(&place, second, &why), PN_EXISTS);
    int fd = pn_shm_open(&place, &size, &why);
    CHECK(fd >= 0);
    CHECK_EQ(size, SIZE);
    struct stat sb, other;
    CHECK_EQ(fstat(fd, &sb), 0);
    CHECK_EQ(fstat(first, &other), 0);
    CHECK_EQ(sb.st_ino, other.st_ino);
    CHECK_EQ(sb.st_mode & 0777, 0600);
    CHECK(sb.st_blocks * 512 >= SIZE); /* its memory is there, not promised */
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    close(fd);
    close(first);
    close(second);
    CHECK_EQ(pn_shm_unlink("a", scratch_path(), &why), PN_OK);
    CHECK_EQ(pn_shm_unlink("a", scratch_path(), &why), PN_E_ABSENT);
}

static void
test_names(void)
{
    static const char *const bad[] = {"", "a/b", "a b", "\xff", "a\n", ":"};
    struct pn_shm place;
    struct pn_why why;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQ(pn_shm_find(bad[i], NULL, &place, &why), PN_E_NAME);
    }
    CHECK_EQ(pn_shm_find("A-z_0.9", NULL, &place, &why), PN_OK);
    CHECK(strncmp(place.path, "/dev/shm/", 9) == 0);
    char dir[600];
    memset(dir, 'd', sizeof dir - 1);
    dir[sizeof dir - 1] = '\0';
    CHECK_EQ(pn_shm_find("a", dir, &place, &why), PN_E_NAME);
}

static void
test_strangers(void)
{
    struct pn_shm place;
    struct pn_why why;
    uint64_t size;
    CHECK_EQ(pn_shm_find("s", scratch_path(), &place, &why), PN_OK);
    int fd = pn_shm_create(&place, SIZE, &why);
    CHECK_EQ(pn_shm_name(&place, fd, &why), PN_OK);
    CHECK_EQ(fchmod(fd, 0606), 0);
    CHECK_EQ(pn_shm_open(&place, &size, &why), PN_E_MODE);
    CHECK_EQ(fchmod(fd, 0600), 0);
    CHECK_EQ(ftruncate(fd, 100), 0);
    CHECK_EQ(pn_shm_open(&place, &size, &why), PN_E_MAGIC);
    close(fd);
    CHECK_EQ(unlink(place.path), 0);
    CHECK_EQ(mkdir(place.path, 0700), 0);
    CHECK(pn_shm_open(&place, &size, &why) < 0);
    CHECK_EQ(rmdir(place.path), 0);
}

int
main(void)
{
    if (scratch_make() == NULL) {
        printf("Bail out! no scratch directory\n");
        return 1;
    }
    RUN(test_naming);
    RUN(test_names);
    RUN(test_strangers);
    return harness_done();
}
