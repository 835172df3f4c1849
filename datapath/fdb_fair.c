/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Who holds how many entries of the FDB, and whose goes when there is no room. Control only.
 */
#include "datapath/fdb_control.h"

/* Bounds of the work for one eviction: entries found younger than the list says, and neighbours
 * passed while one is put where it belongs. */
#define ROTATE_MAX 64
#define WALK_MAX   32

static bool is_older(uint32_t a_s, uint32_t b_s)
{
    return (int32_t)(a_s - b_s) < 0;
}

static void list_unlink(struct fdb_control *c, struct fdb_holder *h, uint32_t slot)
{
    struct fdb_slot *s = &c->slot[slot];

    *(s->older == FDB_NIL ? &h->oldest : &c->slot[s->older].newer) = s->newer;
    *(s->newer == FDB_NIL ? &h->newest : &c->slot[s->newer].older) = s->older;
}

/* Between @older and what follows it. */
static void list_link(struct fdb_control *c, struct fdb_holder *h, uint32_t slot, uint32_t older)
{
    struct fdb_slot *s = &c->slot[slot];

    s->older = older;
    s->newer = older == FDB_NIL ? h->oldest : c->slot[older].newer;
    *(s->older == FDB_NIL ? &h->oldest : &c->slot[s->older].newer) = slot;
    *(s->newer == FDB_NIL ? &h->newest : &c->slot[s->newer].older) = slot;
}

/* Almost always the newest: a few steps from the end of the list suffice. */
static void list_insert(struct fdb *fdb, struct fdb_holder *h, uint32_t slot)
{
    struct fdb_control *c = fdb->control;
    uint32_t older = h->newest;

    c->slot[slot].listed_s = fdb_slot_seen_s(fdb, slot);
    for (int i = 0; i < WALK_MAX && older != FDB_NIL; i++) {
        if (!is_older(c->slot[slot].listed_s, c->slot[older].listed_s))
            break;
        older = c->slot[older].older;
    }
    list_link(c, h, slot, older);
}

void fdb_relist(struct fdb *fdb, uint32_t slot)
{
    struct fdb_holder *h = &fdb->control->holder[fdb->control->slot[slot].holder];

    if (fdb_slot_seen_s(fdb, slot) == fdb->control->slot[slot].listed_s)
        return;
    list_unlink(fdb->control, h, slot);
    list_insert(fdb, h, slot);
}

void fdb_rename_slot(struct fdb *fdb, uint32_t from, uint32_t to)
{
    struct fdb_control *c = fdb->control;
    struct fdb_slot *s = &c->slot[to];
    struct fdb_holder *h;

    *s = c->slot[from];
    if (fdb_word_value(fdb_slot_word(fdb, from)).kind != FDB_LOCAL)
        return;
    h = &c->holder[s->holder];
    *(s->older == FDB_NIL ? &h->oldest : &c->slot[s->older].newer) = to;
    *(s->newer == FDB_NIL ? &h->newest : &c->slot[s->newer].older) = to;
}

static uint32_t holder_find(const struct fdb_control *c, uint16_t port, uint16_t tenant)
{
    uint32_t h = c->port[port].holders;

    while (h != FDB_NIL && c->holder[h].tenant != tenant)
        h = c->holder[h].next_of_port;
    return h;
}

static uint32_t holder_new(struct fdb_control *c, uint16_t port, uint16_t tenant)
{
    uint32_t h = c->free_holder;

    assert(h != FDB_NIL);
    c->free_holder = c->holder[h].next_of_port;
    c->holder[h] = (struct fdb_holder){
        .port = port,
        .tenant = tenant,
        .oldest = FDB_NIL,
        .newest = FDB_NIL,
        .next_of_port = c->port[port].holders,
        .next_of_tenant = c->tenant[tenant].holders,
    };
    c->port[port].holders = h;
    c->tenant[tenant].holders = h;
    return h;
}

static void holder_free(struct fdb_control *c, uint32_t h)
{
    uint32_t *link = &c->port[c->holder[h].port].holders;

    while (*link != h)
        link = &c->holder[*link].next_of_port;
    *link = c->holder[h].next_of_port;
    link = &c->tenant[c->holder[h].tenant].holders;
    while (*link != h)
        link = &c->holder[*link].next_of_tenant;
    *link = c->holder[h].next_of_tenant;
    c->holder[h].next_of_port = c->free_holder;
    c->free_holder = h;
}

/* @change is taken modulo 2^32: UINT32_MAX is one less. */
static void count_yielding(struct fdb_control *c, const struct fdb_holder *h, uint32_t change)
{
    c->yielding += change;
    c->tenant[h->tenant].yielding += change;
}

