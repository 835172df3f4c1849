/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The life of a TAP port with real devices in namespaces of the program's own. Needs root.
 */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/cmocka.h"
#include "tests/support/tap_lab.h"

static struct tap_lab lab;

static int set_up(void **state)
{
    tap_lab_init(&lab);
    return 0;
}

static int tear_down(void **state)
{
    tap_lab_fini(&lab);
    return 0;
}

static struct port_info info_of(const struct port *port)
{
    struct port_info info;

    port->type->info(port, &info);
    return info;
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static void assert_has(const char *text, const char *part)
{
    if (!has(text, part))
        fail_msg("'%s' is not in '%s'", part, text);
}

#define link_of(ns, dev) tap_lab_out("ip -n %s -d -o link show dev %s 2>&1", ns, dev)

static void set_text(char *dst, size_t size, const char *text)
{
    snprintf(dst, size, "%s", text);
}
#define SET(member, text) set_text(member, sizeof(member), text)

static void creates_with_all_settings(void **state)
{
    struct tap_options o;
    struct port_info info;
    struct port *port;

    assert_true(tap_lab_sh("ip netns add a"));
    tap_lab_options(&o);
    SET(o.ifname, "lan0");
    SET(o.netns, "a");
    SET(o.address, "10.1.2.3/24,fd00::5/64, 10.9.0.1/32");
    assert_int_equal(mac_parse("52:54:00:11:22:33", &o.mac), 0);
    o.txqueuelen = 777;
    o.queues = 3;
    port = tap_lab_port(&lab, "p1", &o, 9000);
    assert_has(link_of("a", "lan0"), "mtu 9000");
    assert_has(link_of("a", "lan0"), "52:54:00:11:22:33");
    assert_has(link_of("a", "lan0"), "qlen 777");
    assert_has(link_of("a", "lan0"), ",UP,LOWER_UP");
    assert_has(link_of("a", "lan0"), "multi_queue numqueues 3");
    assert_has(link_of("a", "lan0"), "persist on");
    assert_has(tap_lab_out("ip -n a -o -4 addr show dev lan0 | tr '\\n' ' '"), "10.1.2.3/24");
    assert_has(tap_lab_out("ip -n a -o -4 addr show dev lan0 | tr '\\n' ' '"), "10.9.0.1/32");
    assert_has(tap_lab_out("ip -n a -o -6 addr show dev lan0 | tr '\\n' ' '"), "fd00::5/64");
    assert_int_equal(port->queue_pairs, 3);
    assert_int_equal(port->tx_queues, 3);
    info = info_of(port);
    assert_string_equal(info.where, "lan0@a");
    assert_string_equal(info.error, "");
    assert_true(info.connected && info.driver_ready);
    assert_has(info.features, "multiqueue 3");
    assert_has(info.features, "steering program, filter program");
    tap_lab_remove(&lab, port, true);
    assert_has(link_of("a", "lan0"), "does not exist");
    assert_true(tap_lab_sh("ip netns del a"));
}

static void defaults_are_sound(void **state)
{
    struct tap_options o;
    struct port *port;

    tap_lab_options(&o);
    port = tap_lab_port(&lab, "own0", &o, 1500);
    assert_in_range(port->queue_pairs, 1, 4);
    assert_string_equal(info_of(port).where, "own0");
    assert_true(tap_lab_sh("ip link show dev own0 >/dev/null"));
    tap_lab_remove(&lab, port, true);
    assert_false(tap_lab_sh("ip link show dev own0 >/dev/null 2>&1"));
}

static void daemon_restart_keeps_device_and_routes(void **state)
{
    struct tap_options o;
    struct port *port;

    assert_true(tap_lab_sh("ip netns add a"));
    tap_lab_options(&o);
    SET(o.netns, "a");
    SET(o.address, "10.1.0.1/24");
    port = tap_lab_port(&lab, "k0", &o, 1500);
    assert_true(tap_lab_sh("ip -n a route add 172.16.0.0/12 via 10.1.0.2"));
    assert_true(tap_lab_sh("ip -n a addr add 10.7.0.1/24 dev k0"));
    tap_lab_remove(&lab, port, false);
    assert_has(link_of("a", "k0"), "NO-CARRIER");
    port = tap_lab_port(&lab, "k0", &o, 1500);
    assert_has(link_of("a", "k0"), "LOWER_UP");
    assert_has(tap_lab_out("ip -n a route get 172.16.1.1"), "via 10.1.0.2 dev k0");
    assert_has(tap_lab_out("ip -n a -o -4 addr show dev k0 | tr '\\n' ' '"), "10.7.0.1/24");
    assert_has(info_of(port).features, "made by us");
    tap_lab_remove(&lab, port, true);
    assert_has(link_of("a", "k0"), "does not exist");
    assert_true(tap_lab_sh("ip netns del a"));
}

static void foreign_device_is_never_removed(void **state)
{
    struct tap_options o;
    struct port *port;

    assert_true(tap_lab_sh("ip netns add a && ip -n a tuntap add dev f0 mode tap multi_queue"));
    tap_lab_options(&o);
    SET(o.netns, "a");
    port = tap_lab_port(&lab, "f0", &o, 1400);
    assert_has(link_of("a", "f0"), "mtu 1400");
    assert_has(info_of(port).features, "not made by us");
    tap_lab_remove(&lab, port, true);
    assert_has(link_of("a", "f0"), "mtu 1400");
    /* Another port's device is foreign as well. */
    port = tap_lab_port(&lab, "other", &(struct tap_options){.ifname = "mine", .netns = "a"}, 1500);
    tap_lab_remove(&lab, port, false);
    port = tap_lab_port(&lab, "not_other", &(struct tap_options){.ifname = "mine", .netns = "a"},
                        1500);
    tap_lab_remove(&lab, port, true);
    assert_false(has(link_of("a", "mine"), "does not exist"));
    assert_true(tap_lab_sh("ip netns del a"));
}

static void single_queue_device(void **state)
{
    struct tap_options o;
    struct vsw_err err;
    struct port *port;

    assert_true(tap_lab_sh("ip tuntap add dev s0 mode tap"));
    tap_lab_options(&o);
    port = tap_lab_port(&lab, "s0", &o, 1500);
    assert_int_equal(port->queue_pairs, 1);
    assert_has(info_of(port).features, "single queue 1");
    tap_lab_remove(&lab, port, true);
    o.queues = 2;
    assert_int_equal(tap_lab_prepare(&lab, "s0", &o, 1500, &port, &err), -EINVAL);
    assert_has(err.msg, "single queue");
    assert_has(err.hint, "multi_queue");
    assert_true(tap_lab_sh("ip tuntap del dev s0 mode tap"));
}

static void in_use_by_another(void **state)
{
    struct tap_options o;
    struct vsw_err err;
    struct port *port, *second;

    tap_lab_options(&o);
    SET(o.ifname, "u0");
    port = tap_lab_port(&lab, "p1", &o, 1500);
    assert_int_equal(tap_lab_prepare(&lab, "p2", &o, 1500, &second, &err), -EBUSY);
    assert_has(err.msg, "in use by another program");
    assert_has(tap_lab_out("ip -d -o link show dev u0"), "LOWER_UP");
    tap_lab_remove(&lab, port, true);
}

static void finds_namespace_by_pid_and_path(void **state)
{
    struct tap_options o;
    struct port *port;
    char number[32];
    pid_t pid;

    assert_true(tap_lab_sh("ip netns add a"));
    pid = atoi(tap_lab_out("ip netns exec a sleep 1000 >/dev/null 2>&1 & echo $!"));
    assert_true(pid > 0);
    assert_true(tap_lab_sh("for i in $(seq 500); do [ $(stat -Lc %%i /proc/%d/ns/net) = "
                           "$(stat -Lc %%i /run/netns/a) ] && exit 0; done; exit 1",
                           pid));
    for (int i = 0; i < 3; i++) {
        static const char *const forms[] = {"pid:%d", "%d", "/proc/%d/ns/net"};

        snprintf(number, sizeof(number), forms[i], pid);
        tap_lab_options(&o);
        SET(o.netns, number);
        port = tap_lab_port(&lab, "n0", &o, 1500);
        assert_false(has(link_of("a", "n0"), "does not exist"));
        tap_lab_remove(&lab, port, true);
    }
    /* The process ends, and the port says so and waits for nobody: numbers come back as others. */
    SET(o.netns, tap_lab_out("echo pid:%d", pid));
    port = tap_lab_port(&lab, "n0", &o, 1500);
    kill(pid, SIGKILL);
    while (tap_lab_sh("kill -0 %d 2>/dev/null && [ \"$(cut -d' ' -f3 /proc/%d/stat)\" != Z ]", pid,
                      pid))
        ;
    tap_lab_step(&lab, NS_PER_SEC);
    assert_has(info_of(port).error, "has ended");
    assert_int_equal(port->tx_queues, 0);
    tap_lab_step(&lab, 2 * NS_PER_SEC);
    assert_has(info_of(port).error, "has ended");
    tap_lab_remove(&lab, port, true);
    assert_true(tap_lab_sh("ip netns del a"));
}

static void namespace_removed_and_back(void **state)
{
    const char *home = strdup(tap_lab_out("readlink /proc/self/ns/net"));
    struct tap_options o;
    struct port *port;
    uint32_t events;

    assert_true(tap_lab_sh("ip netns add a"));
    tap_lab_options(&o);
    SET(o.netns, "a");
    SET(o.address, "10.1.0.1/24");
    port = tap_lab_port(&lab, "r0", &o, 1500);
    assert_true(tap_lab_sh("ip netns del a"));
    tap_lab_step(&lab, NS_PER_SEC);
    assert_has(info_of(port).error, "namespace /run/netns/a has gone");
    assert_false(info_of(port).connected);
    assert_int_equal(port->tx_queues, 0);
    assert_false(port->rxq[0].live);
    assert_int_equal(port->rxq[0].event_fd, -1);
    tap_lab_step(&lab, NS_PER_SEC);
    assert_has(info_of(port).error, "there is no namespace");
    events = lab.fake.events;
    for (int i = 0; i < 5; i++)
        tap_lab_step(&lab, NS_PER_SEC);
    assert_int_equal(lab.fake.events, events);
    assert_true(tap_lab_sh("ip netns add a"));
    tap_lab_step(&lab, NS_PER_SEC);
    assert_string_equal(info_of(port).error, "");
    assert_true(port->rxq[0].live);
    assert_true(port->tx_queues > 0);
    assert_has(tap_lab_out("ip -n a -o -4 addr show dev r0"), "10.1.0.1/24");
    /* Replaced between two looks. */
    assert_true(tap_lab_sh("ip netns del a && ip netns add a"));
    tap_lab_step(&lab, NS_PER_SEC);
    tap_lab_step(&lab, NS_PER_SEC);
    assert_string_equal(info_of(port).error, "");
    assert_has(tap_lab_out("ip -n a -o -4 addr show dev r0"), "10.1.0.1/24");
    tap_lab_remove(&lab, port, true);
    assert_true(tap_lab_sh("ip netns del a"));
    assert_string_equal(tap_lab_out("readlink /proc/self/ns/net"), home);
    free((void *)(uintptr_t)home);
}

/* What a worker does for a queue whose device has gone: one attention, then nothing. */
static void poll_once(struct port *port)
{
    static struct burst b;

    burst_reset(&b, BURST_FRAMES, INT64_MAX / 2, INT64_MAX / 2);
    port->type->rx(&port->rxq[0], &b);
    port->type->rx_done(&port->rxq[0], &b);
}

static void device_deleted_under_the_port(void **state)
{
    struct tap_options o;
    struct frame f = {.len = 60, .head_len = 60};
    struct tx_item item = {.frame = &f};
    struct port *port;

    tap_lab_options(&o);
    SET(o.address, "10.1.0.1/24");
    port = tap_lab_port(&lab, "d0", &o, 1500);
    assert_true(tap_lab_sh("ip link del d0"));
    poll_once(port);
    assert_int_equal(lab.fake.wakes, 1);
    assert_true(port->attention);
    assert_false(port->type->rx_arm(&port->rxq[0]));
    assert_false(port->type->tx_room(&port->txq[0]));
    poll_once(port);
    port->type->tx(&port->txq[0], &item, 1);
    assert_int_equal(item.drop, DROP_dst_down);
    assert_int_equal(lab.fake.wakes, 1);
    port->type->attention(port);
    assert_int_equal(port->tx_queues, 0);
    tap_lab_pump(&lab);
    assert_has(info_of(port).error, "gone");
    tap_lab_step(&lab, NS_PER_SEC);
    assert_string_equal(info_of(port).error, "");
    assert_has(tap_lab_out("ip -o -4 addr show dev d0"), "10.1.0.1/24");
    /* Noticed by sending, and by looking. */
    assert_true(tap_lab_sh("ip link del d0"));
    port->type->tx(&port->txq[0], &item, 1);
    assert_int_equal(item.drop, DROP_dst_down);
    assert_int_equal(lab.fake.wakes, 2);
    port->type->attention(port);
    tap_lab_pump(&lab);
    tap_lab_step(&lab, NS_PER_SEC);
    assert_true(tap_lab_sh("ip link del d0"));
    tap_lab_step(&lab, NS_PER_SEC);
    tap_lab_step(&lab, NS_PER_SEC);
    assert_string_equal(info_of(port).error, "");
    tap_lab_remove(&lab, port, true);
}

static void foreign_device_is_waited_for(void **state)
{
    struct tap_options o;
    struct port *port;

    assert_true(tap_lab_sh("ip tuntap add dev w0 mode tap multi_queue"));
    tap_lab_options(&o);
    port = tap_lab_port(&lab, "w0", &o, 1500);
    assert_true(tap_lab_sh("ip link del w0"));
    for (int i = 0; i < 3; i++)
        tap_lab_step(&lab, NS_PER_SEC);
    assert_has(info_of(port).error, "interface w0 is gone");
    assert_has(info_of(port).hint, "waits");
    assert_false(tap_lab_sh("ip link show dev w0 >/dev/null 2>&1"));
    assert_true(tap_lab_sh("ip tuntap add dev w0 mode tap multi_queue"));
    tap_lab_step(&lab, NS_PER_SEC);
    assert_string_equal(info_of(port).error, "");
    tap_lab_remove(&lab, port, true);
    assert_true(tap_lab_sh("ip tuntap del dev w0 mode tap multi_queue"));
}

static void live_changes(void **state)
{
    struct port_config config = {.name = "c0", .up = true, .mtu = 1500};
    struct tap_options o;
    struct vsw_err err = {0};
    struct port *port;

    tap_lab_options(&o);
    SET(o.address, "10.1.0.1/24,10.1.0.2/24");
    port = tap_lab_port(&lab, "c0", &o, 1500);
    assert_true(tap_lab_sh("ip addr add 10.1.0.9/24 dev c0"));
    config.options = &o;
    config.mtu = 4000;
    SET(o.address, "10.1.0.2/24,fd00::1/64");
    assert_int_equal(mac_parse("52:54:00:aa:bb:cc", &o.mac), 0);
    assert_int_equal(port->type->can_configure(port, &config), 0);
    assert_int_equal(port->type->configure(port, &config, &err), 0);
    assert_int_equal(port->mtu, 4000);
    tap_lab_pump(&lab);
    assert_has(tap_lab_out("ip -o link show dev c0"), "mtu 4000");
    assert_has(tap_lab_out("ip -o link show dev c0"), "52:54:00:aa:bb:cc");
    assert_false(has(tap_lab_out("ip -o -4 addr show dev c0 | tr '\\n' ' '"), "10.1.0.1/24"));
    assert_has(tap_lab_out("ip -o -4 addr show dev c0 | tr '\\n' ' '"), "10.1.0.2/24");
    assert_has(tap_lab_out("ip -o -4 addr show dev c0 | tr '\\n' ' '"), "10.1.0.9/24");
    assert_has(tap_lab_out("ip -o -6 addr show dev c0 | tr '\\n' ' '"), "fd00::1/64");
    /* Administratively down: no carrier, addresses stay. */
    config.up = false;
    assert_int_equal(port->type->configure(port, &config, &err), 0);
    assert_int_equal(port->tx_queues, 0);
    assert_false(port->rxq[0].live);
    tap_lab_pump(&lab);
    assert_has(tap_lab_out("ip -o link show dev c0"), "NO-CARRIER");
    assert_has(tap_lab_out("ip -o -4 addr show dev c0 | tr '\\n' ' '"), "10.1.0.2/24");
    config.up = true;
    assert_int_equal(port->type->configure(port, &config, &err), 0);
    tap_lab_pump(&lab);
    assert_has(tap_lab_out("ip -o link show dev c0"), "LOWER_UP");
    assert_true(port->tx_queues > 0 && port->rxq[0].live);
    /* What needs a new device. */
    o.queues = port->queue_pairs + 1;
    assert_int_equal(port->type->can_configure(port, &config), -EBUSY);
    assert_int_equal(port->type->configure(port, &config, &err), -EBUSY);
    tap_lab_remove(&lab, port, true);
}

static void operator_may_set_it_down(void **state)
{
    struct tap_options o;
    struct frame f = {.len = 60, .head_len = 60};
    struct tx_item item = {.frame = &f};
    struct port *port;

    tap_lab_options(&o);
    port = tap_lab_port(&lab, "o0", &o, 1500);
    assert_true(tap_lab_sh("ip link set o0 down"));
    port->type->tx(&port->txq[0], &item, 1);
    assert_int_equal(item.drop, DROP_dst_down);
    tap_lab_step(&lab, NS_PER_SEC);
    assert_false(info_of(port).driver_ready);
    assert_true(info_of(port).connected);
    assert_true(tap_lab_sh("ip link set o0 up"));
    tap_lab_step(&lab, NS_PER_SEC);
    assert_true(info_of(port).driver_ready);
    tap_lab_remove(&lab, port, true);
}

static void refuse(const char *name, struct tap_options o, uint16_t mtu, int code,
                   const char *field, const char *msg, const char *hint)
{
    struct vsw_err err;
    struct port *port = NULL;

    o.ifup = true;
    assert_int_equal(tap_lab_prepare(&lab, name, &o, mtu, &port, &err), code);
    assert_int_equal(err.code, code);
    assert_string_equal(err.field, field);
    assert_has(err.msg, msg);
    assert_has(err.hint, hint);
    assert_null(port);
}

static void bad_options_say_why(void **state)
{
    refuse("a_name_of_16_chr", (struct tap_options){0}, 1500, -EINVAL, "ifname", "too long",
           "at most 15");
    refuse("p", (struct tap_options){.ifname = "a/b"}, 1500, -EINVAL, "ifname", "no name", "'/'");
    refuse("p", (struct tap_options){.address = "10.0.0.1"}, 1500, -EINVAL, "address",
           "'10.0.0.1' is no address", "10.0.0.1/24");
    refuse("p", (struct tap_options){.address = "10.0.0.1/33"}, 1500, -EINVAL, "address",
           "10.0.0.1/33", "10.0.0.1/24");
    refuse("p", (struct tap_options){.address = "10.0.0.1/24,fd00::1/129"}, 1500, -EINVAL,
           "address", "fd00::1/129", "");
    refuse("p", (struct tap_options){.address = "10.0.0.1/2x"}, 1500, -EINVAL, "address", "/2x",
           "");
    refuse("p", (struct tap_options){.address = "224.0.0.1/24"}, 1500, -EINVAL, "address",
           "224.0.0.1/24", "");
    refuse("p", (struct tap_options){.address = "::/64"}, 1500, -EINVAL, "address", "::/64", "");
    refuse("p", (struct tap_options){.address = "fd00::1/64"}, 1000, -ERANGE, "mtu", "1000",
           "1280 (IPv6)");
    refuse("p", (struct tap_options){0}, 65535, -ERANGE, "mtu", "65535", "to 65521");
    refuse("p", (struct tap_options){0}, 67, -ERANGE, "mtu", "67", "from 68");
    refuse("p", (struct tap_options){.queues = 33}, 1500, -ERANGE, "queues", "32", "");
    refuse("p", (struct tap_options){.mac = {{1, 2, 3, 4, 5, 6}}}, 1500, -EINVAL, "mac", "group",
           "lowest bit");
    refuse("p", (struct tap_options){.netns = "nowhere"}, 1500, -ENOENT, "netns",
           "there is no namespace /run/netns/nowhere", "ip netns add nowhere");
    refuse("p", (struct tap_options){.netns = "../x"}, 1500, -EINVAL, "netns", "'../x'", "path");
    refuse("p", (struct tap_options){.netns = "pid:999999999"}, 1500, -ESRCH, "netns", "no process",
           "");
    refuse("p", (struct tap_options){.netns = "/etc/passwd"}, 1500, -EINVAL, "netns",
           "no network namespace", "");
    assert_true(tap_lab_sh("ip link add veth_x type veth peer name veth_y"));
    refuse("veth_x", (struct tap_options){0}, 1500, -EINVAL, "ifname", "is no TAP device",
           "another");
    assert_true(tap_lab_sh("ip link del veth_x"));
    assert_false(tap_lab_sh("ip link show dev p >/dev/null 2>&1"));
}

/* The kernel refuses what looked right to us: nothing half-made is left. */
static void failed_creation_leaves_nothing(void **state)
{
    int fds = tap_lab_fd_count();

    assert_true(tap_lab_sh("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"));
    refuse("p", (struct tap_options){.address = "fd00::1/64"}, 1500, -EACCES, "address",
           "cannot set address of interface p", "IPv6 is disabled");
    assert_true(tap_lab_sh("echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6"));
    assert_false(tap_lab_sh("ip link show dev p >/dev/null 2>&1"));
    assert_int_equal(tap_lab_fd_count(), fds);
}

static int as_nobody(int (*fn)(void))
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
            _exit(99);
        /* Changing user takes /proc/self away from us. */
        prctl(PR_SET_DUMPABLE, 1);
        _exit(fn());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int unprivileged_create(void)
{
    struct tap_options o;
    struct vsw_err err;
    struct port *port;

    tap_lab_options(&o);
    if (tap_lab_prepare(&lab, "np0", &o, 1500, &port, &err) != -EPERM)
        return 1;
    if (!has(err.msg, "no permission to use interface np0") || !has(err.hint, "CAP_NET_ADMIN"))
        return 2;
    SET(o.netns, "a");
    if (tap_lab_prepare(&lab, "np0", &o, 1500, &port, &err) != -EPERM)
        return 3;
    return has(err.msg, "cannot enter namespace") && has(err.hint, "CAP_SYS_ADMIN") ? 0 : 4;
}

/* An ordinary user with a device made for him. */
static int unprivileged_attach(void)
{
    struct tap_options o;
    struct vsw_err err;
    struct port *port;
    struct port_info info;

    tap_lab_options(&o);
    if (tap_lab_prepare(&lab, "np1", &o, 1400, &port, &err) != -EPERM ||
        !has(err.msg, "cannot set mtu"))
        return 1;
    if (tap_lab_prepare(&lab, "np1", &o, 1500, &port, &err) != 0)
        return 2;
    if (port->type->start(port, &err) != 0)
        return 3;
    tap_lab_pump(&lab);
    info = info_of(port);
    if (info.error[0] != '\0' || !info.driver_ready)
        return 4;
    if (!has(info.features, "no filter program (Operation not permitted, needs CAP_BPF)"))
        return 5;
    tap_lab_remove(&lab, port, true);
    return 0;
}

static void without_privileges(void **state)
{
    assert_true(tap_lab_sh("ip netns add a"));
    assert_int_equal(as_nobody(unprivileged_create), 0);
    assert_true(tap_lab_sh("ip tuntap add dev np1 mode tap multi_queue user 65534 && "
                           "ip link set np1 up"));
    assert_int_equal(as_nobody(unprivileged_attach), 0);
    assert_true(tap_lab_sh("ip tuntap del dev np1 mode tap multi_queue && ip netns del a"));
}

static void stop_waits_for_the_job_on_its_way(void **state)
{
    struct port_config config = {.name = "j0", .up = true, .mtu = 2000};
    struct tap_options o;
    struct vsw_err err = {0};
    struct port *port;

    tap_lab_options(&o);
    port = tap_lab_port(&lab, "j0", &o, 1500);
    config.options = &o;
    assert_int_equal(port->type->configure(port, &config, &err), 0);
    tap_lab_remove(&lab, port, true);
    /* Also when the device was just being closed. */
    port = tap_lab_port(&lab, "j0", &o, 1500);
    assert_true(tap_lab_sh("ip link del j0"));
    poll_once(port);
    port->type->attention(port);
    tap_lab_remove(&lab, port, true);
    /* A host without memory for jobs: tried again later, nothing is lost. */
    port = tap_lab_port(&lab, "j0", &o, 1500);
    lab.fake.fail_run = true;
    assert_int_equal(port->type->configure(port, &config, &err), 0);
    tap_lab_pump(&lab);
    lab.fake.fail_run = false;
    tap_lab_step(&lab, NS_PER_SEC);
    assert_has(tap_lab_out("ip -o link show dev j0"), "mtu 2000");
    tap_lab_remove(&lab, port, true);
}

static void never_started_is_destroyed(void **state)
{
    struct tap_options o;
    struct vsw_err err;
    struct port *port;

    tap_lab_options(&o);
    assert_int_equal(tap_lab_prepare(&lab, "ns0", &o, 1500, &port, &err), 0);
    assert_has(tap_lab_out("ip -o link show dev ns0"), "NO-CARRIER");
    port->type->destroy(port, true);
    assert_false(tap_lab_sh("ip link show dev ns0 >/dev/null 2>&1"));
}

static void many_lives_leak_nothing(void **state)
{
    struct tap_options o;
    char name[16];
    int fds = tap_lab_fd_count();

    assert_true(tap_lab_sh("ip netns add a"));
    for (int i = 0; i < 64; i++) {
        tap_lab_options(&o);
        o.queues = (uint32_t)(i % 4) + 1;
        if (i % 2 != 0)
            SET(o.netns, "a");
        snprintf(name, sizeof(name), "l%d", i);
        tap_lab_remove(&lab, tap_lab_port(&lab, name, &o, 1500), true);
    }
    assert_int_equal(tap_lab_fd_count(), fds);
    assert_string_equal(tap_lab_out("ip -o link show | grep -c ': l[0-9]'"), "0");
    assert_true(tap_lab_sh("ip netns del a"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(creates_with_all_settings),
        T(defaults_are_sound),
        T(daemon_restart_keeps_device_and_routes),
        T(foreign_device_is_never_removed),
        T(single_queue_device),
        T(in_use_by_another),
        T(finds_namespace_by_pid_and_path),
        T(namespace_removed_and_back),
        T(device_deleted_under_the_port),
        T(foreign_device_is_waited_for),
        T(live_changes),
        T(operator_may_set_it_down),
        T(bad_options_say_why),
        T(failed_creation_leaves_nothing),
        T(without_privileges),
        T(stop_waits_for_the_job_on_its_way),
        T(never_started_is_destroyed),
        T(many_lives_leak_nothing),
    };

    tap_lab_isolate();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
