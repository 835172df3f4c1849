/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Credentials of a connection and the rules about them.
 */
#include "control/peer.h"

#include <errno.h>
#include <sys/socket.h>

int peer_read(int fd, struct peer *ret_peer)
{
    struct ucred cred;
    socklen_t len = sizeof(cred);
    struct peer peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
        return -errno;
    peer.uid = cred.uid;
    peer.pid = cred.pid;
    peer.groups[0] = cred.gid;
    peer.group_count = 1;
    len = PEER_GROUPS_MAX * sizeof(gid_t);
    /* Whoever is in more groups than fit (ERANGE) keeps only the primary one: less, never more. */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &peer.groups[1], &len) == 0)
        peer.group_count += (uint32_t)(len / sizeof(gid_t));
    *ret_peer = peer;
    return 0;
}

static bool in_group(const struct peer *peer, gid_t group)
{
    for (uint32_t i = 0; i < peer->group_count; i++) {
        if (peer->groups[i] == group)
            return true;
    }
    return false;
}

int peer_role(const struct peer *peer, const struct peer_policy *policy, enum api_role *ret_role)
{
    if (peer->uid == 0 || peer->uid == policy->own_uid ||
        (policy->has_group && in_group(peer, policy->group)))
        *ret_role = API_ROLE_CHANGE;
    else if (!policy->has_read_group || in_group(peer, policy->read_group))
        *ret_role = API_ROLE_READ;
    else
        return -EACCES;
    return 0;
}
