/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The FDB: making and reading it. Writing is in fdb_write.c, fairness in fdb_fair.c.
 */
#include "datapath/fdb_control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAX_ENTRIES        (1u << 26)
#define MAX_INDICES        65536u
#define MIN_BUCKETS        4u
#define ENTRIES_PER_BUCKET (FDB_BUCKET_SLOTS / 2) /* half of the slots stay free */
#define HUGE_PAGE_BYTES    (2u << 20)
#define LOOKUP_TRIES       8

static uint32_t bucket_count(uint32_t max_entries)
{
    uint32_t want = (max_entries + ENTRIES_PER_BUCKET - 1) / ENTRIES_PER_BUCKET;
    uint32_t count = MIN_BUCKETS;

    while (count < want)
        count *= 2;
    return count;
}

/* Large tables on huge pages where the kernel has some to give: one TLB entry instead of many. */
static void *alloc_zeroed(size_t bytes)
{
    size_t align = bytes >= HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES : FDB_BUCKET_BYTES;
    void *p = NULL;

    bytes = (bytes + align - 1) / align * align;
    p = aligned_alloc(align, bytes);
    if (p == NULL)
        return NULL;
    if (align == HUGE_PAGE_BYTES)
        (void)madvise(p, bytes, MADV_HUGEPAGE);
    memset(p, 0, bytes);
    return p;
}

/* Odd multipliers lose no bit of what they multiply. */
static void draw_hash_key(struct fdb *fdb, const struct siphash_key *key)
{
    for (uint64_t i = 0; i < ARRAY_SIZE(fdb->hash_key); i++)
        fdb->hash_key[i] = siphash13_u64(key, i) | (i & 1);
}

static void init_control(struct fdb_control *c, const struct fdb_params *params)
{
    c->max_entries = params->max_entries;
    c->limit = params->max_entries;
    c->max_tenants = params->max_tenants;
    for (uint32_t i = 0; i < params->max_ports; i++)
        c->port[i] = (struct fdb_port){.limit = params->max_entries, .holders = FDB_NIL};
    for (uint32_t i = 0; i < params->max_tenants; i++)
        c->tenant[i] = (struct fdb_tenant){.limit = params->max_entries, .holders = FDB_NIL};
    /* There is never a holder without an entry. */
    for (uint32_t i = 0; i < params->max_entries; i++)
        c->holder[i].next_of_port = i + 1;
    c->holder[params->max_entries].next_of_port = FDB_NIL;
}

static bool alloc_control(struct fdb *fdb, const struct fdb_params *params)
{
    struct fdb_control *c = calloc(1, sizeof(*c));

    fdb->control = c;
    if (c == NULL)
        return false;
    c->slot = calloc(fdb_slots(fdb), sizeof(*c->slot));
    c->holder = calloc(params->max_entries + 1, sizeof(*c->holder));
    c->port = calloc(params->max_ports, sizeof(*c->port));
    c->tenant = calloc(params->max_tenants, sizeof(*c->tenant));
    c->domain_count = calloc(MAX_INDICES, sizeof(*c->domain_count));
    return c->slot != NULL && c->holder != NULL && c->port != NULL && c->tenant != NULL &&
           c->domain_count != NULL;
}

static bool alloc_shared(struct fdb *fdb, const struct fdb_params *params)
{
    fdb->bucket = alloc_zeroed((fdb->bucket_mask + 1) * sizeof(*fdb->bucket));
    fdb->seen_s = alloc_zeroed(fdb_slots(fdb) * sizeof(*fdb->seen_s));
    fdb->port_generation = alloc_zeroed(params->max_ports * sizeof(*fdb->port_generation));
    return fdb->bucket != NULL && fdb->seen_s != NULL && fdb->port_generation != NULL;
}

static bool params_are_sane(const struct fdb_params *p)
{
    return p->max_entries >= 1 && p->max_entries <= MAX_ENTRIES && p->max_ports >= 1 &&
           p->max_ports <= MAX_INDICES && p->max_tenants >= 1 && p->max_tenants <= MAX_INDICES;
}

struct fdb *fdb_create(const struct fdb_params *params)
{
    struct fdb *fdb;

