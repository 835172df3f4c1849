/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The programs in the kernel: which queue a frame comes by, and which frames never come. Needs root
 * and a kernel that takes eBPF programs.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/cmocka.h"
#include "tests/support/tap_lab.h"

#define QUEUES 4

static struct tap_lab lab;
static struct port_guard guard;
static struct tap_options options;
static struct port *port;
static int sock;

static struct port_config config_of(bool with_guard)
{
    struct port_config c = {.name = "q0", .up = true, .mtu = 1500, .options = &options};

    c.guard = with_guard ? &guard : NULL;
    return c;
}

static int set_up(void **state)
{
    tap_lab_init(&lab);
    tap_lab_options(&options);
    options.queues = QUEUES;
    memset(&guard, 0, sizeof(guard));
    assert_true(tap_lab_sh("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"));
    port = tap_lab_port(&lab, "q0", &options, 1500);
    sock = tap_lab_packet_socket(NULL, "q0");
    return 0;
}

static int tear_down(void **state)
{
    close(sock);
    tap_lab_remove(&lab, port, true);
    tap_lab_fini(&lab);
    return 0;
}

/* Take everything that is there. Return the queue of the last frame, -1 for none. */
static int take(uint32_t *ret_count)
{
    static struct burst b;
    uint32_t count = 0;
    int queue = -1;

    for (uint16_t i = 0; i < QUEUES; i++) {
        burst_reset(&b, BURST_FRAMES, INT64_MAX / 2, INT64_MAX / 2);
        port->type->rx(&port->rxq[i], &b);
        port->type->rx_done(&port->rxq[i], &b);
        if (b.count > 0)
            queue = i;
        count += b.count;
    }
    if (ret_count != NULL)
        *ret_count = count;
    return queue;
}

/* ---- steering ---------------------------------------------------------------------------- */
struct flow {
    uint8_t mac[2][6];
    uint8_t ip[2][16];
    uint16_t l4[2];
};

static void draw(struct flow *f, unsigned i)
{
    uint32_t x = i * 2654435761u + 12345;

    for (size_t k = 0; k < sizeof(*f); k++) {
        x = x * 1664525 + 1013904223;
        ((uint8_t *)f)[k] = (uint8_t)(x >> 24);
    }
    f->mac[0][0] = f->mac[1][0] = 0x52;
}

static size_t put_eth(uint8_t *p, const struct flow *f, int from, uint16_t type, bool tagged)
{
    memcpy(p, f->mac[!from], 6);
    memcpy(p + 6, f->mac[from], 6);
    if (!tagged) {
        store_be16(p + 12, type);
        return 14;
    }
    store_be16(p + 12, 0x8100);
    store_be16(p + 14, 100);
    store_be16(p + 16, type);
    return 18;
}

static void put_ports(uint8_t *p, const struct flow *f, int from)
{
    store_be16(p, f->l4[from]);
    store_be16(p + 2, f->l4[!from]);
}

static size_t put_ipv4(uint8_t *p, const struct flow *f, int from, uint8_t proto, uint16_t frag)
{
    p[0] = 0x46; /* one word of options */
    p[8] = 64;
    p[9] = proto;
    store_be16(p + 6, frag);
    memcpy(p + 12, f->ip[from], 4);
    memcpy(p + 16, f->ip[!from], 4);
    put_ports(p + 24, f, from);
    return 24 + 20;
}

static size_t put_ipv6(uint8_t *p, const struct flow *f, int from, bool ext)
{
    p[0] = 0x60;
    p[6] = ext ? 0 : 6;
    memcpy(p + 8, f->ip[from], 16);
    memcpy(p + 24, f->ip[!from], 16);
    p[40] = 6;
    put_ports(p + (ext ? 48 : 40), f, from);
    return 48 + 20;
}

enum kind { TCP4, UDP4, TAGGED4, FRAGMENT4, TCP6, EXT6, ETHER, KINDS };

