/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Learning is a message: a worker offers {domain, MAC, port}, control enters it into the FDB.
 * Offers travel on one ring per worker. Each port may have OFFERS_PER_PORT of them under way, and
 * the ring has room for all of those, so one port's noise cannot keep another's addresses out. What
 * comes on top while control is late goes into room that is shared: a queue may have a quarter as
 * much there as it leaves free for others.
 */
#ifndef DATAPATH_LEARN_H
#define DATAPATH_LEARN_H

#include "base/base.h"

#include <stdatomic.h>

struct datapath;
struct worker;
struct rxq_state;
struct address;
struct rte_ring;

#define OFFERS_PER_PORT    64
#define OFFERS_SHARED      8192
#define OFFERS_SHARED_PART 4

/* The source that a queue saw last and that the FDB is known to hold: most frames end here. */
struct last_source {
    uint64_t key;        /* of the FDB; 0 = none */
    uint32_t generation; /* of the FDB when it was looked up */
    uint32_t touched_s;  /* when the entry's age was last written */
};

struct offer_credit {
    uint64_t last_key; /* the last offer: not repeated for a while */
    uint64_t last_ns;
    uint32_t sent;         /* worker */
    _Atomic uint32_t done; /* control */
};

/* Without padding: rings copy it in words. */
struct offer {
    uint64_t key;
    struct rxq_state *rs; /* whose credit it is */
    uint64_t port;
};

struct offer_ring {
    struct rte_ring *ring;
};

/* Room for OFFERS_PER_PORT of each of @ports, and OFFERS_SHARED. 0 or -ENOMEM. Control. */
int offer_ring_init(struct offer_ring *r, uint32_t ports);
void offer_ring_fini(struct offer_ring *r);

/**
 * learn_source_slow() - offer a source unless the FDB knows it; refresh its age
 * @w: the worker
 * @rs: the queue it came by, which remembers it from now on
 * @port: index of the port it came by
 * @source: domain and source address, a unicast one
 * @now_ns: time
 *
 * Called for a source that is not rs->last_source, or whose age was not written in this second.
 *
 * Context: worker; does not block.
 * Source: IEEE 802.1Q-2022 clause 8.7 (the learning process)
 */
void learn_source_slow(struct worker *w, struct rxq_state *rs, uint16_t port,
                       const struct address *source, uint64_t now_ns);

/**
 * learn_service() - enter what workers have offered
 * @dp: the packet path
 * @budget: offers to handle at most
 * @now_ns: time
 *
 * Return: true when more may be waiting.
 * Context: control; does not block.
 * Source: none
 */
bool learn_service(struct datapath *dp, uint32_t budget, uint64_t now_ns);

/* Enter what workers have offered up to now, and no more than that: they may be faster than we are.
 * Control. */
void learn_drain(struct datapath *dp, uint64_t now_ns);

#endif
