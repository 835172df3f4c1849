/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The forwarding database: (domain, MAC) -> where it is. Workers look up without locks; control is
 * the only writer. Needs no EAL. A key without its domain cannot be expressed.
 *
 * Layout. A bucket is one cache line, four keys and their four values. A key may be in one of two
 * buckets, chosen by a keyed, non-linear hash: who does not know the key cannot make keys meet.
 * At most half of the slots are ever used, so nearly every look-up ends in its first bucket.
 *
 * Why a reader never sees key A with the value of B. Each value carries a version of its slot that
 * grows with every store to it. The writer empties a slot by key = 0, fills it by value, then key;
 * all stores release. The reader loads value, key, value again, all acquire, and believes only a
 * matching key between two equal values. Equal words are the same store V (2^28 stores to one slot
 * would have to pass in between). Had V been made after A left the slot, then the first load, which
 * saw V, makes the key load see that A is gone, or a later return of A; but the return makes the
 * second value load see a store newer than V. Had V been made before A came, the key load makes the
 * second value load see A's own value. So V is A's.
 *
 * Moving a key between its buckets (to make room) is only done from the first to the second, copy
 * before removal, so a reader that looks in this order never misses it.
 */
#ifndef DATAPATH_FDB_H
#define DATAPATH_FDB_H

#include "base/base.h"
#include "base/siphash.h"

#include <stdatomic.h>

#define FDB_BUCKET_SLOTS 4
#define FDB_BUCKET_BYTES CACHE_LINE_BYTES

/* ageing_s: entries never grow old. */
#define FDB_AGEING_NEVER UINT32_MAX

/* An address seen more recently than this does not move to a port that yields. */
#define FDB_HOLD_S 2

/* Of a flush or an iteration: any. */
#define FDB_ANY (-1)

enum fdb_kind {
    FDB_LOCAL,    /* learned from a frame; ages, moves, gives way to others */
    FDB_STATIC,   /* set by the operator; learning neither moves nor evicts it */
    FDB_EXTERNAL, /* told by an agent; does not age, moves when learned locally */
};

/* What a worker needs to know about a destination. */
struct fdb_value {
    uint16_t port;
    uint16_t remote; /* index of a tunnel end point; 0 = none */
    uint8_t kind;    /* enum fdb_kind */
};

struct fdb_bucket {
    _Atomic uint64_t key[FDB_BUCKET_SLOTS];   /* domain << 48 | mac; 0 = free */
    _Atomic uint64_t value[FDB_BUCKET_SLOTS]; /* port, remote, kind, version of the slot */
} __attribute__((aligned(FDB_BUCKET_BYTES)));

struct fdb_control;

/* The pointers never change; what they point to is read by workers, written by control, but for
 * seen_s, which workers write. */
struct fdb {
    struct fdb_bucket *bucket;
    _Atomic uint32_t *seen_s;          /* per slot */
    _Atomic uint32_t *port_generation; /* per port */
    uint64_t hash_key[4];
    uint32_t bucket_mask;
    uint32_t max_ports;
    struct fdb_control *control;
};

struct fdb_params {
    uint32_t max_entries; /* 1 .. 2^26 */
    uint32_t max_ports;   /* port indices are below; up to 65536 */
    uint32_t max_tenants; /* tenant indices are below; up to 65536 */
    struct siphash_key key;
};

/* All about one entry, for people and for saving. */
struct fdb_entry {
    uint16_t domain;
    uint64_t mac;
    struct fdb_value value;
    uint16_t tenant;
    uint16_t sequence; /* of moves */
    uint32_t seen_s;   /* last time it was the source of a frame */
};

enum fdb_learn_result {
    FDB_NEW,       /* entered */
    FDB_REFRESHED, /* was there already, on this port */
    FDB_MOVED,     /* was on another port: event->old_port is that */
    FDB_EVICTED,   /* entered in place of event->evicted */
    FDB_HELD,      /* on a port that does not yield it was seen a moment ago, and stays */
    FDB_REFUSED,   /* a static entry of another port has the address, the port may not learn, or
                    * there is nothing to evict */
};

