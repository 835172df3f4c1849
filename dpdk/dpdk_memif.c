/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What net_memif of DPDK 22.11 leaves behind when its last device on a socket is closed: it removes
 * the socket's file and frees the listener, but neither closes its descriptor nor takes it from
 * DPDK's interrupt thread. A peer that connected just then would be served with freed memory. The
 * descriptor cannot be closed either, because that thread gives up the process for a bad one; so
 * something that never speaks takes its place. One descriptor stays for each such device. Helper
 * thread.
 */
#include "dpdk/dpdk_device.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool listens_on(int fd, const char *path)
{
    struct sockaddr_un un = {0};
    socklen_t un_bytes = sizeof(un), bytes = sizeof(int);
    int listening = 0;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &bytes) == 0 && listening &&
           getsockname(fd, (struct sockaddr *)&un, &un_bytes) == 0 && un.sun_family == AF_UNIX &&
           strncmp(un.sun_path, path, sizeof(un.sun_path)) == 0;
}

static bool socket_path(const struct dpdk_device_name *name, char *ret, size_t size)
{
    return name->driver->memif && dpdk_arg(name->args, "socket", ret, size);
}

int dpdk_memif_listener(const struct dpdk_device_name *name)
{
    char path[PATH_MAX];
    struct dirent *entry;
    DIR *dir = socket_path(name, path, sizeof(path)) ? opendir("/proc/self/fd") : NULL;
    int found = -1;

    while (dir != NULL && found < 0 && (entry = readdir(dir)) != NULL) {
        int fd = atoi(entry->d_name);

        if (entry->d_name[0] != '.' && listens_on(fd, path))
            found = fd;
    }
    if (dir != NULL)
        closedir(dir);
    return found;
}

void dpdk_memif_closed(const struct dpdk_device_name *name, int fd)
{
    char path[PATH_MAX];
    int mute;

    /* While the file is there another device uses the socket. */
    if (fd < 0 || !socket_path(name, path, sizeof(path)) || access(path, F_OK) == 0 ||
        !listens_on(fd, path))
        return;
    mute = eventfd(0, EFD_CLOEXEC);
    if (mute < 0)
        return;
    dup3(mute, fd, O_CLOEXEC);
    close(mute);
}
