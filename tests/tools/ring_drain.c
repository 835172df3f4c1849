/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a frame costs the switch from ring to ring, with no generator in the loop: a driver on
 * another CPU fills a guest's ring and stops; then a worker's rounds empty it into another guest's,
 * through classification, look-up, limits and delivery, between two readings of the TSC. So all
 * that the guest wrote has to come from the other CPU's cache, as it does in life.
 *
 *     ring_drain [KEY=VALUE]...
 *
 *     bytes=64    of a frame          vlan=0     1: a tag in front of each frame, both ways
 *     num=1024    entries of a ring   limits=0   1: port, tenant and network limits, not reached
 *     macs=2      addresses in use    event=0    1: VIRTIO_F_EVENT_IDX
 *     rounds=500  measured            indirect=0 1: header and frame apart, in an indirect table
 *     cpu=0       the worker's        peer=1     the driver's
 *
 * Prints one line of JSON: cycles per frame as median, 10th and 90th percentile of the rounds.
 * Buffers lie as those of a DPDK guest: 2 KiB and their own heads, frames on a line of their own.
 */
#include "tests/support/cmocka.h"
#include "tests/support/driver_ring.h"
#include "tests/support/words.h"

#include "base/clock.h"
#include "base/mac.h"
#include "datapath/dp.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <x86intrin.h>

enum { WARM_UP = 50, STRIDE = 2368, ROOM = 256, HDR = VNET_HDR_MRG_BYTES };
enum { RINGS = 2, DOMAIN = 1, VLAN = 10, TENANT = 0 };
#define TABLE_GPA 0x40000ull
#define DATA_GPA  0x100000ull

static struct {
    unsigned bytes, num, macs, rounds, vlan, limits, event, indirect, cpu, peer;
} arg = {.bytes = 64, .num = 1024, .macs = 2, .rounds = 500, .cpu = 0, .peer = 1};

/* A port whose transmit and receive rings are set up already. */
struct drain_port {
    struct port port;
    struct guest guest;
    struct driver_ring driver[RINGS]; /* what the guest receives, what it sends */
    struct vring ring[RINGS];
};

static struct drain_port side[2];
static _Atomic unsigned filled, drained; /* rounds */
static _Atomic uint64_t wrong;

/* ---- the port type ----------------------------------------------------------------------- */

static struct drain_port *of(struct port *port)
{
    return container_of(port, struct drain_port, port);
}

static void drain_rx(struct port_rxq *q, struct burst *b)
{
    vring_rx(&of(q->port)->ring[1], b);
}

static void drain_rx_done(struct port_rxq *q, struct burst *b)
{
    vring_rx_done(&of(q->port)->ring[1]);
}

static bool drain_rx_arm(struct port_rxq *q)
{
    return vring_arm(&of(q->port)->ring[1]);
}

static void drain_rx_disarm(struct port_rxq *q)
{
    vring_disarm(&of(q->port)->ring[1]);
}

static void drain_tx(struct port_txq *q, struct tx_item *items, uint16_t count)
{
    vring_tx(&of(q->port)->ring[0], items, count);
}

static bool drain_tx_room(struct port_txq *q)
{
    return vring_has_room(&of(q->port)->ring[0]);
}

static const struct port_type drain_type = {
    .name = "drain",
    .rx = drain_rx,
    .rx_done = drain_rx_done,
    .rx_arm = drain_rx_arm,
    .rx_disarm = drain_rx_disarm,
    .tx = drain_tx,
    .tx_room = drain_tx_room,
};

