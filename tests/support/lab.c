/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/lab.h"

#include "base/clock.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void count_notice(void *arg, const struct dp_notice *notice)
{
    struct lab *lab = arg;

    lab->notices[notice->kind]++;
    lab->suppressed += notice->suppressed;
}

void lab_init(struct lab *lab, uint16_t workers)
{
    const struct dp_params params = {
        .workers = workers,
        .max_ports = LAB_PORTS,
        .max_domains = LAB_DOMAINS - 1,
        .max_tenants = LAB_TENANTS,
        .fdb_max = 4096,
        .notice = count_notice,
        .notice_arg = lab,
    };

    memset(lab, 0, sizeof(*lab));
    lab->now_ns = 1000 * NS_PER_SEC;
    lab->fdb_ageing_s = 300;
    clock_use_test(&lab->now_ns);
    assert_int_equal(dp_create(&params, &lab->dp, NULL), 0);
    for (uint16_t i = 0; i < LAB_TENANTS; i++)
        lab->tenant_spec[i].tenant = i;
    for (uint16_t i = 0; i < LAB_DOMAINS; i++)
        lab->domain_spec[i].tenant = DP_NONE;
}

void lab_fini(struct lab *lab)
{
    const struct dp_spec nothing = {0};

    lab_run(lab);
    assert_int_equal(dp_publish(lab->dp, &nothing), 0);
    for (uint16_t i = 0; i < LAB_PORTS; i++) {
        if (lab->port[i] != NULL)
            dp_port_detach(lab->dp, &lab->port[i]->port);
    }
    dp_service(lab->dp, lab->now_ns);
    for (uint16_t i = 0; i < LAB_PORTS; i++) {
        if (lab->port[i] != NULL)
            fake_port_destroy(lab->port[i]);
    }
    dp_destroy(lab->dp);
    clock_use_test(NULL);
}

void lab_network(struct lab *lab, uint16_t domain, uint16_t tenant, uint16_t vlan)
{
    lab->vlan[domain] = vlan;
    lab->domain_spec[domain] = (struct dp_domain_spec){
        .domain = domain,
        .tenant = tenant,
        .members = lab->members[domain],
    };
}

static struct dp_port_spec *new_port(struct lab *lab, uint16_t port, uint16_t tenant,
                                     uint16_t queue_pairs)
{
    struct dp_port_spec *spec = &lab->port_spec[port];
    char name[16];

    if (lab->port[port] == NULL) {
        snprintf(name, sizeof(name), "p%u", port);
        lab->port[port] = fake_port_create(name, queue_pairs);
        assert_int_equal(dp_port_attach(lab->dp, &lab->port[port]->port, port), 0);
    }
    *spec = (struct dp_port_spec){.port = port, .tenant = tenant, .up = true, .max_fdb = 4096};
    return spec;
}

static void join(struct lab *lab, uint16_t domain, uint16_t port, uint16_t tpid)
{
    struct dp_domain_spec *d = &lab->domain_spec[domain];

    lab->members[domain][d->member_count++] = (struct dp_member_spec){
        .port = port,
        .out = {.tpid = tpid, .vid = tpid == 0 ? 0 : lab->vlan[domain]},
    };
}

void lab_access(struct lab *lab, uint16_t port, uint16_t domain, uint16_t queue_pairs)
{
    struct dp_port_spec *spec = new_port(lab, port, lab->domain_spec[domain].tenant, queue_pairs);

    spec->vlan.mode = VLAN_MODE_ACCESS;
    spec->vlan.native = domain;
    join(lab, domain, port, 0);
}

void lab_trunk(struct lab *lab, uint16_t port, const uint16_t *domains, uint16_t count,
               uint16_t native)
{
    struct dp_port_spec *spec = new_port(lab, port, lab->domain_spec[domains[0]].tenant, 1);

    spec->vlan.mode = VLAN_MODE_TRUNK;
    spec->vlan.native = native;
    spec->vlan.domain_of_vid[VLAN_KIND_DOT1Q] = lab->vids[port];
    for (uint16_t i = 0; i < count; i++) {
        lab->vids[port][lab->vlan[domains[i]]] = domains[i];
        join(lab, domains[i], port, domains[i] == native ? 0 : VLAN_TPID_DOT1Q);
    }
}

void lab_qinq(struct lab *lab, uint16_t port, uint16_t domain)
{
    struct dp_port_spec *spec = new_port(lab, port, lab->domain_spec[domain].tenant, 1);

    spec->vlan.mode = VLAN_MODE_QINQ;
    spec->vlan.native = domain;
    join(lab, domain, port, 0);
}

void lab_uplink(struct lab *lab, uint16_t port)
{
    struct dp_port_spec *spec = new_port(lab, port, DP_NONE, 1);

    memset(lab->vids[port], 0, sizeof(lab->vids[port]));
    memset(lab->service_vids[port], 0, sizeof(lab->service_vids[port]));
    spec->vlan = (struct vlan_map){
        .mode = VLAN_MODE_TRUNK,
        .uplink = true,
        .domain_of_vid = {lab->vids[port], lab->service_vids[port]},
        .pairs = lab->pairs[port],
    };
}

