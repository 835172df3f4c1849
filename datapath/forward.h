/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One burst's way through the switch. forward.c reads top to bottom: receive, classify, decide,
 * commit, scatter, send, give back. Private to datapath/.
 */
#ifndef DATAPATH_FORWARD_H
#define DATAPATH_FORWARD_H

#include "datapath/fdb.h"
#include "datapath/view.h"
#include "offload/offload.h"

struct worker;
struct rxq_state;

/* A queue whose burst met a full receiver waits for room, but no longer than this. */
#define FORWARD_FULL_WAIT_NS (100 * NS_PER_US)

enum verdict_kind { VERDICT_DROP, VERDICT_UNICAST, VERDICT_FLOOD };

/* What the stages decided about a frame. Deciding reads only; the commit step acts on it. */
struct verdict {
    uint8_t kind;  /* enum verdict_kind */
    uint8_t drop;  /* enum drop_reason, when dropped */
    uint8_t flood; /* enum dp_flood, when flooded */
    uint16_t port; /* where to, when unicast */
} __attribute__((aligned(8)));

static inline struct verdict drop_verdict(enum drop_reason reason)
{
    return (struct verdict){.kind = VERDICT_DROP, .drop = (uint8_t)reason};
}

/* The copies of one burst that go to one port. */
struct dest {
    uint16_t port;
    uint16_t count;
    struct tx_item item[BURST_FRAMES];
};

/* What the FDB knows an address by. */
struct address {
    uint64_t key, hash;
};

struct forward {
    struct burst *burst;
    struct address dst[BURST_FRAMES], src[BURST_FRAMES]; /* set by classify */
    uint32_t changes; /* by classify: bit i, frame i has other addresses than the one before */
    bool alike;   /* by classify: all have the first one's addresses and network, dst[0], src[0];
                   * else changes, dst and src are of each */
    bool uniform; /* by commit: they are alike, and all of them unicasts */
    struct verdict verdict[BURST_FRAMES];
    struct dest *dest; /* room for every port */
    uint16_t dest_count;
    uint16_t *dest_of;     /* by port index: its place in dest + 1, or 0 */
    uint64_t copied_bytes; /* of one burst: what it is, times where it goes */
    struct offload_work *offload;
};

/* Allocates what one worker needs for ports below @max_ports. 0 or -ENOMEM. */
int forward_init(struct forward *fw, uint16_t max_ports);
void forward_fini(struct forward *fw);

/**
 * forward_classify() - which network does a frame belong to?
 * @in: the port it came by
 * @f: a committed frame; vlan is set unless it is dropped
 *
 * Return: DROP_NONE or why the port does not take it.
 * Context: any thread that holds the view; does not block.
 * Source: IEEE 802.1Q-2022 clause 8.6.1 and 8.6.2
 */
enum drop_reason forward_classify(const struct view_port *in, struct frame *f);

/**
 * forward_decide() - what happens to a frame, and why; changes nothing
 * @topology: the configuration in force
 * @fdb: the FDB
 * @in: index of the port it came by
 * @f: a classified frame
 *
 * Return: the verdict. Limits are not asked: they are drawn when the verdict is acted on.
 * Context: any thread that holds the view; does not block.
 * Source: IEEE 802.1Q-2022 clauses 8.6.3 and 8.8
 */
struct verdict forward_decide(const struct topology *topology, const struct fdb *fdb, uint16_t in,
                              const struct frame *f);

/**
 * classify_burst() - the networks and addresses of received frames
 * @w: the worker; forward is set: alike, and changes, dst, src
 * @in: the port they came by
 * @b: vlan or drop of each is set
 *
 * Context: worker; does not block.
 * Source: as of forward_classify()
 */
void classify_burst(struct worker *w, const struct view_port *in, struct burst *b);

/**
 * decide_burst() - the verdicts on a burst
 * @w: the worker, after classify_burst(); forward.verdict is set
 * @in: index of the port it came by
 * @b: the burst
 *
 * Context: worker; does not block.
 * Source: as of forward_decide()
 */
void decide_burst(struct worker *w, uint16_t in, const struct burst *b);

/**
 * forward_queue() - receive a burst from a queue and send it on
 * @w: the worker
 * @rs: the queue
 * @now_ns: time
 *
 * Sets rs->wait_until_ns and rs->full when the queue should wait.
 *
 * Return: frames received.
 * Context: worker; does not block.
 * Source: none
 */
uint32_t forward_queue(struct worker *w, struct rxq_state *rs, uint64_t now_ns);

/* Take a frame that control injected as if its port had received it. Worker. */
void forward_injected(struct worker *w, uint16_t port, const uint8_t *frame, uint16_t bytes,
                      uint64_t now_ns);

/**
 * forward_drop() - the one place that sees every dropped frame and every dropped copy
 * @w: the worker
 * @port: index of the port on which it is counted: of entry, or of exit for a copy
 * @reason: why
 * @f: its head may be looked at
 *
 * Context: worker; does not block.
 * Source: none
 */
void forward_drop(struct worker *w, uint16_t port, enum drop_reason reason, const struct frame *f);

#endif
