/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The FDB's only writer: learning, static entries, ageing, flushing. Control only.
 *
 * Order of stores to a slot: see "why" at the top of fdb.h.
 */
#include "datapath/fdb_control.h"

#include <errno.h>

#define MAC_GROUP_BIT (1ull << 40)
#define MAC_LIMIT     (1ull << FDB_DOMAIN_SHIFT)

static bool is_learned(const struct fdb *fdb, uint32_t slot)
{
    return fdb_word_value(fdb_slot_word(fdb, slot)).kind == FDB_LOCAL;
}

static void store_key(struct fdb *fdb, uint32_t slot, uint64_t key)
{
    atomic_store_explicit(&fdb_bucket_of(fdb, slot)->key[slot % FDB_BUCKET_SLOTS], key,
                          memory_order_release);
}

static void store_value(struct fdb *fdb, uint32_t slot, const struct fdb_value *value)
{
    uint64_t version = (fdb_slot_word(fdb, slot) >> FDB_VERSION_SHIFT) + 1;
    uint64_t word = value->port | (uint64_t)value->remote << FDB_REMOTE_SHIFT |
                    (uint64_t)value->kind << FDB_KIND_SHIFT | version << FDB_VERSION_SHIFT;

    atomic_store_explicit(&fdb_bucket_of(fdb, slot)->value[slot % FDB_BUCKET_SLOTS], word,
                          memory_order_release);
}

static void store_seen(struct fdb *fdb, uint32_t slot, uint32_t seen_s)
{
    atomic_store_explicit(&fdb->seen_s[slot], seen_s, memory_order_relaxed);
}

static void bump_generation(struct fdb *fdb, uint16_t port)
{
    atomic_fetch_add_explicit(&fdb->port_generation[port], 1, memory_order_release);
}

static uint32_t find(const struct fdb *fdb, uint64_t key)
{
    struct fdb_value value;
    uint32_t slot;

    if (!fdb_lookup(fdb, (uint16_t)(key >> FDB_DOMAIN_SHIFT), key & (MAC_LIMIT - 1), &value, &slot))
        return FDB_NIL;
    return slot;
}

static uint32_t free_slot_in(const struct fdb *fdb, uint32_t bucket)
{
    uint32_t i = fdb_bucket_scan(&fdb->bucket[bucket], 0);

    return i == FDB_BUCKET_SLOTS ? FDB_NIL : bucket * FDB_BUCKET_SLOTS + i;
}

static void relocate(struct fdb *fdb, uint32_t from, uint32_t to)
{
    struct fdb_value value = fdb_word_value(fdb_slot_word(fdb, from));

    fdb_rename_slot(fdb, from, to);
    store_seen(fdb, to, fdb_slot_seen_s(fdb, from));
    store_value(fdb, to, &value);
    store_key(fdb, to, fdb_slot_key(fdb, from));
    store_key(fdb, from, 0);
}

/* Send one of a full bucket's entries, which is there by first choice, to its second bucket. */
static uint32_t displace(struct fdb *fdb, uint32_t bucket)
{
    for (uint32_t i = 0; i < FDB_BUCKET_SLOTS; i++) {
        uint32_t from = bucket * FDB_BUCKET_SLOTS + i;
        uint64_t hash = fdb_hash(fdb, fdb_slot_key(fdb, from));
        uint32_t to;

        if (fdb_bucket_first(fdb, hash) != bucket)
            continue;
        to = free_slot_in(fdb, fdb_bucket_second(fdb, hash));
        if (to == FDB_NIL)
            continue;
        relocate(fdb, from, to);
        return from;
    }
    return FDB_NIL;
}

static uint32_t free_slot(struct fdb *fdb, uint64_t key)
{
    uint64_t hash = fdb_hash(fdb, key);
    uint32_t first = fdb_bucket_first(fdb, hash), second = fdb_bucket_second(fdb, hash);
    uint32_t slot = free_slot_in(fdb, first);

    if (slot == FDB_NIL)
        slot = free_slot_in(fdb, second);
    if (slot == FDB_NIL)
        slot = displace(fdb, first);
    if (slot == FDB_NIL)
        slot = displace(fdb, second);
    return slot;
}