static int queue_of(const struct flow *f, int from, enum kind kind)
{
    uint8_t p[128] = {0};
    bool ipv6 = kind == TCP6 || kind == EXT6;
    size_t n = put_eth(p, f, from,
                       kind == ETHER ? 0x88b5
                       : ipv6        ? 0x86dd
                                     : 0x0800,
                       kind == TAGGED4);
    uint32_t count;
    int queue;

    if (ipv6)
        n += put_ipv6(p + n, f, from, kind == EXT6);
    else if (kind != ETHER)
        n += put_ipv4(p + n, f, from, kind == UDP4 ? 17 : 6, kind == FRAGMENT4 ? 0x2000 : 0);
    else
        n = 60;
    assert_int_equal(send(sock, p, n, 0), n);
    queue = take(&count);
    assert_int_equal(count, 1);
    return queue;
}

static void both_directions_take_one_queue(void **state)
{
    for (enum kind kind = 0; kind < KINDS; kind++) {
        uint32_t used[QUEUES] = {0};

        for (unsigned i = 0; i < 200; i++) {
            struct flow f;
            int there, back;

            draw(&f, i);
            there = queue_of(&f, 0, kind);
            back = queue_of(&f, 1, kind);
            assert_int_equal(there, back);
            used[there]++;
        }
        /* 200 flows on 4 queues: 50 each; less than 25 is four standard deviations away. */
        for (int q = 0; q < QUEUES; q++)
            assert_in_range(used[q], 25, 75);
    }
}

/* Fragments have no ports after the first: all of one datagram must take one queue. */
static void fragments_ignore_ports(void **state)
{
    for (unsigned i = 0; i < 50; i++) {
        struct flow f;
        int queue;

        draw(&f, i);
        queue = queue_of(&f, 0, FRAGMENT4);
        f.l4[0] ^= 0x5a5a;
        f.l4[1] ^= 0x1234;
        assert_int_equal(queue_of(&f, 0, FRAGMENT4), queue);
    }
}

/* ---- filter ------------------------------------------------------------------------------ */
struct wanted {
    const char *name;
    uint64_t value;
};

static void find(void *arg, const char *name, uint64_t value, const char *help)
{
    struct wanted *w = arg;

    if (strcmp(name, w->name) == 0)
        w->value = value;
}

static uint64_t counter(const char *name)
{
    struct wanted w = {name, UINT64_MAX};

    tap_lab_step(&lab, NS_PER_SEC);
    port->type->counters(port, find, &w);
    assert_true(w.value != UINT64_MAX);
    return w.value;
}

static void use_guard(bool with_guard)
{
    struct port_config c = config_of(with_guard);
    struct vsw_err err = {0};

    assert_int_equal(port->type->configure(port, &c, &err), 0);
    tap_lab_pump(&lab);
}

/* Does a frame come through? @tags: up to two of (tpid << 16 | tci), 0 = none. */
static bool passes(const char *dst, const char *src, uint32_t outer, uint32_t inner)
{
    uint8_t p[80] = {0};
    size_t n = 12;
    struct mac m;
    uint32_t count;

    assert_int_equal(mac_parse(dst, &m), 0);
    memcpy(p, m.b, 6);
    assert_int_equal(mac_parse(src, &m), 0);
    memcpy(p + 6, m.b, 6);
    for (int i = 0; i < 2; i++) {
        if ((i == 0 ? outer : inner) == 0)
            continue;
        store_be32(p + n, i == 0 ? outer : inner);
        n += 4;
    }
    store_be16(p + n, 0x88b5);
    assert_int_equal(send(sock, p, 64, 0), 64);
    take(&count);
    return count == 1;
}

#define DST       "52:54:00:00:00:02"
#define SRC       "52:54:00:00:00:01"
#define CTAG(vid) (0x81000000u | (vid))
#define STAG(vid) (0x88a80000u | (vid))