void fdb_hold(struct fdb *fdb, uint32_t slot, uint16_t port, uint16_t tenant, bool learned)
{
    struct fdb_control *c = fdb->control;
    uint32_t h = holder_find(c, port, tenant);

    if (h == FDB_NIL)
        h = holder_new(c, port, tenant);
    c->slot[slot].holder = h;
    c->count++;
    c->port[port].count++;
    c->tenant[tenant].count++;
    ++*fdb_slot_domain_count(fdb, slot);
    c->holder[h].count++;
    if (!learned)
        return;
    c->learned++;
    c->tenant[tenant].learned++;
    c->holder[h].learned++;
    count_yielding(c, &c->holder[h], c->port[port].yields);
    list_insert(fdb, &c->holder[h], slot);
}

void fdb_release(struct fdb *fdb, uint32_t slot, bool learned)
{
    struct fdb_control *c = fdb->control;
    uint32_t index = c->slot[slot].holder;
    struct fdb_holder *h = &c->holder[index];

    if (learned) {
        list_unlink(c, h, slot);
        c->learned--;
        c->tenant[h->tenant].learned--;
        h->learned--;
        count_yielding(c, h, c->port[h->port].yields ? UINT32_MAX : 0);
    }
    c->count--;
    c->port[h->port].count--;
    c->tenant[h->tenant].count--;
    --*fdb_slot_domain_count(fdb, slot);
    if (--h->count == 0)
        holder_free(c, index);
}

/* The head of the list, after those that were seen since were moved away from there. */
static uint32_t oldest_of(struct fdb *fdb, uint32_t holder)
{
    const struct fdb_control *c = fdb->control;
    const struct fdb_holder *h = &c->holder[holder];

    for (int i = 0; i < ROTATE_MAX; i++) {
        uint32_t slot = h->oldest;

        if (c->slot[slot].listed_s == fdb_slot_seen_s(fdb, slot))
            break;
        fdb_relist(fdb, slot);
    }
    return h->oldest;
}

void fdb_set_port_yields(struct fdb *fdb, uint16_t port, bool yields)
{
    struct fdb_control *c = fdb->control;

    if (c->port[port].yields == yields)
        return;
    c->port[port].yields = yields;
    for (uint32_t h = c->port[port].holders; h != FDB_NIL; h = c->holder[h].next_of_port)
        count_yielding(c, &c->holder[h], yields ? c->holder[h].learned : 0 - c->holder[h].learned);
}

uint32_t fdb_victim_of_port(struct fdb *fdb, uint16_t port, uint16_t tenant)
{
    const struct fdb_control *c = fdb->control;
    uint32_t best = FDB_NIL, most = 0;

    for (uint32_t h = c->port[port].holders; h != FDB_NIL; h = c->holder[h].next_of_port) {
        uint32_t learned = c->holder[h].learned;

        if (learned > most || (learned == most && learned > 0 && c->holder[h].tenant == tenant)) {
            most = learned;
            best = h;
        }
    }
    return best == FDB_NIL ? FDB_NIL : oldest_of(fdb, best);
}

uint32_t fdb_victim_of_tenant(struct fdb *fdb, uint16_t tenant, uint16_t port, bool for_yielding)
{
    const struct fdb_control *c = fdb->control;
    bool yielding = for_yielding || c->tenant[tenant].yielding > 0;
    uint32_t best = FDB_NIL, most = 0;

    for (uint32_t h = c->tenant[tenant].holders; h != FDB_NIL; h = c->holder[h].next_of_tenant) {
        uint32_t learned = c->holder[h].learned;

        if (yielding && !c->port[c->holder[h].port].yields)
            continue;
        if (learned > most || (learned == most && learned > 0 && c->holder[h].port == port)) {
            most = learned;
            best = h;
        }
    }
    return best == FDB_NIL ? FDB_NIL : oldest_of(fdb, best);
}

uint32_t fdb_victim_of_all(struct fdb *fdb, uint16_t tenant, uint16_t port, bool for_yielding)
{
    const struct fdb_control *c = fdb->control;
    uint32_t largest = tenant, most = 0;

    for (uint32_t i = 0; i < c->max_tenants; i++) {
        const struct fdb_tenant *t = &c->tenant[i];
        uint32_t count = fdb_evictable(t->learned, t->yielding, for_yielding);

        if (count > most || (count == most && i == tenant)) {
            most = count;
            largest = i;
        }
    }
    return fdb_victim_of_tenant(fdb, (uint16_t)largest, port, for_yielding);
}