/* What else learning did. A move to a port at its limit evicts, too. */
struct fdb_event {
    uint16_t old_port;        /* FDB_MOVED: where it was */
    uint8_t evicted_count;    /* 0, or 1; more after a limit was lowered */
    struct fdb_entry evicted; /* the last of these */
};

/* What to flush; FDB_ANY where it does not matter. */
struct fdb_filter {
    int32_t port;
    int32_t domain;
    int32_t tenant;
    bool also_static; /* static and external entries too */
};

#define FDB_FILTER_ALL ((struct fdb_filter){.port = FDB_ANY, .domain = FDB_ANY, .tenant = FDB_ANY})

/* ---- workers ----------------------------------------------------------------------------- */

#define FDB_DOMAIN_SHIFT  48
#define FDB_REMOTE_SHIFT  16
#define FDB_KIND_SHIFT    32
#define FDB_KIND_MASK     0xfu
#define FDB_VERSION_SHIFT 36

static inline uint64_t fdb_key(uint16_t domain, uint64_t mac)
{
    return (uint64_t)domain << FDB_DOMAIN_SHIFT | mac;
}

static inline uint64_t fdb_fold_mul(uint64_t a, uint64_t b)
{
    unsigned __int128 wide = (unsigned __int128)a * b;

    return (uint64_t)wide ^ (uint64_t)(wide >> 64);
}

/* Two multiplications whose halves are folded: no linear relation between keys survives, for about
 * a quarter of SipHash's cost. Two indices from one hash. Source: none */
static inline uint64_t fdb_hash(const struct fdb *fdb, uint64_t key)
{
    uint64_t h = fdb_fold_mul(key ^ fdb->hash_key[0], fdb->hash_key[1]);

    return fdb_fold_mul(h ^ fdb->hash_key[2], fdb->hash_key[3]);
}

static inline uint32_t fdb_bucket_first(const struct fdb *fdb, uint64_t hash)
{
    return (uint32_t)hash & fdb->bucket_mask;
}

static inline uint32_t fdb_bucket_second(const struct fdb *fdb, uint64_t hash)
{
    return (uint32_t)(hash >> 32) & fdb->bucket_mask;
}

/**
 * fdb_prefetch() - fetch the memory that fdb_lookup() of the same key will read
 * @fdb: the table
 * @hash: fdb_hash() of the key
 *
 * Context: worker; does not block.
 * Source: none
 */
static inline void fdb_prefetch(const struct fdb *fdb, uint64_t hash)
{
    prefetch_read(&fdb->bucket[fdb_bucket_first(fdb, hash)]);
}

/* The same, and what fdb_touch() will look at. */
static inline void fdb_prefetch_touch(const struct fdb *fdb, uint64_t hash)
{
    fdb_prefetch(fdb, hash);
    prefetch_read((const void *)&fdb->seen_s[fdb_bucket_first(fdb, hash) * FDB_BUCKET_SLOTS]);
}

/* Where is @key in the bucket? FDB_BUCKET_SLOTS when nowhere. Without branches: the position in a
 * bucket is nothing a CPU could predict. */
static inline uint32_t fdb_bucket_scan(const struct fdb_bucket *b, uint64_t key)
{
    uint32_t found = FDB_BUCKET_SLOTS;

#pragma GCC unroll 4
    for (uint32_t i = 0; i < FDB_BUCKET_SLOTS; i++)
        found = atomic_load_explicit(&b->key[i], memory_order_acquire) == key ? i : found;
    return found;
}

/* The value of @key in slot @i, see "why" at the top; false when the slot changed hands. */
static inline bool fdb_slot_read(const struct fdb_bucket *b, uint32_t i, uint64_t key,
                                 uint64_t *ret_word)
{
    uint64_t word = atomic_load_explicit(&b->value[i], memory_order_acquire);

    if (atomic_load_explicit(&b->key[i], memory_order_acquire) != key ||
        atomic_load_explicit(&b->value[i], memory_order_acquire) != word)
        return false;
    *ret_word = word;
    return true;
}

