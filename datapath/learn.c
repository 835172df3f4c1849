/* SPDX-License-Identifier: BSD-3-Clause */
#include "datapath/learn.h"

#include "base/mem.h"
#include "datapath/dp.h"

#include <errno.h>
#include <rte_ring_elem.h>
#include <stdlib.h>

static_assert(OFFERS_PER_PORT >= PORT_QUEUES_MAX, "each queue may make an offer");

/* An address whose offer is under way is not offered again for as long as control may take. */
#define OFFER_AGAIN_NS (1 * NS_PER_MS)
#define OFFERS_AT_ONCE 64

int offer_ring_init(struct offer_ring *r, uint32_t ports)
{
    unsigned int count = rte_align32pow2(ports * OFFERS_PER_PORT + OFFERS_SHARED + 1);
    ssize_t bytes = rte_ring_get_memsize_elem(sizeof(struct offer), count);

    r->ring = mem_zalloc(1, (size_t)bytes);
    if (r->ring == NULL)
        return -ENOMEM;
    return rte_ring_init(r->ring, "offers", count, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

void offer_ring_fini(struct offer_ring *r)
{
    free(r->ring);
    r->ring = NULL;
}

/* ---- worker ------------------------------------------------------------------------------ */

/* Of the room that is everybody's: the fuller it is the less one may have, so that who comes later
 * finds some, however many took theirs before. */
static uint32_t shared_room(const struct worker *w)
{
    uint32_t used = rte_ring_count(w->offers.ring);

    return used >= OFFERS_SHARED ? 0 : (OFFERS_SHARED - used) / OFFERS_SHARED_PART;
}

static bool may_offer(const struct worker *w, const struct rxq_state *rs)
{
    uint32_t done = atomic_load_explicit(&rs->offers.done, memory_order_acquire);
    uint32_t own = OFFERS_PER_PORT / rs->q->port->queue_pairs, sent = rs->offers.sent - done;

    return sent < own || sent - own < shared_room(w);
}

static void make_offer(struct worker *w, struct rxq_state *rs, uint16_t port, uint64_t key,
                       uint64_t now_ns)
{
    struct offer_credit *credit = &rs->offers;
    struct offer offer = {.key = key, .rs = rs, .port = port};

    if (credit->last_key == key && now_ns - credit->last_ns < OFFER_AGAIN_NS)
        return;
    if (!may_offer(w, rs))
        return;
    if (rte_ring_sp_enqueue_elem(w->offers.ring, &offer, sizeof(offer)) != 0)
        return;
    credit->sent++;
    credit->last_key = key;
    credit->last_ns = now_ns;
    dp_signal(w->dp);
}

void learn_source_slow(struct worker *w, struct rxq_state *rs, uint16_t port,
                       const struct address *source, uint64_t now_ns)
{
    uint32_t generation = fdb_generation(w->dp->fdb, port);
    uint32_t now_s = (uint32_t)(now_ns / NS_PER_SEC), slot;
    struct fdb_value value;

    if (!fdb_lookup_key(w->dp->fdb, source->key, source->hash, &value, &slot)) {
        make_offer(w, rs, port, source->key, now_ns);
        return;
    }
    if (value.port != port) {
        /* The operator said where a static address is: no frame can move it. */
        if (value.kind != FDB_STATIC)
            make_offer(w, rs, port, source->key, now_ns);
        return;
    }
    fdb_touch(w->dp->fdb, slot, now_s);
    rs->last_source = (struct last_source){source->key, generation, now_s};
}

/* ---- control ----------------------------------------------------------------------------- */

static struct dp_notice notice_of(enum dp_notice_kind kind, const struct offer *offer)
{
    return (struct dp_notice){
        .kind = kind,
        .domain = (uint16_t)(offer->key >> FDB_DOMAIN_SHIFT),
        .port = (uint16_t)offer->port,
        .port2 = DP_NONE,
        .mac = mac_from_u64(offer->key),
    };
}

/* An address is new, or somewhere else. */
static void notify_change(struct datapath *dp, enum dp_notice_kind kind, const struct offer *offer,
                          const struct fdb_event *event, uint64_t now_ns)
{
    struct dp_notice notice = notice_of(kind, offer);
    struct tenant_state *tenant = &dp->tenant[dp->domain[notice.domain].tenant];

    if (dp->params.notice == NULL)
        return;
    if (!log_limit_pass(&tenant->changes, now_ns, &notice.suppressed)) {
        dp->notices_suppressed++;
        return;
    }
    if (kind == DP_NOTICE_MAC_MOVED)
        notice.port2 = event->old_port;
    dp->params.notice(dp->params.notice_arg, &notice);
}

/* A limit was met. A flood of addresses must not hide what happens at other ports. */
static void notify_limit(struct datapath *dp, enum dp_notice_kind kind, const struct offer *offer,
                         const struct fdb_event *event, uint64_t now_ns)
{
    struct dp_notice notice = notice_of(kind, offer);
    struct port_state *ps = &dp->port[offer->port];

    if (dp->params.notice == NULL)
        return;
    if (now_ns < ps->next_limit_notice_ns) {
        dp->notices_suppressed++;
        return;
    }
    ps->next_limit_notice_ns = now_ns + NS_PER_SEC;
    if (kind == DP_NOTICE_MAC_EVICTED) {
        notice.domain = event->evicted.domain;
        notice.port = event->evicted.value.port;
        notice.mac = mac_from_u64(event->evicted.mac);
    }
    dp->params.notice(dp->params.notice_arg, &notice);
}

static bool offer_is_current(const struct datapath *dp, const struct offer *offer)
{
    const struct view *view = atomic_load_explicit(&dp->view, memory_order_relaxed);
    uint16_t domain = (uint16_t)(offer->key >> FDB_DOMAIN_SHIFT);

    if (dp->port[offer->port].port == NULL || view->topology->port[offer->port].port == NULL)
        return false;
    return view_member_find(&view->topology->domain[domain], (uint16_t)offer->port) != NULL;
}

static void accept_offer(struct datapath *dp, const struct offer *offer, uint64_t now_ns)
{
    uint16_t domain = (uint16_t)(offer->key >> FDB_DOMAIN_SHIFT);
    uint64_t mac = offer->key & (((uint64_t)1 << FDB_DOMAIN_SHIFT) - 1);
    struct fdb_event event;

    if (!offer_is_current(dp, offer))
        return;
    switch (fdb_learn(dp->fdb, domain, mac, (uint16_t)offer->port, dp->domain[domain].tenant,
                      (uint32_t)(now_ns / NS_PER_SEC), &event)) {
    case FDB_NEW: notify_change(dp, DP_NOTICE_MAC_LEARNED, offer, &event, now_ns); break;
    case FDB_MOVED: notify_change(dp, DP_NOTICE_MAC_MOVED, offer, &event, now_ns); break;
    case FDB_EVICTED: notify_limit(dp, DP_NOTICE_MAC_EVICTED, offer, &event, now_ns); break;
    case FDB_REFUSED: notify_limit(dp, DP_NOTICE_MAC_LIMIT, offer, &event, now_ns); break;
    case FDB_HELD:
    case FDB_REFRESHED: break;
    }
}

static uint32_t serve_worker(struct datapath *dp, struct worker *w, uint32_t budget,
                             uint64_t now_ns)
{
    struct offer offers[OFFERS_AT_ONCE];
    uint32_t served = 0, count;

    do {
        count = rte_ring_sc_dequeue_burst_elem(w->offers.ring, offers, sizeof(offers[0]),
                                               OFFERS_AT_ONCE, NULL);
        for (uint32_t i = 0; i < count; i++) {
            accept_offer(dp, &offers[i], now_ns);
            atomic_fetch_add_explicit(&offers[i].rs->offers.done, 1, memory_order_release);
        }
        served += count;
    } while (count == OFFERS_AT_ONCE && served < budget);
    return served;
}

void learn_drain(struct datapath *dp, uint64_t now_ns)
{
    for (uint16_t i = 0; i < dp->params.workers; i++)
        serve_worker(dp, &dp->worker[i], rte_ring_count(dp->worker[i].offers.ring), now_ns);
}

bool learn_service(struct datapath *dp, uint32_t budget, uint64_t now_ns)
{
    bool more = false;

    for (uint16_t i = 0; i < dp->params.workers; i++)
        more |= serve_worker(dp, &dp->worker[i], budget, now_ns) >= budget;
    return more;
}
