/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Telling a NIC to leave VLAN tags in its frames, and to take them out again, whatever becomes of
 * us: before the setting is changed a note in the daemon's run folder says so, and who starts next
 * puts it back. Helper thread, in the namespace of the interface.
 */
#ifndef NETDEV_NETDEV_TAGS_H
#define NETDEV_NETDEV_TAGS_H

#include "base/base.h"

struct netdev_tags {
    bool kept; /* we told the driver */
    int ifindex;
    char note[320]; /* path; empty: there is none */
};

/**
 * netdev_tags_keep() - have the driver leave tags where they are
 * @t: filled; netdev_tags_release() it
 * @run_dir: for the note; NULL: none is made
 * @netns: what netns_open() took to get here
 * @ifindex: the interface
 *
 * Return: 0, also when it did so already; -EOPNOTSUPP it has no such setting, or another errno.
 * Context: helper; may block.
 * Source: ethtool ETHTOOL_SFLAGS, ETH_FLAG_RXVLAN
 */
int netdev_tags_keep(struct netdev_tags *t, const char *run_dir, const char *netns, int ifindex);

/* Put back what was changed, if anything was. */
void netdev_tags_release(struct netdev_tags *t);

/**
 * netdev_tags_recover() - put back what a daemon that was killed has left changed
 * @run_dir: its notes; all of them go
 *
 * A note of another boot, or of an interface that is not there, is no more than a file.
 * Context: helper, or the start of the daemon; may block.
 * Source: none
 */
void netdev_tags_recover(const char *run_dir);

#endif