static void without_a_guard_only_bad_sources_are_dropped(void **state)
{
    assert_true(passes(DST, SRC, 0, 0));
    assert_true(passes("ff:ff:ff:ff:ff:ff", SRC, 0, 0));
    assert_true(passes("01:80:c2:00:00:0e", SRC, 0, 0));
    assert_true(passes(DST, SRC, CTAG(5), 0));
    assert_true(passes(DST, SRC, STAG(5), CTAG(4095)));
    assert_false(passes(DST, "53:54:00:00:00:01", 0, 0));
    assert_false(passes(DST, "ff:ff:ff:ff:ff:ff", 0, 0));
    assert_false(passes(DST, "00:00:00:00:00:00", 0, 0));
    assert_int_equal(counter("filter_src_group"), 3);
    assert_int_equal(counter("kernel_drops"), 0);
}

static void reserved_addresses(void **state)
{
    guard.vlan_mode = VLAN_MODE_QINQ;
    guard.reserved_allowed = 1 << 0xe;
    use_guard(true);
    assert_false(passes("01:80:c2:00:00:00", SRC, 0, 0));
    assert_false(passes("01:80:c2:00:00:0f", SRC, 0, 0));
    assert_true(passes("01:80:c2:00:00:0e", SRC, 0, 0));
    assert_true(passes("01:80:c2:00:00:10", SRC, 0, 0));
    assert_true(passes("01:80:c2:00:01:00", SRC, 0, 0));
    assert_int_equal(counter("filter_reserved_addr"), 2);
    guard.reserved_allowed = 0xffff;
    use_guard(true);
    assert_true(passes("01:80:c2:00:00:00", SRC, 0, 0));
    assert_int_equal(counter("filter_reserved_addr"), 2);
}

static void access_ports_send_no_tags(void **state)
{
    guard.vlan_mode = VLAN_MODE_ACCESS;
    guard.untagged = true;
    use_guard(true);
    assert_true(passes(DST, SRC, 0, 0));
    assert_true(passes(DST, SRC, CTAG(0xe000), 0)); /* priority only */
    assert_false(passes(DST, SRC, CTAG(5), 0));
    assert_false(passes(DST, SRC, STAG(5), 0));
    assert_false(passes(DST, SRC, CTAG(4095), 0));
    assert_int_equal(counter("filter_vlan_tagged"), 2);
    assert_int_equal(counter("filter_vlan_reserved"), 1);
    use_guard(false);
    assert_true(passes(DST, SRC, CTAG(5), 0));
}

static void trunks_send_what_is_allowed(void **state)
{
    guard.vlan_mode = VLAN_MODE_TRUNK;
    guard.tpid = VLAN_TPID_DOT1Q;
    guard.vid_allowed[5 / 64] |= 1ull << 5 % 64;
    guard.vid_allowed[4094 / 64] |= 1ull << 4094 % 64;
    use_guard(true);
    assert_true(passes(DST, SRC, CTAG(5), 0));
    assert_true(passes(DST, SRC, CTAG(0x6005), CTAG(77)));
    assert_true(passes(DST, SRC, CTAG(4094), 0));
    assert_false(passes(DST, SRC, CTAG(6), 0));
    assert_false(passes(DST, SRC, CTAG(69), 0)); /* the same bit of another word */
    assert_false(passes(DST, SRC, CTAG(4095), 0));
    assert_false(passes(DST, SRC, CTAG(0), 0));
    assert_false(passes(DST, SRC, 0, 0));
    assert_false(passes(DST, SRC, STAG(5), 0)); /* payload to this trunk */
    assert_int_equal(counter("filter_vlan_not_allowed"), 2);
    assert_int_equal(counter("filter_vlan_reserved"), 1);
    assert_int_equal(counter("filter_vlan_untagged"), 3);
    guard.untagged = true;
    use_guard(true);
    assert_true(passes(DST, SRC, 0, 0));
    assert_true(passes(DST, SRC, STAG(5), 0));
}