/**
 * fdb_lookup_slow() - look again, after the slot changed while it was read
 *
 * As fdb_lookup(); gives up, as if the address were unknown, when the writer is faster eight times.
 * Context: worker; does not block.
 * Source: none
 */
bool fdb_lookup_slow(const struct fdb *fdb, uint64_t key, struct fdb_value *ret_value,
                     uint32_t *ret_slot);

/**
 * fdb_lookup_key() - where is an address?
 * @fdb: the table
 * @key: fdb_key()
 * @hash: fdb_hash() of the key
 * @ret_value: the destination
 * @ret_slot: for fdb_touch(); may be forgotten at any time
 *
 * Return: true when known; else the outputs are untouched.
 * Context: any thread while the table exists; does not block.
 * Source: none
 */
static inline bool fdb_lookup_key(const struct fdb *fdb, uint64_t key, uint64_t hash,
                                  struct fdb_value *ret_value, uint32_t *ret_slot)
{
    uint32_t at = fdb_bucket_first(fdb, hash);
    uint32_t i = fdb_bucket_scan(&fdb->bucket[at], key);
    uint64_t word;

    if (unlikely(i == FDB_BUCKET_SLOTS)) {
        at = fdb_bucket_second(fdb, hash);
        i = fdb_bucket_scan(&fdb->bucket[at], key);
        if (i == FDB_BUCKET_SLOTS)
            return false;
    }
    if (unlikely(!fdb_slot_read(&fdb->bucket[at], i, key, &word)))
        return fdb_lookup_slow(fdb, key, ret_value, ret_slot);
    ret_value->port = (uint16_t)word;
    ret_value->remote = (uint16_t)(word >> FDB_REMOTE_SHIFT);
    ret_value->kind = (uint8_t)(word >> FDB_KIND_SHIFT & FDB_KIND_MASK);
    *ret_slot = at * FDB_BUCKET_SLOTS + i;
    return true;
}

/**
 * fdb_lookup() - where is an address?
 * @fdb: the table
 * @domain: not 0
 * @mac: below 2^48, first byte on the wire most significant
 * @ret_value: the destination
 * @ret_slot: as for fdb_lookup_key()
 *
 * Return: as fdb_lookup_key().
 * Context: any thread while the table exists; does not block.
 * Source: none
 */
static inline bool fdb_lookup(const struct fdb *fdb, uint16_t domain, uint64_t mac,
                              struct fdb_value *ret_value, uint32_t *ret_slot)
{
    uint64_t key = fdb_key(domain, mac);

    return fdb_lookup_key(fdb, key, fdb_hash(fdb, key), ret_value, ret_slot);
}

/**
 * fdb_touch() - the address was the source of a frame just now
 * @fdb: the table
 * @slot: of a recent fdb_lookup(); if another address has the slot by now, that one stays a little
 *        longer, which is all the harm
 * @now_s: seconds of clock_now_ns()
 *
 * Writes at most once a second for each entry.
 * Context: worker; does not block.
 * Source: none
 */
static inline void fdb_touch(const struct fdb *fdb, uint32_t slot, uint32_t now_s)
{
    if (atomic_load_explicit(&fdb->seen_s[slot], memory_order_relaxed) != now_s)
        atomic_store_explicit(&fdb->seen_s[slot], now_s, memory_order_relaxed);
}

/**
 * fdb_generation() - changes whenever a port loses an address it had
 * @fdb: the table
 * @port: below max_ports
 *
 * By a move, a flush, ageing, eviction or deletion. A worker that remembers which sources it has
 * offered for a port forgets them when the number differs. For each port, so that one port's noise
 * does not make others offer again.
 *
 * Return: the number.
 * Context: any thread; does not block.
 * Source: none
 */