void lab_map(struct lab *lab, uint16_t port, uint16_t domain, struct vlan_out tag)
{
    struct dp_domain_spec *d = &lab->domain_spec[domain];
    struct vlan_map *map = &lab->port_spec[port].vlan;

    if (tag.tpid == 0)
        map->native = domain;
    else if (tag.tpid == VLAN_TPID_DOT1Q)
        lab->vids[port][tag.vid] = domain;
    else
        lab->service_vids[port][tag.vid] = tag.inner == 0 ? domain : VLAN_DOMAIN_PAIR;
    if (tag.inner != 0)
        lab->pairs[port][map->pair_count++] =
            (struct vlan_pair){(uint32_t)tag.vid * VLAN_VID_COUNT + tag.inner, domain};
    lab->members[domain][d->member_count++] = (struct dp_member_spec){port, tag};
}

void lab_publish(struct lab *lab)
{
    struct dp_port_spec ports[LAB_PORTS];
    struct dp_domain_spec domains[LAB_DOMAINS];
    struct dp_spec spec = {
        .tenants = lab->tenant_spec,
        .tenant_count = LAB_TENANTS,
        .domains = domains,
        .ports = ports,
        .fdb_ageing_s = lab->fdb_ageing_s,
    };

    for (uint16_t i = 0; i < LAB_PORTS; i++) {
        if (lab->port[i] != NULL)
            ports[spec.port_count++] = lab->port_spec[i];
    }
    for (uint16_t i = 0; i < LAB_DOMAINS; i++) {
        if (lab->domain_spec[i].tenant != DP_NONE)
            domains[spec.domain_count++] = lab->domain_spec[i];
    }
    assert_int_equal(dp_publish(lab->dp, &spec), 0);
    lab_run(lab);
}

static void check_balance(const struct lab *lab)
{
    for (uint16_t i = 0; i < LAB_PORTS; i++) {
        struct dp_counters c = lab_counters(lab, i);

        if (!dp_counters_balanced(&c))
            fail_msg("port %u does not balance: rx %lu unicast %lu flooded %lu copies %lu tx %lu",
                     i, c.rx_pkts, c.unicast, c.flooded, c.copies, c.tx_pkts);
    }
}

void lab_run(struct lab *lab)
{
    uint32_t received;

    do {
        received = 0;
        for (uint16_t i = 0; i < lab->dp->params.workers; i++) {
            uint64_t wake_ns;

            lab->dp->worker[i].next_epoll_ns = 0;
            received += worker_poll_once(&lab->dp->worker[i], lab->now_ns, &wake_ns);
        }
        dp_service(lab->dp, lab->now_ns);
    } while (received > 0);
    check_balance(lab);
}

void lab_pass(struct lab *lab, uint64_t ns, uint64_t step_ns)
{
    for (uint64_t end_ns = lab->now_ns + ns; lab->now_ns < end_ns; lab->now_ns += step_ns)
        lab_run(lab);
    lab_run(lab);
}

struct dp_counters lab_counters(const struct lab *lab, uint16_t port)
{
    struct dp_counters c;

    dp_port_counters(lab->dp, port, &c);
    return c;
}

uint64_t lab_drops(const struct lab *lab, uint16_t port, enum drop_reason reason)
{
    return lab_counters(lab, port).drops[reason];
}

static void put_address(uint8_t *p, uint8_t host)
{
    static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t multicast[6] = {0x01, 0x00, 0x5e, 0x01, 0x02, 0x03};

    memset(p, 0, 6);
    p[0] = 2;
    p[5] = host;
    if (host == 0xff)
        memcpy(p, broadcast, 6);
    if (host == 0xfe)
        memcpy(p, multicast, 6);
}

uint32_t lab_frame(uint8_t *buf, uint8_t dst_host, uint8_t src_host, uint32_t len)
{
    put_address(buf, dst_host);
    put_address(buf + 6, src_host);
    store_be16(buf + 12, 0x88b5); /* IEEE 802 local experimental */
    for (uint32_t i = 14; i < len; i++)
        buf[i] = (uint8_t)(i * 7 + src_host);
    return len;
}

uint32_t lab_tag(uint8_t *buf, uint32_t len, uint16_t tpid, uint16_t tci)
{
    memmove(buf + 16, buf + 12, len - 12);
    store_be16(buf + 12, tpid);
    store_be16(buf + 14, tci);
    return len + 4;
}

uint32_t lab_tags(uint8_t *buf, uint32_t len, const uint16_t tags[4])
{
    if (tags[2] != 0)
        len = lab_tag(buf, len, tags[2], tags[3]);
    if (tags[0] != 0)
        len = lab_tag(buf, len, tags[0], tags[1]);
    return len;
}

void lab_send(struct lab *lab, uint16_t port, uint8_t dst_host, uint8_t src_host)
{
    uint8_t buf[64];

    lab_frame(buf, dst_host, src_host, sizeof(buf));
    fake_port_send(lab->port[port], 0, buf, sizeof(buf), NULL);
    lab_run(lab);
}

void lab_send_csum(struct lab *lab, uint16_t port, uint8_t src_host)
{
    const struct offload csum = {.flags = OFFLOAD_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16};
    uint8_t buf[100];

    lab_frame(buf, 0xff, src_host, sizeof(buf));
    fake_port_send(lab->port[port], 0, buf, sizeof(buf), &csum);
    lab_run(lab);
}

void lab_send_packet(struct lab *lab, uint16_t port, struct packet *p, uint16_t gso_size,
                     uint8_t gso_type)
{
    struct offload offload = packet_request(p, gso_size, gso_type);

    p->bytes[0] = p->bytes[6] = 0x02;
    fake_port_send(lab->port[port], 0, p->bytes, p->len, &offload);
    lab_run(lab);
}