/* Whose entry goes is then decided by numbers alone. */
#define NO_TENANT UINT16_MAX
#define NO_PORT   UINT16_MAX

static void remove_slot(struct fdb *fdb, uint32_t slot)
{
    uint16_t port = fdb_slot_holder(fdb, slot)->port;

    fdb_release(fdb, slot, is_learned(fdb, slot));
    store_key(fdb, slot, 0);
    bump_generation(fdb, port);
}

static void evict(struct fdb *fdb, uint32_t slot, struct fdb_event *event)
{
    uint32_t cursor = slot;

    if (slot == FDB_NIL)
        return;
    (void)fdb_next(fdb, &cursor, &event->evicted);
    event->evicted_count++;
    remove_slot(fdb, slot);
}

static bool make_room_in_port(struct fdb *fdb, uint16_t port, uint16_t tenant,
                              struct fdb_event *event)
{
    const struct fdb_port *p = &fdb->control->port[port];
    uint32_t slot;

    if (p->count < p->limit)
        return true;
    slot = p->limit == 0 ? FDB_NIL : fdb_victim_of_port(fdb, port, tenant);
    evict(fdb, slot, event);
    return slot != FDB_NIL;
}

/* In the tenant and in the table. What is refused is refused before anything was evicted. */
static bool can_make_room(const struct fdb *fdb, uint16_t tenant, bool for_yielding)
{
    const struct fdb_control *c = fdb->control;
    const struct fdb_tenant *t = &c->tenant[tenant];

    return t->limit != 0 &&
           (t->count < t->limit || fdb_evictable(t->learned, t->yielding, for_yielding) != 0) &&
           (c->count < c->limit || fdb_evictable(c->learned, c->yielding, for_yielding) != 0);
}

static void make_room(struct fdb *fdb, uint16_t port, uint16_t tenant, bool for_yielding,
                      struct fdb_event *event)
{
    const struct fdb_control *c = fdb->control;

    if (c->tenant[tenant].count >= c->tenant[tenant].limit)
        evict(fdb, fdb_victim_of_tenant(fdb, tenant, port, for_yielding), event);
    if (c->count >= c->limit)
        evict(fdb, fdb_victim_of_all(fdb, tenant, port, for_yielding), event);
}

static bool enter(struct fdb *fdb, const struct fdb_entry *e)
{
    uint64_t key = fdb_key(e->domain, e->mac);
    uint32_t slot = free_slot(fdb, key);

    if (slot == FDB_NIL)
        return false;
    fdb->control->slot[slot].sequence = e->sequence;
    store_seen(fdb, slot, e->seen_s);
    store_value(fdb, slot, &e->value);
    store_key(fdb, slot, key);
    fdb_hold(fdb, slot, e->value.port, e->tenant, e->value.kind == FDB_LOCAL);
    return true;
}

/* The key stays in its slot, so no reader misses it meanwhile. */
static void replace(struct fdb *fdb, uint32_t slot, const struct fdb_entry *e)
{
    uint16_t old_port = fdb_slot_holder(fdb, slot)->port;

    fdb_release(fdb, slot, is_learned(fdb, slot));
    fdb->control->slot[slot].sequence = e->sequence;
    store_seen(fdb, slot, e->seen_s);
    store_value(fdb, slot, &e->value);
    fdb_hold(fdb, slot, e->value.port, e->tenant, e->value.kind == FDB_LOCAL);
    if (old_port != e->value.port)
        bump_generation(fdb, old_port);
}

/* What a port that does not yield sent just now is not somewhere else already: it is an echo, or
 * somebody's fake. */
static bool is_held(const struct fdb *fdb, uint32_t slot, const struct fdb_entry *e)
{
    const struct fdb_port *port = fdb->control->port;

    return is_learned(fdb, slot) && port[e->value.port].yields &&
           !port[fdb_slot_holder(fdb, slot)->port].yields &&
           (int32_t)(e->seen_s - fdb_slot_seen_s(fdb, slot)) < FDB_HOLD_S;
}