static inline uint32_t fdb_generation(const struct fdb *fdb, uint16_t port)
{
    return atomic_load_explicit(&fdb->port_generation[port], memory_order_acquire);
}

/* ---- control ----------------------------------------------------------------------------- */

/**
 * fdb_create() - an empty table
 * @params: copied; every limit of ports and tenants starts as max_entries
 *
 * Return: the table, or NULL when memory is short or a parameter out of range (errno says which:
 * ENOMEM, EINVAL).
 * Context: control or helper; does not block.
 * Source: none
 */
struct fdb *fdb_create(const struct fdb_params *params);

/**
 * fdb_destroy() - free a table
 * @fdb: no worker knows it any more; NULL is fine
 *
 * Context: control or helper; does not block.
 * Source: none
 */
void fdb_destroy(struct fdb *fdb);

/**
 * fdb_set_port_limit() - how many entries may a port hold, of all kinds
 * @fdb: the table
 * @port: below max_ports
 * @entries: 0 = no learning; what was learned and is over a lowered limit goes, oldest first
 *
 * Context: control; does not block.
 * Source: none
 */
void fdb_set_port_limit(struct fdb *fdb, uint16_t port, uint32_t entries);

/**
 * fdb_set_port_yields() - do entries of a port make way for those of other ports
 * @fdb: the table
 * @port: below max_ports
 * @yields: as for a port with a whole network behind it
 *
 * Where a tenant or the table is full, entries of ports that yield go first, and an entry of such a
 * port takes the place of another one of these or is refused. An address on a port that does not
 * yield does not move to one that does, unless it was not seen for FDB_HOLD_S.
 *
 * Context: control; does not block.
 * Source: none
 */
void fdb_set_port_yields(struct fdb *fdb, uint16_t port, bool yields);

/**
 * fdb_set_tenant_limit() - how many entries may a tenant hold, of all kinds
 * @fdb: the table
 * @tenant: below max_tenants
 * @entries: as for ports
 *
 * Context: control; does not block.
 * Source: none
 */
void fdb_set_tenant_limit(struct fdb *fdb, uint16_t tenant, uint32_t entries);

/**
 * fdb_set_limit() - how many entries may there be in all
 * @fdb: the table
 * @entries: at least 1; more than the table was made for counts as that
 *
 * What was learned and is over a lowered limit goes: of the tenant and port that hold most.
 *
 * Context: control; does not block.
 * Source: none
 */
void fdb_set_limit(struct fdb *fdb, uint32_t entries);

/**
 * fdb_learn() - enter what a worker saw
 * @fdb: the table
 * @domain: not 0
 * @mac: below 2^48, no group address, not 0
 * @port: below max_ports
 * @tenant: the domain's, below max_tenants
 * @now_s: seconds of clock_now_ns()
 * @ret_event: what else happened, zeroed if nothing; may be NULL
 *
 * Room is made fairly, of learned entries only, in this order: a port at its limit gives its own
 * oldest entry (of the tenant that holds most there); a tenant at its limit the oldest of that of
 * its ports which holds most; a full table the oldest of the largest port of the tenant which holds
 * most, so that nobody can push out who holds less than himself.
 *
 * Return: what happened.
 * Context: control; does not block; bounded work, linear in the ports of a tenant and in tenants
 * only when something is full.
 * Source: IEEE 802.1Q-2022 clause 8.7 (learning process); the order of eviction is ours
 */
enum fdb_learn_result fdb_learn(struct fdb *fdb, uint16_t domain, uint64_t mac, uint16_t port,
                                uint16_t tenant, uint32_t now_s, struct fdb_event *ret_event);

/**
 * fdb_add() - enter what the operator or an agent says
 * @fdb: the table
 * @entry: kind is FDB_STATIC or FDB_EXTERNAL; replaces an entry of the same address
 *
 * Makes room in the tenant and in the table as fdb_learn() does. The limit of the port counts such
 * entries, but does not refuse them: with a limit of 0 a port has these only.
 *
 * Return: 0; -EINVAL (domain 0, index or address out of range, kind); -ENOSPC (nothing to evict).
 * Context: control; does not block.
 * Source: IEEE 802.1Q-2022 clause 8.8.1 (static filtering entries)
 */
