/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/fdb_table.h"
#include "tests/support/cmocka.h"

#include <string.h>

struct fdb *table_make(uint32_t entries, uint64_t seed)
{
    struct fdb *fdb =
        fdb_create(&(struct fdb_params){.max_entries = entries,
                                        .max_ports = TABLE_PORTS,
                                        .max_tenants = TABLE_TENANTS,
                                        .key = {seed, ~seed * 0x9e3779b97f4a7c15ull}});

    assert_non_null(fdb);
    return fdb;
}

int table_port_of(const struct fdb *fdb, uint16_t domain, uint64_t mac)
{
    struct fdb_value value;
    uint32_t slot;

    return fdb_lookup(fdb, domain, mac, &value, &slot) ? value.port : -1;
}

void table_check_counts(const struct fdb *fdb)
{
    static uint32_t domains[UINT16_MAX + 1];
    uint32_t ports[TABLE_PORTS] = {0}, tenants[TABLE_TENANTS] = {0}, count = 0, cursor = 0;
    struct fdb_entry e;

    memset(domains, 0, sizeof(domains));
    while (fdb_next(fdb, &cursor, &e)) {
        struct fdb_entry again;

        ports[e.value.port]++;
        tenants[e.tenant]++;
        domains[e.domain]++;
        count++;
        assert_int_equal(fdb_get(fdb, e.domain, e.mac, &again), 0);
        assert_int_equal(again.value.port, e.value.port);
        assert_int_equal(again.value.kind, e.value.kind);
    }
    assert_int_equal(fdb_count(fdb), count);
    for (uint16_t i = 0; i < TABLE_PORTS; i++)
        assert_int_equal(fdb_port_count(fdb, i), ports[i]);
    for (uint16_t i = 0; i < TABLE_TENANTS; i++)
        assert_int_equal(fdb_tenant_count(fdb, i), tenants[i]);
    for (uint32_t i = 0; i <= UINT16_MAX; i++)
        assert_int_equal(fdb_domain_count(fdb, (uint16_t)i), domains[i]);
}
