#define _GNU_SOURCE
#include "scratch.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A signal handler needs them, hence file scope. */
static char path[64];
static pid_t owner;

void
scratch_remove(void)
{
    if (path[0] == '\0' || owner != getpid()) {
        return;
    }
    DIR *dir = opendir(path);
    for (struct dirent *e = NULL; dir != NULL && (e = readdir(dir)) != NULL;) {
        unlinkat(dirfd(dir), e->d_name, 0); /* "." and ".." refuse */
    }
    if (dir != NULL) {
        closedir(dir);
    }
    rmdir(path);
    path[0] = '\0';
}

const char *
scratch_path(void)
{
    return path;
}

static void
on_signal(int number)
{
    scratch_remove();
    signal(number, SIG_DFL);
    raise(number);
}

const char *
scratch_make(void)
{
    struct statvfs fs;
    int has_shm = statvfs("/dev/shm", &fs) == 0 &&
                  fs.f_bavail * fs.f_frsize >> 20 > 256;
    snprintf(path, sizeof path, "%s/pinyon-test-XXXXXX", has_shm ? "/dev/shm" : "/tmp");
    if (mkdtemp(path) == NULL) {
        path[0] = '\0';
        return NULL;
    }
    owner = getpid();
    atexit(scratch_remove);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    return path;
}
