/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A table of addresses for tests of datapath/fdb*: up to 64 ports and 16 tenants, and whether what
 * it counts is what it holds.
 */
#ifndef TESTS_SUPPORT_FDB_TABLE_H
#define TESTS_SUPPORT_FDB_TABLE_H

#include "datapath/fdb_control.h"

#define TABLE_PORTS   64
#define TABLE_TENANTS 16

/* The domain and the first address of most tests. */
#define DOM  7
#define MAC0 0x020000000000ull

/* A table of @entries; @seed is its hash key. */
struct fdb *table_make(uint32_t entries, uint64_t seed);

/* The port an address is on, -1 when it is not known. */
int table_port_of(const struct fdb *fdb, uint16_t domain, uint64_t mac);

/* Asserts that the counts say what is in the table, and that each entry is found. */
void table_check_counts(const struct fdb *fdb);

#endif