static void uplinks_read_both_kinds_of_tag(void **state)
{
    guard.vlan_mode = VLAN_MODE_TRUNK;
    guard.uplink = true;
    guard.tpid = VLAN_TPID_DOT1Q;
    guard.vid_allowed[5 / 64] |= 1ull << 5 % 64;
    guard.svid_allowed[100 / 64] |= 1ull << 100 % 64;
    use_guard(true);
    assert_true(passes(DST, SRC, CTAG(5), 0));
    assert_true(passes(DST, SRC, STAG(100), CTAG(5)));
    assert_true(passes(DST, SRC, STAG(100), 0)); /* for the switch to judge */
    assert_false(passes(DST, SRC, CTAG(100), 0));
    assert_false(passes(DST, SRC, STAG(5), CTAG(5)));
    assert_false(passes(DST, SRC, STAG(4095), CTAG(5)));
    assert_false(passes(DST, SRC, STAG(0), 0));
    assert_false(passes(DST, SRC, 0, 0));
    assert_int_equal(counter("filter_vlan_unmapped"), 2);
    assert_int_equal(counter("filter_vlan_reserved"), 1);
    assert_int_equal(counter("filter_vlan_untagged"), 2);
    guard.untagged = true;
    use_guard(true);
    assert_true(passes(DST, SRC, 0, 0));
}

/* Let every frame that leaves q0 wear a tag that the kernel carries beside the frame, as it does
 * for a VLAN interface on top of it. */
static void tag_beside_the_frame(uint16_t tpid, uint16_t tci)
{
    const struct bpf_insn insns[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = htons(tpid)},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = tci},
        {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_vlan_push},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
        {.code = BPF_JMP | BPF_EXIT},
    };
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex("q0"),
                .attach_point = BPF_TC_EGRESS);
    LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 1, .flags = BPF_TC_F_REPLACE);
    int rc;

    opts.prog_fd =
        bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "tag", "GPL", insns, ARRAY_SIZE(insns), NULL);
    assert_true(opts.prog_fd >= 0);
    rc = bpf_tc_hook_create(&hook);
    assert_true(rc == 0 || rc == -EEXIST);
    assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
    close(opts.prog_fd);
}

static void tags_beside_the_frame_count_too(void **state)
{
    guard.vlan_mode = VLAN_MODE_ACCESS;
    guard.untagged = true;
    use_guard(true);
    tag_beside_the_frame(0x8100, 5);
    assert_false(passes(DST, SRC, 0, 0));
    guard.vlan_mode = VLAN_MODE_TRUNK;
    guard.tpid = VLAN_TPID_DOT1Q;
    guard.untagged = false;
    guard.vid_allowed[0] = 1 << 5;
    use_guard(true);
    assert_true(passes(DST, SRC, 0, 0));
    assert_true(passes(DST, SRC, CTAG(9), 0)); /* inner tag */
    tag_beside_the_frame(0x88a8, 5);
    assert_false(passes(DST, SRC, 0, 0));
    tag_beside_the_frame(0x8100, 6);
    assert_false(passes(DST, SRC, 0, 0));
    assert_int_equal(counter("filter_vlan_tagged"), 1);
    assert_int_equal(counter("filter_vlan_untagged"), 1);
    assert_int_equal(counter("filter_vlan_not_allowed"), 1);
}

/* What the filter counted is not lost with the device. */
static void counters_outlive_the_device(void **state)
{
    assert_false(passes(DST, "53:54:00:00:00:01", 0, 0));
    assert_int_equal(counter("filter_src_group"), 1);
    close(sock);
    assert_true(tap_lab_sh("ip link del q0"));
    tap_lab_step(&lab, NS_PER_SEC);
    tap_lab_step(&lab, NS_PER_SEC);
    sock = tap_lab_packet_socket(NULL, "q0");
    assert_int_equal(counter("filter_src_group"), 1);
    assert_false(passes(DST, "53:54:00:00:00:01", 0, 0));
    assert_int_equal(counter("filter_src_group"), 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(both_directions_take_one_queue),
        T(fragments_ignore_ports),
        T(without_a_guard_only_bad_sources_are_dropped),
        T(reserved_addresses),
        T(access_ports_send_no_tags),
        T(trunks_send_what_is_allowed),
        T(uplinks_read_both_kinds_of_tag),
        T(tags_beside_the_frame_count_too),
        T(counters_outlive_the_device),
    };

    tap_lab_isolate();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
