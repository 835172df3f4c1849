/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Network namespaces: find one, notice that it has gone, visit it. A visit changes the namespace of
 * the calling thread only and always ends where it began. Helper thread.
 */
#ifndef BASE_NETNS_H
#define BASE_NETNS_H

#include <sys/types.h>

#include "base/base.h"
#include "base/err.h"

/* Where named namespaces are mounted, as ip-netns(8) does it. */
#define NETNS_DIR "/run/netns"

struct netns {
    int fd;    /* the namespace, pinned while open; -1 = our own */
    int pidfd; /* the process it was found by; -1 = none */
    dev_t dev; /* identity of the namespace */
    ino_t ino;
    char path[320]; /* where it was found */
};

struct netns_visit {
    int home_fd; /* -1: we did not leave */
};

/**
 * netns_open() - find a namespace
 * @spec: "" our own; NAME below /run/netns; pid:NUMBER, or a number that is no NAME; /PATH
 * @ret: filled; netns_close() it
 * @err: what is wrong, with a hint
 *
 * Return: 0; -ENOENT there is none; -ESRCH no such process; -EINVAL it is no network namespace;
 * another negative errno.
 * Context: helper; may block.
 * Source: setns(2), pidfd_open(2)
 */
int netns_open(const char *spec, struct netns *ret, struct vsw_err *err);

/**
 * netns_gone() - is what we opened no longer what the name means?
 * @ns: open
 * @err: why, when it has gone
 *
 * Our descriptors keep a namespace alive, so its removal shows only in its name.
 * Return: true when it has gone or was replaced.
 * Context: helper; may block.
 * Source: namespaces(7)
 */
bool netns_gone(const struct netns *ns, struct vsw_err *err);

/* true when the namespace was found by a process, and that process has ended for good. */
bool netns_process_ended(const struct netns *ns);

/**
 * netns_enter() - move the calling thread into a namespace
 * @ns: open
 * @ret: for netns_leave(), which must follow
 * @err: what is wrong, with a hint
 *
 * Refuses to leave when it could not come back.
 * Return: 0, -EPERM or another negative errno.
 * Context: helper; may block.
 * Source: setns(2)
 */
int netns_enter(const struct netns *ns, struct netns_visit *ret, struct vsw_err *err);
void netns_leave(struct netns_visit *visit);

/* Lets go of the namespace. */
void netns_close(struct netns *ns);

#endif