    if (!params_are_sane(params)) {
        errno = EINVAL;
        return NULL;
    }
    fdb = calloc(1, sizeof(*fdb));
    if (fdb == NULL)
        return NULL;
    fdb->bucket_mask = bucket_count(params->max_entries) - 1;
    fdb->max_ports = params->max_ports;
    draw_hash_key(fdb, &params->key);
    if (!alloc_control(fdb, params) || !alloc_shared(fdb, params)) {
        fdb_destroy(fdb);
        errno = ENOMEM;
        return NULL;
    }
    init_control(fdb->control, params);
    return fdb;
}

void fdb_destroy(struct fdb *fdb)
{
    if (fdb == NULL)
        return;
    if (fdb->control != NULL) {
        free(fdb->control->slot);
        free(fdb->control->holder);
        free(fdb->control->port);
        free(fdb->control->tenant);
        free(fdb->control->domain_count);
        free(fdb->control);
    }
    free(fdb->bucket);
    free((void *)fdb->seen_s);
    free((void *)fdb->port_generation);
    free(fdb);
}

bool fdb_lookup_slow(const struct fdb *fdb, uint64_t key, struct fdb_value *ret_value,
                     uint32_t *ret_slot)
{
    uint64_t hash = fdb_hash(fdb, key);
    uint32_t at[2] = {fdb_bucket_first(fdb, hash), fdb_bucket_second(fdb, hash)};
    uint64_t word;

    for (int tries = 0; tries < LOOKUP_TRIES; tries++) {
        uint32_t in = 0, i = fdb_bucket_scan(&fdb->bucket[at[0]], key);

        if (i == FDB_BUCKET_SLOTS) {
            in = 1;
            i = fdb_bucket_scan(&fdb->bucket[at[1]], key);
        }
        if (i == FDB_BUCKET_SLOTS)
            return false;
        if (fdb_slot_read(&fdb->bucket[at[in]], i, key, &word)) {
            *ret_value = fdb_word_value(word);
            *ret_slot = at[in] * FDB_BUCKET_SLOTS + i;
            return true;
        }
    }
    return false;
}

static void read_entry(const struct fdb *fdb, uint32_t slot, struct fdb_entry *ret_entry)
{
    uint64_t key = fdb_slot_key(fdb, slot);

    *ret_entry = (struct fdb_entry){
        .domain = (uint16_t)(key >> FDB_DOMAIN_SHIFT),
        .mac = key & ((1ull << FDB_DOMAIN_SHIFT) - 1),
        .value = fdb_word_value(fdb_slot_word(fdb, slot)),
        .tenant = fdb_slot_holder(fdb, slot)->tenant,
        .sequence = fdb->control->slot[slot].sequence,
        .seen_s = fdb_slot_seen_s(fdb, slot),
    };
}

int fdb_get(const struct fdb *fdb, uint16_t domain, uint64_t mac, struct fdb_entry *ret_entry)
{
    struct fdb_value value;
    uint32_t slot;

    if (domain == 0 || !fdb_lookup(fdb, domain, mac, &value, &slot))
        return -ENOENT;
    read_entry(fdb, slot, ret_entry);
    return 0;
}

bool fdb_next(const struct fdb *fdb, uint32_t *cursor, struct fdb_entry *ret_entry)
{
    for (uint32_t slot = *cursor; slot < fdb_slots(fdb); slot++) {
        if (fdb_slot_key(fdb, slot) == 0)
            continue;
        read_entry(fdb, slot, ret_entry);
        *cursor = slot + 1;
        return true;
    }
    *cursor = fdb_slots(fdb);
    return false;
}

uint32_t fdb_count(const struct fdb *fdb)
{
    return fdb->control->count;
}

uint32_t fdb_port_count(const struct fdb *fdb, uint16_t port)
{
    return fdb->control->port[port].count;
}

uint32_t fdb_tenant_count(const struct fdb *fdb, uint16_t tenant)
{
    return fdb->control->tenant[tenant].count;
}

uint32_t fdb_domain_count(const struct fdb *fdb, uint16_t domain)
{
    return fdb->control->domain_count[domain];
}
