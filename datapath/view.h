/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What workers know of the configuration: immutable, built by control, swapped as one pointer,
 * freed after a grace period. It points to things that live longer: ports, token buckets.
 *
 * A view has two halves. The topology (ports and domains) changes when the configuration does; the
 * service lists (which worker polls which queue) change when a queue is moved. A new view may share
 * the topology of the old one.
 */
#ifndef DATAPATH_VIEW_H
#define DATAPATH_VIEW_H

#include "datapath/bucket.h"
#include "datapath/datapath.h"

struct rxq_state;

/* Port, tenant and network: the limits that what a port sends is shaped by. */
#define VIEW_LIMITS_IN 3
/* Port and tenant: the limits that what a port receives is policed by. */
#define VIEW_LIMITS_OUT 2

/* Sets of ports that do not talk to each other. */
enum { VIEW_ISOLATED = 1, VIEW_UPLINK = 2 };

struct view_port {
    struct port *port; /* NULL = no such port */
    struct vlan_map vlan;
    bool up;
    uint8_t apart; /* which sets it is in: VIEW_ISOLATED, VIEW_UPLINK */
    uint8_t in_count, out_count;
    uint8_t flood_step; /* buckets from one tenant to the next; 0 = one for all */
    struct claim in[VIEW_LIMITS_IN];
    struct claim out[VIEW_LIMITS_OUT];
    struct bucket *flood[DP_FLOOD_COUNT]; /* NULL = unlimited */
};

struct view_member {
    uint16_t port;
    uint8_t apart; /* as of view_port */
    uint8_t bare;  /* what leaves without our tag must not begin with these kinds of tag */
    struct vlan_out out;
};

struct view_domain {
    uint16_t tenant; /* DP_NONE = no such domain */
    uint8_t transparent;
    struct claim police; /* for ports that carry several networks: all of them have one share */
    uint16_t member_count;
    const struct view_member *member;
    /* member_of[port - first_port] is the port's place in `member`, or DP_NONE */
    uint16_t first_port, port_span;
    const uint16_t *member_of;
};

struct topology {
    uint32_t users; /* views that share it; control only */
    uint16_t port_count, domain_count;
    struct view_port *port;     /* by port index */
    struct view_domain *domain; /* by domain; 0 is never one */
    struct view_member *members;
    uint16_t *member_of;
    uint16_t *vids; /* domain_of_vid tables of trunks, VLAN_VID_COUNT each */
    struct vlan_pair *pairs;
    struct limit_share *shares; /* workers write them; a new topology takes them over */
    uint32_t share_count;
};

struct service_list {
    uint32_t count;
    struct rxq_state **rxq;
};

struct view {
    const struct topology *topology;
    uint64_t number; /* grows by one with each view; the first is 1 */
    uint16_t workers;
    struct service_list service[]; /* by worker */
};

/* The place of a port in a domain; NULL when it is no member. */
static inline const struct view_member *view_member_find(const struct view_domain *d, uint16_t port)
{
    uint16_t at = (uint16_t)(port - d->first_port);

    if (at >= d->port_span || d->member_of[at] == DP_NONE)
        return NULL;
    return &d->member[d->member_of[at]];
}

/**
 * topology_create() - build the first half of a view
 * @dp: gives ports by index, and the limits by port, tenant and domain
 * @spec: the wanted description, borrowed
 *
 * Return: a topology without users, or NULL when memory is exhausted.
 * Context: control; does not block.
 * Source: none
 */
struct topology *topology_create(struct datapath *dp, const struct dp_spec *spec);

/**
 * view_create() - build a view
 * @dp: gives the queues and who serves them
 * @topology: gains a user
 *
 * Return: the view, or NULL when memory is exhausted.
 * Context: control; does not block.
 * Source: none
 */
struct view *view_create(struct datapath *dp, struct topology *topology);

/* Free a topology without users. Control. */
void topology_destroy(struct topology *topology);

/* Free a view and, with its last user, the topology. NULL is fine. Control, after a grace period.
 */
void view_destroy(struct view *view);

#endif