static enum fdb_learn_result learn_known(struct fdb *fdb, struct fdb_entry *e,
                                         struct fdb_event *event)
{
    uint64_t key = fdb_key(e->domain, e->mac);
    uint32_t slot = find(fdb, key);
    struct fdb_value old = fdb_word_value(fdb_slot_word(fdb, slot));

    if (old.kind == FDB_STATIC && old.port != e->value.port)
        return FDB_REFUSED;
    if (old.kind == FDB_STATIC || (old.kind == FDB_LOCAL && old.port == e->value.port &&
                                   fdb_slot_holder(fdb, slot)->tenant == e->tenant)) {
        store_seen(fdb, slot, e->seen_s);
        return FDB_REFRESHED;
    }
    if (is_held(fdb, slot, e))
        return FDB_HELD;
    if (old.port != e->value.port && !make_room_in_port(fdb, e->value.port, e->tenant, event))
        return FDB_REFUSED;
    e->sequence = (uint16_t)(fdb->control->slot[slot].sequence + 1);
    replace(fdb, slot, e);
    event->old_port = old.port;
    return FDB_MOVED;
}

static enum fdb_learn_result learn_unknown(struct fdb *fdb, const struct fdb_entry *e,
                                           struct fdb_event *event)
{
    bool yields = fdb->control->port[e->value.port].yields;

    if (!can_make_room(fdb, e->tenant, yields) ||
        !make_room_in_port(fdb, e->value.port, e->tenant, event))
        return FDB_REFUSED;
    make_room(fdb, e->value.port, e->tenant, yields, event);
    if (!enter(fdb, e))
        return FDB_REFUSED;
    return event->evicted_count == 0 ? FDB_NEW : FDB_EVICTED;
}

static bool address_is_sane(const struct fdb *fdb, const struct fdb_entry *e)
{
    return e->domain != 0 && e->mac != 0 && e->mac < MAC_LIMIT && !(e->mac & MAC_GROUP_BIT) &&
           e->value.port < fdb->max_ports && e->tenant < fdb->control->max_tenants;
}

enum fdb_learn_result fdb_learn(struct fdb *fdb, uint16_t domain, uint64_t mac, uint16_t port,
                                uint16_t tenant, uint32_t now_s, struct fdb_event *ret_event)
{
    struct fdb_event unused;
    struct fdb_event *event = ret_event != NULL ? ret_event : &unused;
    struct fdb_entry e = {.domain = domain,
                          .mac = mac,
                          .value = {.port = port, .kind = FDB_LOCAL},
                          .tenant = tenant,
                          .seen_s = now_s};

    *event = (struct fdb_event){0};
    if (!address_is_sane(fdb, &e))
        return FDB_REFUSED;
    if (find(fdb, fdb_key(domain, mac)) != FDB_NIL)
        return learn_known(fdb, &e, event);
    return learn_unknown(fdb, &e, event);
}

int fdb_add(struct fdb *fdb, const struct fdb_entry *entry)
{
    struct fdb_event event = {0};
    uint32_t slot;

    if (!address_is_sane(fdb, entry) ||
        (entry->value.kind != FDB_STATIC && entry->value.kind != FDB_EXTERNAL))
        return -EINVAL;
    slot = find(fdb, fdb_key(entry->domain, entry->mac));
    if (slot != FDB_NIL) {
        replace(fdb, slot, entry);
        return 0;
    }
    if (!can_make_room(fdb, entry->tenant, false))
        return -ENOSPC;
    make_room(fdb, entry->value.port, entry->tenant, false, &event);
    return enter(fdb, entry) ? 0 : -ENOSPC;
}

int fdb_del(struct fdb *fdb, uint16_t domain, uint64_t mac)
{
    uint32_t slot = domain == 0 ? FDB_NIL : find(fdb, fdb_key(domain, mac));

    if (slot == FDB_NIL)
        return -ENOENT;
    remove_slot(fdb, slot);
    return 0;
}

