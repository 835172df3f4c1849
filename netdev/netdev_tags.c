/* SPDX-License-Identifier: BSD-3-Clause */
#include "netdev/netdev_tags.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/netns.h"
#include "netdev/netdev_link.h"

#define NOTE_PREFIX "netdev-rxvlan-"
#define NOTE_BYTES  512

/* ---- what a note says: "BOOT INODE IFINDEX NETNS\n" ---------------------------------------- */
struct note {
    char boot[40];
    unsigned long long netns_ino;
    int ifindex;
    char netns[256]; /* how to get there; "-": it is our own */
};

/* Of this boot and the namespace the thread is in. */
static int note_here(struct note *note)
{
    struct stat st;
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, note->boot, sizeof(note->boot) - 1);

    if (fd >= 0)
        close(fd);
    if (n <= 0 || stat("/proc/thread-self/ns/net", &st) < 0)
        return -EIO;
    note->boot[n] = '\0';
    note->boot[strcspn(note->boot, "\n")] = '\0';
    note->netns_ino = st.st_ino;
    return 0;
}

static void note_write(struct netdev_tags *t, const char *run_dir, const char *netns)
{
    struct note note = {.ifindex = t->ifindex};
    int fd;

    if (run_dir == NULL || note_here(&note) < 0 ||
        snprintf(t->note, sizeof(t->note), "%s/" NOTE_PREFIX "%llu-%d", run_dir, note.netns_ino,
                 t->ifindex) >= (int)sizeof(t->note)) {
        t->note[0] = '\0';
        return;
    }
    fd = open(t->note, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        t->note[0] = '\0';
        return;
    }
    dprintf(fd, "%s %llu %d %s\n", note.boot, note.netns_ino, t->ifindex,
            netns[0] == '\0' ? "-" : netns);
    close(fd);
}

static bool note_read(int dir_fd, const char *name, struct note *ret)
{
    struct stat st;
    char text[NOTE_BYTES];
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t n = -1;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid())
        n = read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    return sscanf(text, "%39s %llu %d %255[^\n]", ret->boot, &ret->netns_ino, &ret->ifindex,
                  ret->netns) == 4;
}

/* ---- the setting ------------------------------------------------------------------------- */
int netdev_tags_keep(struct netdev_tags *t, const char *run_dir, const char *netns, int ifindex)
{
    char name[IF_NAMESIZE];
    int rc;

    *t = (struct netdev_tags){.ifindex = ifindex};
    if (if_indextoname((unsigned)ifindex, name) == NULL)
        return -ENODEV;
    rc = netdev_link_takes_tags(name);
    if (rc <= 0)
        return rc;
    note_write(t, run_dir, netns);
    t->kept = true;
    rc = netdev_link_take_tags(name, false);
    if (rc < 0)
        netdev_tags_release(t);
    return rc;
}

static void take_again(int ifindex)
{
    char name[IF_NAMESIZE];

    if (if_indextoname((unsigned)ifindex, name) != NULL)
        (void)netdev_link_take_tags(name, true);
}

void netdev_tags_release(struct netdev_tags *t)
{
    if (!t->kept)
        return;
    take_again(t->ifindex);
    if (t->note[0] != '\0')
        (void)unlink(t->note);
    *t = (struct netdev_tags){0};
}

/* ---- after somebody's death -------------------------------------------------------------- */
static void recover_there(const struct note *note)
{
    struct note here;

    if (note_here(&here) == 0 && strcmp(here.boot, note->boot) == 0 &&
        here.netns_ino == note->netns_ino)
        take_again(note->ifindex);
}

static void recover(const struct note *note)
{
    struct netns ns;
    struct netns_visit visit;

    if (netns_open(strcmp(note->netns, "-") == 0 ? "" : note->netns, &ns, NULL) < 0)
        return;
    if (netns_enter(&ns, &visit, NULL) == 0) {
        recover_there(note);
        netns_leave(&visit);
    }
    netns_close(&ns);
}

void netdev_tags_recover(const char *run_dir)
{
    DIR *dir = opendir(run_dir);
    struct dirent *entry;
    struct note note;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, NOTE_PREFIX, strlen(NOTE_PREFIX)) != 0)
            continue;
        if (note_read(dirfd(dir), entry->d_name, &note))
            recover(&note);
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir != NULL)
        closedir(dir);
}
