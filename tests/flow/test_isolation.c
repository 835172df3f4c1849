/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Nothing crosses from one network to another: a great many random frames over a random
 * configuration of overlapping VLANs and addresses. Each frame carries the domain it was sent in,
 * in its payload, and every frame that comes out is checked against the domains of the port it came
 * out of.
 */
#include "tests/support/cmocka.h"
#include "tests/support/lab.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES  300000
#define ROUNDS  3
#define PORTS   24
#define DOMAINS 12
#define TENANTS 4

static struct lab lab;
static uint32_t seed;

/* A small generator of our own: the same on every machine. Source: Marsaglia, "Xorshift RNGs", 2003
 */
static uint32_t draw(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

static bool is_member(uint16_t domain, uint16_t port)
{
    for (uint16_t i = 0; i < lab.domain_spec[domain].member_count; i++) {
        if (lab.members[domain][i].port == port)
            return true;
    }
    return false;
}

/* Tenants share VLAN numbers on purpose; within a tenant they differ. */
static void build_networks(void)
{
    for (uint16_t d = 1; d <= DOMAINS; d++)
        lab_network(&lab, d, (uint16_t)(d % TENANTS), (uint16_t)(10 + d / TENANTS));
}

static void build_port(uint16_t port)
{
    uint16_t tenant = (uint16_t)draw(TENANTS), first = tenant == 0 ? TENANTS : tenant;
    uint16_t domains[DOMAINS], count = 0;

    for (uint16_t d = first; d <= DOMAINS; d += TENANTS)
        domains[count++] = d;
    switch (draw(3)) {
    case 0: lab_access(&lab, port, domains[draw(count)], 1); break;
    case 1: lab_qinq(&lab, port, domains[draw(count)]); break;
    default:
        lab_trunk(&lab, port, domains, count, draw(2) ? domains[draw(count)] : VLAN_DOMAIN_NONE);
        break;
    }
    lab.port_spec[port].isolated = draw(4) == 0;
}

static uint16_t random_tci(void)
{
    static const uint16_t special[] = {0, 1, 4094, 4095, 0xe000, 0x1fff};

    return draw(3) == 0 ? special[draw(ARRAY_SIZE(special))] : (uint16_t)(10 + draw(5));
}

/* Which domain may this frame be in? That of the rules, written down a second time and simply. */
static uint16_t expected_domain(uint16_t port, const uint8_t *frame)
{
    const struct vlan_map *map = &lab.port_spec[port].vlan;
    uint16_t type = load_be16(frame + 12), vid = load_be16(frame + 14) & 0xfff;

    if (map->mode == VLAN_MODE_QINQ)
        return map->native;
    if (map->mode == VLAN_MODE_ACCESS)
        return (type == 0x8100 || type == 0x88a8) && vid != 0 ? 0 : map->native;
    if (type != 0x8100 || vid == 0)
        return map->native;
    return vid == 4095 ? 0 : map->domain_of_vid[VLAN_KIND_DOT1Q][vid];
}

static void send_random(uint16_t port)
{
    static const uint16_t tpids[] = {0x8100, 0x8100, 0x88a8, 0x9100};
    uint8_t buf[2048];
    uint8_t dst = draw(4) == 0 ? (uint8_t)(0xfe + draw(2)) : (uint8_t)(1 + draw(20));
    uint32_t len = lab_frame(buf, dst, (uint8_t)(1 + draw(20)), 64 + draw(1400));
    uint32_t tags = draw(4);

    memset(buf + 14, 0, 50);
    for (uint32_t i = 0; i < tags; i++)
        len = lab_tag(buf, len, tpids[draw(ARRAY_SIZE(tpids))], random_tci());
    store_be16(buf + len - 2, expected_domain(port, buf));
    fake_port_send(lab.port[port], 0, buf, len, NULL);
}

static void check_received(uint16_t port, uint64_t *frames)
{
    const struct fake_frame *got;

    while ((got = fake_port_take(lab.port[port])) != NULL) {
        uint16_t domain = load_be16(got->bytes + got->len - 2);

        if (domain == 0 || domain > DOMAINS || !is_member(domain, port))
            fail_msg("port %u received a frame of domain %u (round seed %u)", port, domain, seed);
        (*frames)++;
    }
}

static void nothing_crosses(void **state)
{
    uint64_t received = 0;

    for (int round = 0; round < ROUNDS; round++) {
        seed = 2463534242u + (uint32_t)round;
        lab_init(&lab, 1);
        build_networks();
        for (uint16_t p = 0; p < PORTS; p++)
            build_port(p);
        lab_publish(&lab);
        for (uint32_t i = 0; i < FRAMES / ROUNDS; i += 64) {
            for (int j = 0; j < 64; j++)
                send_random((uint16_t)draw(PORTS));
            lab.now_ns += draw(3) * NS_PER_MS;
            lab_run(&lab);
            for (uint16_t p = 0; p < PORTS; p++)
                check_received(p, &received);
        }
        lab_fini(&lab);
    }
    /* The test is about something: a good part went somewhere. */
    assert_true(received > FRAMES / 4);
    print_message("%u frames sent, %lu received, none in a foreign network\n", FRAMES,
                  (unsigned long)received);
}

/* A destination that is said to be on a port which has since left the network is not used. */
static void stale_entry_leads_nowhere(void **state)
{
    const struct mac mac = {{2, 0, 0, 0, 0, 1}};

    lab_init(&lab, 1);
    lab_network(&lab, 1, 0, 10);
    lab_network(&lab, 2, 1, 10);
    for (uint16_t p = 0; p < 3; p++)
        lab_access(&lab, p, 1, 1);
    lab_publish(&lab);
    assert_int_equal(dp_fdb_add(lab.dp, 1, &mac, 1), 0);
    /* Port 1 changes hands, and nobody removed the entry. */
    lab_network(&lab, 1, 0, 10);
    lab_access(&lab, 0, 1, 1);
    lab_access(&lab, 2, 1, 1);
    lab_access(&lab, 1, 2, 1);
    lab_publish(&lab);
    lab_send(&lab, 0, 1, 100);
    assert_int_equal(fake_port_received(lab.port[1]), 0);
    assert_int_equal(lab_drops(&lab, 1, DROP_not_member), 1);
    lab_fini(&lab);
}

/* What was learned on it is forgotten: who moves on to another port must not be cut off until his
 * old entry has aged, and with ageing 0 it never would. */
static void a_port_that_leaves_a_network_takes_its_addresses_along(void **state)
{
    lab_init(&lab, 1);
    lab.fdb_ageing_s = 0;
    lab_network(&lab, 1, 0, 10);
    lab_network(&lab, 2, 0, 20);
    for (uint16_t p = 0; p < 3; p++)
        lab_access(&lab, p, 1, 1);
    lab_publish(&lab);
    lab_send(&lab, 1, 0xff, 1);
    lab_send(&lab, 2, 0xff, 2);
    lab_network(&lab, 1, 0, 10);
    lab_access(&lab, 0, 1, 1);
    lab_access(&lab, 2, 1, 1);
    lab_access(&lab, 1, 2, 1);
    lab_publish(&lab);
    assert_int_equal(dp_fdb_count(lab.dp), 1); /* host 2 stays */
    fake_port_clear(lab.port[2]);
    lab_send(&lab, 0, 1, 100); /* host 1 is behind port 2 by now, and silent */
    assert_int_equal(fake_port_received(lab.port[2]), 1);
    lab_fini(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_crosses),
        cmocka_unit_test(stale_entry_leads_nowhere),
        cmocka_unit_test(a_port_that_leaves_a_network_takes_its_addresses_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
