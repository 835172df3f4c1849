/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A switch in a test: the real packet path, fake ports, a stepped clock, no threads. Tenants,
 * networks and ports are described one by one; lab_publish() puts them in force.
 *
 * Every lab_run() ends with the balance of counters of every port, so every test asserts it.
 */
#ifndef TESTS_SUPPORT_LAB_H
#define TESTS_SUPPORT_LAB_H

#include "datapath/dp.h"
#include "tests/support/fake_port.h"
#include "tests/support/packet_frame.h"

#define LAB_PORTS    32
#define LAB_DOMAINS  32
#define LAB_TENANTS  8
#define LAB_NETWORKS 16 /* of one trunk */
#define LAB_PAIRS    8  /* of one uplink */

struct lab_network {
    uint16_t domain, vlan;
};

struct lab {
    struct datapath *dp;
    uint64_t now_ns;
    struct fake_port *port[LAB_PORTS];
    struct dp_port_spec port_spec[LAB_PORTS];
    struct dp_domain_spec domain_spec[LAB_DOMAINS]; /* by domain; 0 unused */
    uint16_t vlan[LAB_DOMAINS];
    struct dp_tenant_spec tenant_spec[LAB_TENANTS];
    struct dp_member_spec members[LAB_DOMAINS][LAB_PORTS];
    uint16_t vids[LAB_PORTS][VLAN_VID_COUNT];
    uint16_t service_vids[LAB_PORTS][VLAN_VID_COUNT];
    struct vlan_pair pairs[LAB_PORTS][LAB_PAIRS];
    uint32_t fdb_ageing_s;
    uint32_t notices[8]; /* by enum dp_notice_kind */
    uint64_t suppressed; /* as the notices say */
};

void lab_init(struct lab *lab, uint16_t workers);
void lab_fini(struct lab *lab);

/* Networks come before the ports that use them. */
void lab_network(struct lab *lab, uint16_t domain, uint16_t tenant, uint16_t vlan);
void lab_access(struct lab *lab, uint16_t port, uint16_t domain, uint16_t queue_pairs);
void lab_trunk(struct lab *lab, uint16_t port, const uint16_t *domains, uint16_t count,
               uint16_t native);
void lab_qinq(struct lab *lab, uint16_t port, uint16_t domain);
/* An uplink that carries nothing yet, and a network of it; pairs in ascending order. */
void lab_uplink(struct lab *lab, uint16_t port);
void lab_map(struct lab *lab, uint16_t port, uint16_t domain, struct vlan_out tag);
void lab_publish(struct lab *lab);

/* Run the workers and control until nothing moves; check the balance of all ports. */
void lab_run(struct lab *lab);
/* Let time pass, in steps of @step_ns, running at each. */
void lab_pass(struct lab *lab, uint64_t ns, uint64_t step_ns);

struct dp_counters lab_counters(const struct lab *lab, uint16_t port);
uint64_t lab_drops(const struct lab *lab, uint16_t port, enum drop_reason reason);

/* Addresses of hosts: 02:00:00:00:00:<host>. Host 0xff is broadcast, 0xfe multicast. */
uint32_t lab_frame(uint8_t *buf, uint8_t dst_host, uint8_t src_host, uint32_t len);
/* Put a tag in front of the type; returns the new length. */
uint32_t lab_tag(uint8_t *buf, uint32_t len, uint16_t tpid, uint16_t tci);
/* The same for {outer TPID, TCI, inner TPID, TCI}; a TPID of 0 is no tag. */
uint32_t lab_tags(uint8_t *buf, uint32_t len, const uint16_t tags[4]);

/* Send an untagged frame of 64 bytes and run. */
void lab_send(struct lab *lab, uint16_t port, uint8_t dst_host, uint8_t src_host);
/* The same with a broadcast of 100 bytes whose checksum, at 34 + 16, is left to whoever sends it.
 */
void lab_send_csum(struct lab *lab, uint16_t port, uint8_t src_host);
/* The same with a packet that was built; nobody has its address, so it goes to all. */
void lab_send_packet(struct lab *lab, uint16_t port, struct packet *p, uint16_t gso_size,
                     uint8_t gso_type);

#endif