static bool matches(const struct fdb *fdb, uint32_t slot, const struct fdb_filter *f)
{
    uint64_t key = fdb_slot_key(fdb, slot);

    return key != 0 && (f->also_static || is_learned(fdb, slot)) &&
           (f->domain == FDB_ANY || f->domain == (int32_t)(key >> FDB_DOMAIN_SHIFT)) &&
           (f->port == FDB_ANY || f->port == fdb_slot_holder(fdb, slot)->port) &&
           (f->tenant == FDB_ANY || f->tenant == fdb_slot_holder(fdb, slot)->tenant);
}

/* So many can match: a thousand ports that go must not be a thousand walks through the table. */
static uint32_t most_matches(const struct fdb *fdb, const struct fdb_filter *f)
{
    const struct fdb_control *c = fdb->control;
    uint32_t most = c->count;

    if (f->port != FDB_ANY && c->port[f->port].count < most)
        most = c->port[f->port].count;
    if (f->tenant != FDB_ANY && c->tenant[f->tenant].count < most)
        most = c->tenant[f->tenant].count;
    return most;
}

uint32_t fdb_flush(struct fdb *fdb, const struct fdb_filter *filter)
{
    uint32_t removed = 0, most = most_matches(fdb, filter);

    for (uint32_t slot = 0; slot < fdb_slots(fdb) && removed < most; slot++) {
        if (!matches(fdb, slot, filter))
            continue;
        remove_slot(fdb, slot);
        removed++;
    }
    return removed;
}

/* Strictly older: with whole seconds, an entry then stays its full time. */
static bool is_aged(const struct fdb *fdb, uint32_t slot, uint32_t now_s, uint32_t ageing_s)
{
    int32_t age_s = (int32_t)(now_s - fdb_slot_seen_s(fdb, slot));

    return ageing_s != FDB_AGEING_NEVER && age_s > 0 && (uint32_t)age_s > ageing_s;
}

uint32_t fdb_age(struct fdb *fdb, uint32_t now_s, uint32_t ageing_s, uint32_t budget_slots)
{
    uint32_t slots = fdb_slots(fdb), removed = 0;
    uint32_t budget = budget_slots == 0 || budget_slots > slots ? slots : budget_slots;

    while (budget-- > 0) {
        uint32_t slot = fdb->control->age_cursor;

        fdb->control->age_cursor = slot + 1 < slots ? slot + 1 : 0;
        if (fdb_slot_key(fdb, slot) == 0 || !is_learned(fdb, slot))
            continue;
        if (is_aged(fdb, slot, now_s, ageing_s)) {
            remove_slot(fdb, slot);
            removed++;
        } else {
            fdb_relist(fdb, slot);
        }
    }
    return removed;
}

void fdb_set_port_limit(struct fdb *fdb, uint16_t port, uint32_t entries)
{
    struct fdb_port *p = &fdb->control->port[port];
    uint32_t slot;

    p->limit = entries;
    while (p->count > entries && (slot = fdb_victim_of_port(fdb, port, NO_TENANT)) != FDB_NIL)
        remove_slot(fdb, slot);
}

void fdb_set_tenant_limit(struct fdb *fdb, uint16_t tenant, uint32_t entries)
{
    struct fdb_tenant *t = &fdb->control->tenant[tenant];
    uint32_t slot;

    t->limit = entries;
    while (t->count > entries &&
           (slot = fdb_victim_of_tenant(fdb, tenant, NO_PORT, false)) != FDB_NIL)
        remove_slot(fdb, slot);
}

void fdb_set_limit(struct fdb *fdb, uint32_t entries)
{
    struct fdb_control *c = fdb->control;
    uint32_t slot;

    c->limit = entries < c->max_entries ? entries : c->max_entries;
    while (c->count > c->limit && (slot = fdb_victim_of_all(fdb, 0, NO_PORT, false)) != FDB_NIL)
        remove_slot(fdb, slot);
}
