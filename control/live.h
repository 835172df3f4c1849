/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What there is, beside what is wanted: the dense numbers of tenants, networks and ports, and the
 * ports in service. A number that was freed is given out again only after live_release().
 */
#ifndef CONTROL_LIVE_H
#define CONTROL_LIVE_H

#include "control/model.h"
#include "datapath/datapath.h"

/* Rates of the last second. */
struct live_rates {
    uint64_t in_bytes, in_pkts, out_bytes, out_pkts; /* counters at the last sample, as on a wire */
    uint64_t in_bps, in_pps, out_bps, out_pps;
};

struct live_port {
    char name[API_NAME_SIZE];
    uint16_t number;
    bool dying;                   /* removed; keeps its number until no worker knows it */
    struct port *port;            /* in service; NULL: being made, or see `error` */
    struct model_options options; /* those of `port` */
    struct port_guard guard;      /* that of `port` */
    struct vsw_err error;         /* why there is no `port`; code 0 = it is being made */
    uint64_t retry_at_ns;         /* when to try again; 0 = not */
    uint32_t retries;
    uint64_t error_count, connection_count;
    struct live_rates rates;
};

/* A tenant or a network. */
struct live_name {
    char tenant[API_NAME_SIZE];
    char name[API_NAME_SIZE]; /* "" for a tenant */
    uint16_t number;
    bool dying;
};

struct live {
    uint32_t max_ports, max_tenants, max_domains;
    struct live_port **ports;   /* by number; NULL = free */
    struct port **attached;     /* by number: what the packet path knows, also while it ends */
    struct live_name **tenants; /* by number */
    struct live_name **domains; /* by number; 0 is no domain */
    struct namemap port_index, tenant_index, domain_index;
};

/**
 * live_init() - make an empty one
 * @live: overwritten
 * @max_ports: numbers 0..max_ports-1
 * @max_tenants: numbers 0..max_tenants-1
 * @max_domains: numbers 1..max_domains
 *
 * Return: 0 or -ENOMEM.
 * Context: control; does not block.
 * Source: none
 */
int live_init(struct live *live, uint32_t max_ports, uint32_t max_tenants, uint32_t max_domains);
void live_free(struct live *live);

/* Does the packet path know this port? */
static inline bool live_is_attached(const struct live *live, const struct port *port)
{
    return port->index < live->max_ports && live->attached[port->index] == port;
}

/* By name; NULL when there is none or it is dying. */
struct live_port *live_port(const struct live *live, const char *name);
struct live_name *live_tenant(const struct live *live, const char *name);
struct live_name *live_domain(const struct live *live, const char *tenant, const char *name);

/**
 * live_adopt() - give numbers to the rows of a document that have none
 * @live: the numbers
 * @config: checked
 *
 * Numbers given for a document that does not come into force go back by live_forget() of the old.
 * Return: 0; -ENOSPC while too many numbers wait to be released; -ENOMEM.
 * Context: control; does not block.
 * Source: none
 */
int live_adopt(struct live *live, const struct api_config *config);

/* Numbers that are on their way to being free. */
struct live_dead {
    struct live_port **ports;
    struct live_name **tenants;
    struct live_name **domains;
    uint32_t port_count, tenant_count, domain_count;
};

/**
 * live_forget() - take the names away from everything that is not in a document
 * @live: the numbers
 * @config: what stays
 * @ret_dead: what goes; the caller stops its ports and flushes, then calls live_release()
 *
 * Return: 0 or -ENOMEM, then nothing is forgotten.
 * Context: control; does not block.
 * Source: none
 */
int live_forget(struct live *live, const struct api_config *config, struct live_dead *ret_dead);

/* The numbers are free; their ports have been destroyed. Frees what @dead holds. */
void live_release(struct live *live, struct live_dead *dead);

#endif
