/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Who is at the other end of the control socket, and what may they do?
 */
#ifndef CONTROL_PEER_H
#define CONTROL_PEER_H

#include "api/methods.h"

#include <sys/types.h>

#define PEER_GROUPS_MAX 256 /* supplementary groups looked at */

struct peer {
    uid_t uid;
    pid_t pid;
    gid_t groups[PEER_GROUPS_MAX + 1]; /* the primary one first */
    uint32_t group_count;
};

struct peer_policy {
    uid_t own_uid;  /* the daemon's: may change, as may root */
    bool has_group; /* members of `group` may change */
    gid_t group;
    bool has_read_group; /* only members of `read_group` may read; else whoever can connect */
    gid_t read_group;
};

/**
 * peer_read() - ask the kernel who connected
 * @fd: a connected Unix socket
 * @ret_peer: as it was at connect(2)
 *
 * Return: 0 or negative errno.
 * Context: any thread; does not block.
 * Source: unix(7) SO_PEERCRED; SO_PEERGROUPS of Linux 4.13
 */
int peer_read(int fd, struct peer *ret_peer);

/**
 * peer_role() - what may a peer do?
 * @peer: from peer_read()
 * @policy: rules
 * @ret_role: untouched when it may do nothing
 *
 * Return: 0, or -EACCES.
 * Context: any thread; does not block.
 * Source: none
 */
int peer_role(const struct peer *peer, const struct peer_policy *policy, enum api_role *ret_role);

#endif
