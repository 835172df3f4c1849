/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Rings as cables, and their faults. Frames are templates that will be sent again, so a frame is
 * copied before it is damaged.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "base/base.h"
#include "pktgen/cable.h"
#include "pktgen/port.h"

#define CABLES_MAX  32
#define RING_FRAMES 1024

struct cable {
    char name[64];
    unsigned ends;
    struct rte_ring *ring[2];
};

struct faults {
    const struct pg_port_spec *spec;
    struct rte_mempool *pool;
    struct rte_mbuf *held; /* overtaken by those that came after it */
    uint64_t seed;
};

static struct cable cables[CABLES_MAX];

static struct rte_ring *ring_make(unsigned number, unsigned end)
{
    char name[RTE_RING_NAMESIZE];

    snprintf(name, sizeof(name), "cable%u.%u", number, end);
    return rte_ring_create(name, RING_FRAMES, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static int port_make(unsigned number, struct rte_ring *rx, struct rte_ring *tx, uint16_t *ret_id)
{
    char name[32];
    int id;

    if (rx == NULL || tx == NULL)
        return -ENOMEM;
    snprintf(name, sizeof(name), "cable_end%u", number);
    id = rte_eth_from_rings(name, &rx, 1, &tx, 1, 0);
    if (id < 0)
        return -ENOMEM;
    *ret_id = (uint16_t)id;
    return 0;
}

static struct cable *cable_find(const char *name)
{
    for (unsigned i = 0; i < CABLES_MAX; i++)
        if (cables[i].ends == 0 || strcmp(cables[i].name, name) == 0)
            return &cables[i];
    return NULL;
}

int pg_cable_plug(const struct pg_port_spec *spec, unsigned number, uint16_t *ret_id)
{
    struct cable *c;
    unsigned end;

    if (spec->target[0] == '\0') {
        struct rte_ring *loop = ring_make(number, 0);

        return port_make(number, loop, loop, ret_id);
    }
    c = cable_find(spec->target);
    if (c == NULL || c->ends == 2)
        return -EEXIST;
    if (c->ends == 0) {
        snprintf(c->name, sizeof(c->name), "%.63s", spec->target);
        c->ring[0] = ring_make(number, 0);
        c->ring[1] = ring_make(number, 1);
    }
    end = c->ends++;
    return port_make(number, c->ring[end], c->ring[!end], ret_id);
}

static bool happens(struct faults *f, double share)
{
    f->seed ^= f->seed << 13;
    f->seed ^= f->seed >> 7;
    f->seed ^= f->seed << 17;
    return share > 0 && (double)(f->seed >> 11) / (double)(1ull << 53) < share;
}

static struct rte_mbuf *damage(struct faults *f, struct rte_mbuf *m)
{
    struct rte_mbuf *copy = rte_pktmbuf_copy(m, f->pool, 0, UINT32_MAX);

    if (copy == NULL)
        return m;
    *rte_pktmbuf_mtod_offset(copy, uint8_t *, copy->data_len - 1) ^= 0x40;
    rte_pktmbuf_free(m);
    return copy;
}

/* What was held goes behind a later burst. */
static uint16_t held_release(struct faults *f, struct rte_mbuf **pkts, uint16_t n, uint16_t max)
{
    if (f->held != NULL && n > 0 && n < max) {
        pkts[n++] = f->held;
        f->held = NULL;
    }
    return n;
}

static uint16_t faults_do(uint16_t id, uint16_t queue, struct rte_mbuf *pkts[], uint16_t n,
                          uint16_t max, void *arg)
{
    struct faults *f = arg;
    uint16_t kept = 0, room = max - n;
    struct rte_mbuf *doubles[16];
    uint16_t extra = 0;

    for (uint16_t i = 0; i < n; i++) {
        struct rte_mbuf *m = pkts[i];

        if (happens(f, f->spec->drop)) {
            rte_pktmbuf_free(m);
            continue;
        }
        if (happens(f, f->spec->corrupt))
            m = damage(f, m);
        if (happens(f, f->spec->dup) && extra < room && extra < ARRAY_SIZE(doubles)) {
            doubles[extra] = rte_pktmbuf_copy(m, f->pool, 0, UINT32_MAX);
            extra += doubles[extra] != NULL;
        }
        if (f->held == NULL && happens(f, f->spec->reorder))
            f->held = m;
        else
            pkts[kept++] = m;
    }
    kept = held_release(f, pkts, kept, max - extra);
    for (uint16_t i = 0; i < extra; i++)
        pkts[kept++] = doubles[i];
    return kept;
}

int pg_cable_faults(const struct pg_port_spec *spec, uint16_t id, struct rte_mempool *pool)
{
    struct faults *f;

    if (spec->drop + spec->dup + spec->corrupt + spec->reorder <= 0)
        return 0;
    f = calloc(1, sizeof(*f));
    if (f == NULL)
        return -ENOMEM;
    *f = (struct faults){.spec = spec, .pool = pool, .seed = 0x9e3779b97f4a7c15ull + id};
    return rte_eth_add_rx_callback(id, 0, faults_do, f) == NULL ? -ENOMEM : 0;
}