int fdb_add(struct fdb *fdb, const struct fdb_entry *entry);

/**
 * fdb_del() - remove an entry of any kind
 * @fdb: the table
 * @domain: not 0
 * @mac: below 2^48
 *
 * Return: 0 or -ENOENT.
 * Context: control; does not block.
 * Source: none
 */
int fdb_del(struct fdb *fdb, uint16_t domain, uint64_t mac);

/**
 * fdb_flush() - remove all entries that match
 * @fdb: the table
 * @filter: all of its conditions must hold
 *
 * Return: entries removed.
 * Context: control; does not block; reads the whole table when anything can match.
 * Source: none
 */
uint32_t fdb_flush(struct fdb *fdb, const struct fdb_filter *filter);

/**
 * fdb_age() - remove learned entries not seen for long, a part of the table at a time
 * @fdb: the table
 * @now_s: seconds of clock_now_ns()
 * @ageing_s: at least 1, or FDB_AGEING_NEVER
 * @budget_slots: slots to look at, continuing where the last call ended; 0 = the whole table
 *
 * Return: entries removed.
 * Context: control; does not block.
 * Source: IEEE 802.1Q-2022 clause 8.8.3 (ageing time)
 */
uint32_t fdb_age(struct fdb *fdb, uint32_t now_s, uint32_t ageing_s, uint32_t budget_slots);

/**
 * fdb_get() - all about one address
 * @fdb: the table
 * @domain: not 0
 * @mac: below 2^48
 * @ret_entry: the entry
 *
 * Return: 0 or -ENOENT.
 * Context: control; does not block.
 * Source: none
 */
int fdb_get(const struct fdb *fdb, uint16_t domain, uint64_t mac, struct fdb_entry *ret_entry);

/**
 * fdb_next() - list the table
 * @fdb: the table
 * @cursor: 0 at first; then as the last call left it. Good across changes: an entry that stays in
 *          place is listed exactly once.
 * @ret_entry: the next entry
 *
 * Return: false behind the last.
 * Context: control; does not block; a call may read the whole table when it is nearly empty.
 * Source: none
 */
bool fdb_next(const struct fdb *fdb, uint32_t *cursor, struct fdb_entry *ret_entry);

/**
 * fdb_slots() - size of the table, for the budget of fdb_age()
 * @fdb: the table
 *
 * Return: slots; twice max_entries or more.
 * Context: any thread; does not block.
 * Source: none
 */
static inline uint32_t fdb_slots(const struct fdb *fdb)
{
    return (fdb->bucket_mask + 1) * FDB_BUCKET_SLOTS;
}

/**
 * fdb_count() - entries in the table
 * @fdb: the table
 *
 * Return: entries of all kinds.
 * Context: control; does not block.
 * Source: none
 */
uint32_t fdb_count(const struct fdb *fdb);

/**
 * fdb_port_count() - entries of a port
 * @fdb: the table
 * @port: below max_ports
 *
 * Return: entries of all kinds.
 * Context: control; does not block.
 * Source: none
 */
uint32_t fdb_port_count(const struct fdb *fdb, uint16_t port);

/**
 * fdb_tenant_count() - entries of a tenant
 * @fdb: the table
 * @tenant: below max_tenants
 *
 * Return: entries of all kinds.
 * Context: control; does not block.
 * Source: none
 */
uint32_t fdb_tenant_count(const struct fdb *fdb, uint16_t tenant);

/**
 * fdb_domain_count() - entries of a domain
 * @fdb: the table
 * @domain: any
 *
 * Return: entries of all kinds.
 * Context: control; does not block.
 * Source: none
 */
uint32_t fdb_domain_count(const struct fdb *fdb, uint16_t domain);

#endif