static void port_set_up(struct drain_port *p, const char *name)
{
    struct port_config config = {.up = true, .mtu = 9000};

    strcpy(config.name, name);
    assert_int_equal(port_init(&p->port, &drain_type, NULL, &config, 1), 0);
    guest_init(&p->guest, DATA_GPA + (uint64_t)RINGS * arg.num * STRIDE, NULL);
    for (int i = 0; i < RINGS; i++) {
        struct vring_config vc;

        driver_init(&p->driver[i], &p->guest, (uint64_t)i * DRIVER_RING_BYTES, (uint16_t)arg.num,
                    0);
        driver_set_avail_flags(&p->driver[i], 1); /* a driver that polls */
        vc = driver_config(&p->driver[i]);
        vc.mergeable = true;
        vc.event_idx = arg.event;
        vc.call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        assert_int_equal(vring_init(&p->ring[i], &vc, p->guest.map, NULL), 0);
    }
    atomic_store(&p->port.rxq[0].event_fd, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    atomic_store(&p->port.rxq[0].live, true);
    atomic_store(&p->port.tx_queues, 1);
}

/* ---- the guests -------------------------------------------------------------------------- */

static uint64_t buffer_gpa(unsigned ring, unsigned slot)
{
    return DATA_GPA + ((uint64_t)ring * arg.num + slot) * STRIDE + ROOM - HDR;
}

/* Addresses are handed out in turn, the first half to the sender. */
static uint64_t address(unsigned i, unsigned owner)
{
    return 0x020000000000ull + owner * (arg.macs / 2) + i % (arg.macs / 2);
}

static void write_frame(uint8_t *frame, unsigned i)
{
    struct mac dst = mac_from_u64(address(i, 1)), src = mac_from_u64(address(i, 0));
    unsigned at = 12;

    memcpy(frame, &dst, 6);
    memcpy(frame + 6, &src, 6);
    if (arg.vlan) {
        store_be16(frame + 12, VLAN_TPID_DOT1Q);
        store_be16(frame + 14, VLAN);
        at = 16;
    }
    store_be16(frame + at, 0x0800);
    memset(frame + at + 2, (int)i, arg.bytes - at - 2);
}

static void send_all(struct drain_port *p, unsigned round)
{
    struct driver_ring *d = &p->driver[1];
    uint32_t id, len;

    while (driver_used(d, &id, &len))
        ;
    for (unsigned i = 0; i < arg.num; i++) {
        uint64_t gpa = buffer_gpa(1, i);
        struct driver_buf buf[2] = {{gpa, HDR + arg.bytes}};

        write_frame((uint8_t *)guest_ptr(&p->guest, gpa) + HDR, round * arg.num + i);
        if (!arg.indirect) {
            driver_post(d, buf, 1, false);
            continue;
        }
        buf[0].len = HDR;
        buf[1] = (struct driver_buf){gpa + HDR, arg.bytes};
        driver_post_indirect(d, TABLE_GPA + 32ull * i, buf, 2, false);
    }
}

/* Look at what was received, as a guest would, and give the buffers back. */
static void receive_all(struct drain_port *p, unsigned round)
{
    struct driver_ring *d = &p->driver[0];
    uint32_t id, len, count = 0;

    for (; driver_used(d, &id, &len); count++) {
        const uint8_t *buf = guest_ptr(&p->guest, buffer_gpa(0, id));
        uint64_t dst = (uint64_t)load_be16(buf + HDR) << 32 | load_be32(buf + HDR + 2);

        if (len != HDR + arg.bytes || dst != address((round - 1) * arg.num + count, 1))
            atomic_fetch_add(&wrong, 1);
    }
    if (round > 0 && count != arg.num)
        atomic_fetch_add(&wrong, 1);
    for (unsigned i = 0; i < arg.num; i++) {
        struct driver_buf buf = {buffer_gpa(0, i), STRIDE - ROOM};

        driver_post(d, &buf, 1, true);
    }
}

static void pin(unsigned cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static void *guests(void *unused)
{
    pin(arg.peer);
    for (unsigned round = 0; round < arg.rounds + WARM_UP; round++) {
        while (atomic_load(&drained) != round)
            __builtin_ia32_pause();
        receive_all(&side[1], round);
        send_all(&side[0], round);
        atomic_store(&filled, round + 1);
    }
    return NULL;
}

/* ---- the switch -------------------------------------------------------------------------- */

static struct datapath *switch_create(void)
{
    static uint16_t domain_of_vid[VLAN_VID_COUNT];
    const struct dp_limit_spec high = {.bps = 1000000000000ull, .pps = 1000000000ull};
    const struct dp_limit_spec limit = arg.limits ? high : (struct dp_limit_spec){0};
    const struct dp_params params = {.workers = 1,
                                     .max_ports = 64,
                                     .max_domains = 8,
                                     .max_tenants = 8,
                                     .fdb_max = 131072,
                                     .spin_us = 50};
    struct dp_member_spec members[2] = {{.port = 0}, {.port = 1}};
    struct dp_domain_spec domain = {
        .domain = DOMAIN, .tenant = TENANT, .limit = limit, .members = members, .member_count = 2};
    struct dp_tenant_spec tenant = {.tenant = TENANT, .in = limit, .out = limit};
    struct dp_port_spec ports[2];
    struct dp_spec spec = {.tenants = &tenant,
                           .domains = &domain,
                           .ports = ports,
                           .tenant_count = 1,
                           .domain_count = 1,
                           .port_count = 2,
                           .fdb_ageing_s = 300};
    struct datapath *dp;

    domain_of_vid[VLAN] = DOMAIN;
    assert_int_equal(dp_create(&params, &dp, NULL), 0);
    for (uint16_t i = 0; i < 2; i++) {
        ports[i] = (struct dp_port_spec){
            .port = i, .tenant = TENANT, .up = true, .in = limit, .out = limit, .max_fdb = 131072};
        ports[i].vlan.mode = arg.vlan ? VLAN_MODE_TRUNK : VLAN_MODE_ACCESS;
        if (arg.vlan)
            ports[i].vlan.domain_of_vid[VLAN_KIND_DOT1Q] = domain_of_vid;
        else
            ports[i].vlan.native = DOMAIN;
        if (arg.vlan)
            members[i].out = (struct vlan_out){.tpid = VLAN_TPID_DOT1Q, .vid = VLAN};
        port_set_up(&side[i], i == 0 ? "from" : "to");
        assert_int_equal(dp_port_attach(dp, &side[i].port, i), 0);
    }
    assert_int_equal(dp_publish(dp, &spec), 0);
    for (unsigned owner = 0; owner < 2; owner++) {
        for (unsigned i = 0; i < arg.macs / 2; i++) {
            struct mac mac = mac_from_u64(address(i, owner));

            assert_int_equal(dp_fdb_add(dp, DOMAIN, &mac, (uint16_t)owner), 0);
        }
    }
    return dp;
}

/* Empty the ring as a worker's loop does; cycles that it took. */
static uint64_t drain(struct datapath *dp)
{
    uint64_t start = __rdtsc(), wake_ns;
    uint32_t received = 0;

    while (received < arg.num)
        received += worker_poll_once(&dp->worker[0], clock_now_ns(), &wake_ns);
    return __rdtsc() - start;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void report(uint64_t *cycles)
{
    qsort(cycles, arg.rounds, sizeof(*cycles), by_size);
    printf("{\"bytes\": %u, \"num\": %u, \"macs\": %u, \"vlan\": %u, \"limits\": %u, "
           "\"event\": %u, \"indirect\": %u, \"rounds\": %u, \"cycles_per_frame\": %.1f, "
           "\"p10\": %.1f, \"p90\": %.1f}\n",
           arg.bytes, arg.num, arg.macs, arg.vlan, arg.limits, arg.event, arg.indirect, arg.rounds,
           (double)cycles[arg.rounds / 2] / arg.num, (double)cycles[arg.rounds / 10] / arg.num,
           (double)cycles[arg.rounds * 9 / 10] / arg.num);
}

static void measure(struct datapath *dp)
{
    uint64_t *cycles = calloc(arg.rounds, sizeof(*cycles));
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, guests, NULL), 0);
    pin(arg.cpu);
    for (unsigned round = 0; round < arg.rounds + WARM_UP; round++) {
        uint64_t took;

        while (atomic_load(&filled) != round + 1)
            __builtin_ia32_pause();
        took = drain(dp);
        if (round >= WARM_UP)
            cycles[round - WARM_UP] = took;
        dp_service(dp, clock_now_ns());
        atomic_store(&drained, round + 1);
    }
    pthread_join(thread, NULL);
    report(cycles);
    free(cycles);
}

static void parse(char **argv)
{
    static const struct word_key keys[] = {
        {"bytes", &arg.bytes},   {"num", &arg.num},           {"macs", &arg.macs},
        {"rounds", &arg.rounds}, {"vlan", &arg.vlan},         {"limits", &arg.limits},
        {"event", &arg.event},   {"indirect", &arg.indirect}, {"cpu", &arg.cpu},
        {"peer", &arg.peer},
    };

    words_parse(argv, keys, ARRAY_SIZE(keys));
    if (arg.bytes < 64 || arg.bytes > STRIDE - ROOM - HDR || arg.macs < 2 || arg.rounds < 1) {
        fprintf(stderr, "ring_drain: a number is out of range\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct datapath *dp;

    (void)argc;
    parse(argv);
    dp = switch_create();
    measure(dp);
    if (atomic_load(&wrong) > 0) {
        fprintf(stderr, "ring_drain: %lu frames were lost or wrong\n", atomic_load(&wrong));
        return 1;
    }
    return 0;
}
