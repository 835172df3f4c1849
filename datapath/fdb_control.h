/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The control thread's half of the FDB, private to datapath/fdb*.c: who holds which entries, and
 * in which order they would have to go.
 *
 * A *holder* is a pair (port, tenant) with at least one entry. Its learned entries form a list from
 * the longest unseen to the latest seen. Workers refresh seen_s behind the list's back, so an entry
 * at the head is moved to where it belongs before it is taken for the oldest.
 */
#ifndef DATAPATH_FDB_CONTROL_H
#define DATAPATH_FDB_CONTROL_H

#include "datapath/fdb.h"

#define FDB_NIL UINT32_MAX

struct fdb_holder {
    uint16_t port;
    uint16_t tenant;
    uint32_t count;   /* entries of all kinds */
    uint32_t learned; /* entries on the list */
    uint32_t oldest, newest;
    uint32_t next_of_port, next_of_tenant; /* next_of_port also links the free ones */
};

/* What only control knows about a slot; its holder says the tenant. */
struct fdb_slot {
    uint32_t older, newer;
    uint32_t listed_s; /* seen_s when it was put into the list */
    uint32_t holder;
    uint16_t sequence;
};

struct fdb_port {
    uint32_t limit;
    uint32_t count;
    uint32_t holders;
    bool yields; /* see fdb_set_port_yields() */
};

struct fdb_tenant {
    uint32_t limit;
    uint32_t count;
    uint32_t learned;
    uint32_t yielding; /* of the learned ones: on ports that yield */
    uint32_t holders;
};

struct fdb_control {
    struct fdb_slot *slot;
    struct fdb_holder *holder;
    struct fdb_port *port;
    struct fdb_tenant *tenant;
    uint32_t *domain_count;
    uint32_t free_holder;
    uint32_t max_entries; /* what there is memory for */
    uint32_t limit;       /* what is allowed of it */
    uint32_t max_tenants;
    uint32_t count;
    uint32_t learned;
    uint32_t yielding; /* as of fdb_tenant */
    uint32_t age_cursor;
};

static inline struct fdb_bucket *fdb_bucket_of(const struct fdb *fdb, uint32_t slot)
{
    return &fdb->bucket[slot / FDB_BUCKET_SLOTS];
}

/* Control reads what only control writes: relaxed. */
static inline uint64_t fdb_slot_key(const struct fdb *fdb, uint32_t slot)
{
    return atomic_load_explicit(&fdb_bucket_of(fdb, slot)->key[slot % FDB_BUCKET_SLOTS],
                                memory_order_relaxed);
}

static inline uint64_t fdb_slot_word(const struct fdb *fdb, uint32_t slot)
{
    return atomic_load_explicit(&fdb_bucket_of(fdb, slot)->value[slot % FDB_BUCKET_SLOTS],
                                memory_order_relaxed);
}

static inline struct fdb_value fdb_word_value(uint64_t word)
{
    return (struct fdb_value){.port = (uint16_t)word,
                              .remote = (uint16_t)(word >> FDB_REMOTE_SHIFT),
                              .kind = (uint8_t)(word >> FDB_KIND_SHIFT & FDB_KIND_MASK)};
}

/* Entries of the domain whose key is in a slot. */
static inline uint32_t *fdb_slot_domain_count(const struct fdb *fdb, uint32_t slot)
{
    return &fdb->control->domain_count[fdb_slot_key(fdb, slot) >> FDB_DOMAIN_SHIFT];
}

static inline uint32_t fdb_slot_seen_s(const struct fdb *fdb, uint32_t slot)
{
    return atomic_load_explicit(&fdb->seen_s[slot], memory_order_relaxed);
}

static inline const struct fdb_holder *fdb_slot_holder(const struct fdb *fdb, uint32_t slot)
{
    return &fdb->control->holder[fdb->control->slot[slot].holder];
}

/**
 * fdb_hold() - account for an entry that came into a slot
 * @fdb: the table
 * @slot: its key and seen_s are set
 * @port: where it is
 * @tenant: whose it is
 * @learned: it ages and can be evicted
 *
 * Context: control; does not block.
 * Source: none
 */
void fdb_hold(struct fdb *fdb, uint32_t slot, uint16_t port, uint16_t tenant, bool learned);

/**
 * fdb_release() - account for an entry that leaves its slot
 * @fdb: the table
 * @slot: held, with its key
 * @learned: as it was held
 *
 * Context: control; does not block.
 * Source: none
 */
void fdb_release(struct fdb *fdb, uint32_t slot, bool learned);

/**
 * fdb_relist() - put a learned entry where its age belongs in its holder's list
 * @fdb: the table
 * @slot: held, learned
 *
 * Context: control; does not block; bounded: looks at a few neighbours only.
 * Source: none
 */
void fdb_relist(struct fdb *fdb, uint32_t slot);

/**
 * fdb_rename_slot() - an entry moves between its two buckets
 * @fdb: the table
 * @from: held
 * @to: free
 *
 * Context: control; does not block.
 * Source: none
 */
void fdb_rename_slot(struct fdb *fdb, uint32_t from, uint32_t to);

/**
 * fdb_victim_of_port() - whom to evict when a port is at its limit
 * @fdb: the table
 * @port: the port; one of its own entries goes, of the tenant that holds most there
 * @tenant: among tenants that hold equally many, rather this one
 *
 * Return: a slot, or FDB_NIL.
 * Context: control; does not block.
 * Source: none
 */
uint32_t fdb_victim_of_port(struct fdb *fdb, uint16_t port, uint16_t tenant);

/* Learned entries that may go for a new one: of any port, or only of ports that yield. */
static inline uint32_t fdb_evictable(uint32_t learned, uint32_t yielding, bool for_yielding)
{
    return for_yielding ? yielding : learned;
}

/**
 * fdb_victim_of_tenant() - whom to evict when a tenant is at its limit
 * @fdb: the table
 * @tenant: the tenant
 * @port: among ports that hold equally many, rather this one
 * @for_yielding: the new entry is on a port that yields
 *
 * Entries of ports that yield go first, and go alone for another one of these.
 *
 * Return: a slot, or FDB_NIL.
 * Context: control; does not block.
 * Source: none
 */
uint32_t fdb_victim_of_tenant(struct fdb *fdb, uint16_t tenant, uint16_t port, bool for_yielding);

/**
 * fdb_victim_of_all() - whom to evict when the table is full
 * @fdb: the table
 * @tenant: among tenants that hold equally many, rather this one
 * @port: the same for ports
 * @for_yielding: as of fdb_victim_of_tenant()
 *
 * Return: a slot, or FDB_NIL.
 * Context: control; does not block.
 * Source: none
 */
uint32_t fdb_victim_of_all(struct fdb *fdb, uint16_t tenant, uint16_t port, bool for_yielding);

#endif
