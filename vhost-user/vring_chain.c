/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The steps from one descriptor to the next. Workers.
 */
#include "vhost-user/vring_chain.h"

void chain_guess(struct vring *v, const struct vdesc *d)
{
    const void *ahead = d->len == 0 ? NULL : gmem_at(v->map, &v->hit, d->addr, 1);

    if (ahead != NULL)
        prefetch_read(ahead);
}

/* Fetch descriptor @i of the table that the walk is in; @i is below c->limit. */
static enum chain_step fetch(struct chain *c, uint16_t i)
{
    struct vring *v = c->v;
    uint8_t copy[VDESC_BYTES] __attribute__((aligned(VDESC_BYTES)));

    if (!c->in_table) {
        c->d = vdesc_load(v->desc + (uint32_t)i * VDESC_BYTES);
        return CHAIN_SPAN;
    }
    if (!gmem_copy_in(v->map, &v->hit, c->table_gpa + (uint64_t)i * VDESC_BYTES, copy, VDESC_BYTES))
        return chain_fail(c, VRING_BAD_ADDRESS);
    c->d = vdesc_load(copy);
    return CHAIN_SPAN;
}

static bool table_is_sane(const struct chain *c)
{
    const struct vdesc *d = &c->d;

    return c->v->indirect && !c->in_table && (d->flags & VDESC_F_NEXT) == 0 && d->len != 0 &&
           d->len % VDESC_BYTES == 0;
}

enum chain_step chain_descend(struct chain *c)
{
    enum chain_step step;

    if (!table_is_sane(c))
        return chain_fail(c, VRING_BAD_INDIRECT);
    /* Regions end before the end of addresses; a table that wraps around cannot be in them. */
    if (c->d.addr + c->d.len < c->d.addr)
        return chain_fail(c, VRING_BAD_ADDRESS);
    c->table_gpa = c->d.addr;
    c->limit = c->d.len / VDESC_BYTES;
    c->in_table = true;
    c->here = 1;
    step = fetch(c, 0);
    if (step == CHAIN_SPAN && (c->d.flags & VDESC_F_INDIRECT))
        return chain_fail(c, VRING_BAD_INDIRECT);
    return step;
}

enum chain_step chain_follow(struct chain *c)
{
    uint16_t next = c->d.next;

    if ((c->d.flags & VDESC_F_NEXT) == 0)
        return CHAIN_END;
    if (next >= c->limit)
        return chain_fail(c, VRING_BAD_NEXT);
    /* More steps than there are descriptors: one of them came up twice. */
    if (c->here >= c->limit)
        return chain_fail(c, VRING_LOOP);
    if (c->seen >= FRAME_SEGS_MAX)
        return CHAIN_LONG;
    c->seen++;
    c->here++;
    c->opened = false;
    return fetch(c, next);
}
