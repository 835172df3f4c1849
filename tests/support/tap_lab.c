/* SPDX-License-Identifier: BSD-3-Clause
 *
 * See tap_lab.h.
 */
#include "tests/support/tap_lab.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/schema.h"
#include "base/clock.h"
#include "tests/support/cmocka.h"

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static bool isolated;

void tap_lab_isolate(void)
{
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
        die("unshare (these tests need root)");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        die("mount private");
    if (mkdir("/run/netns", 0755) < 0 && errno != EEXIST)
        die("/run/netns");
    if (mount("none", "/run/netns", "tmpfs", 0, NULL) < 0)
        die("mount /run/netns");
    isolated = true;
}

/* ---- host --------------------------------------------------------------------------------------
 */
void tap_lab_init(struct tap_lab *lab)
{
    memset(lab, 0, sizeof(*lab));
    assert_true(isolated); /* or these would be the machine's */
    (void)tap_lab_sh("ip -all netns del");
    lab->now_ns = NS_PER_SEC;
    clock_use_test(&lab->now_ns);
    fake_host_init(&lab->fake);
}

void tap_lab_fini(struct tap_lab *lab)
{
    fake_host_fini(&lab->fake);
    clock_use_test(NULL);
}

static void wait_for_worker(const struct tap_lab_relay *relay)
{
    uint64_t before = relay->rounds;

    while (relay->rounds < before + 2)
        sched_yield();
}

void tap_lab_pump(struct tap_lab *lab)
{
    do {
        if (lab->relay != NULL)
            wait_for_worker(lab->relay);
        fake_host_poll(&lab->fake, 0);
    } while (lab->fake.retires != NULL || lab->fake.jobs != NULL);
}

void tap_lab_step(struct tap_lab *lab, uint64_t ns)
{
    lab->now_ns += ns;
    tap_lab_pump(lab);
}

/* ---- shell --------------------------------------------------------------------------------------
 */
bool tap_lab_sh(const char *fmt, ...)
{
    char cmd[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(cmd, sizeof(cmd), fmt, ap);
    va_end(ap);
    return system(cmd) == 0;
}

const char *tap_lab_out(const char *fmt, ...)
{
    static char line[1024];
    char cmd[1024];
    va_list ap;
    FILE *p;

    va_start(ap, fmt);
    vsnprintf(cmd, sizeof(cmd), fmt, ap);
    va_end(ap);
    p = popen(cmd, "r");
    if (p == NULL || fgets(line, sizeof(line), p) == NULL)
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (p != NULL)
        pclose(p);
    return line;
}

int tap_lab_fd_count(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

/* ---- sockets ------------------------------------------------------------------------------------
 */
int tap_lab_socket(const char *netns, int domain, int type, int protocol)
{
    int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), there, fd;
    char path[128];

    snprintf(path, sizeof(path), "/run/netns/%s", netns == NULL ? "" : netns);
    there = netns == NULL ? dup(home) : open(path, O_RDONLY | O_CLOEXEC);
    assert_true(home >= 0 && there >= 0);
    assert_int_equal(setns(there, CLONE_NEWNET), 0);
    fd = socket(domain, type | SOCK_CLOEXEC, protocol);
    assert_int_equal(setns(home, CLONE_NEWNET), 0);
    close(there);
    close(home);
    assert_true(fd >= 0);
    return fd;
}

int tap_lab_packet_socket(const char *netns, const char *ifname)
{
    int fd = tap_lab_socket(netns, AF_PACKET, SOCK_RAW, 0);
    struct ifreq ifr = {0};
    struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = 0x0300};
    struct timeval limit = {.tv_sec = 5};

    snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
    assert_int_equal(ioctl(fd, 0x8933 /* SIOCGIFINDEX */, &ifr), 0);
    ll.sll_ifindex = ifr.ifr_ifindex;
    assert_int_equal(bind(fd, (struct sockaddr *)&ll, sizeof(ll)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    return fd;
}

/* ---- ports --------------------------------------------------------------------------------------
 */
void tap_lab_options(struct tap_options *options)
{
    *options = (struct tap_options){.ifup = true};
}

int tap_lab_prepare(struct tap_lab *lab, const char *name, const struct tap_options *options,
                    uint16_t mtu, struct port **ret, struct vsw_err *err)
{
    struct port_config config = {.up = true, .mtu = mtu, .options = options};

    snprintf(config.name, sizeof(config.name), "%s", name);
    memset(err, 0, sizeof(*err));
    return port_type_find("tap")->prepare(&lab->fake.host, &config, ret, err);
}

struct port *tap_lab_port(struct tap_lab *lab, const char *name, const struct tap_options *options,
                          uint16_t mtu)
{
    struct vsw_err err;
    struct port *port = NULL;
    int rc = tap_lab_prepare(lab, name, options, mtu, &port, &err);

    if (rc < 0)
        print_error("%s: %s: %s (%s)\n", name, err.field, err.msg, err.hint);
    assert_int_equal(rc, 0);
    assert_int_equal(port->type->start(port, &err), 0);
    tap_lab_pump(lab);
    return port;
}

static void count_done(void *arg)
{
    ++*(int *)arg;
}

void tap_lab_remove(struct tap_lab *lab, struct port *port, bool remove)
{
    int done = 0;

    port->type->stop(port, count_done, &done);
    tap_lab_pump(lab);
    assert_int_equal(done, 1);
    port->type->destroy(port, remove);
}

/* ---- worker -------------------------------------------------------------------------------------
 */
static void carry(struct tap_lab_relay *r, struct port_rxq *q, struct port *to)
{
    struct tx_item item[BURST_FRAMES];
    uint16_t n = 0;
    uint16_t out = q->index % to->queue_pairs;

    for (uint16_t i = 0; i < r->burst.count; i++) {
        const struct frame *f = &r->burst.frame[i];

        r->frames++;
        r->gso_frames += f->offload.gso_type != 0;
        r->csum_frames += f->offload.flags & OFFLOAD_NEEDS_CSUM;
        if (f->drop != DROP_NONE)
            r->rx_drops++;
        else
            item[n++] = (struct tx_item){.frame = f};
    }
    to->type->tx(&to->txq[out], item, n);
    for (uint16_t i = 0; i < n; i++)
        r->tx_drops += item[i].drop != DROP_NONE;
}

static bool poll_queue(struct tap_lab_relay *r, struct port_rxq *q, struct port *to)
{
    burst_reset(&r->burst, BURST_FRAMES, INT64_MAX / 2, INT64_MAX / 2);
    q->port->type->rx(q, &r->burst);
    if (r->burst.count > 0)
        carry(r, q, to);
    q->port->type->rx_done(q, &r->burst);
    return r->burst.count > 0;
}

static bool arm(struct tap_lab_relay *r)
{
    bool again = false;

    for (int p = 0; p < 2; p++) {
        for (uint16_t i = 0; i < r->port[p]->queue_pairs; i++)
            again |= r->port[p]->type->rx_arm(&r->port[p]->rxq[i]);
    }
    return again;
}

static void *relay_main(void *arg)
{
    struct tap_lab_relay *r = arg;
    struct epoll_event ev = {.events = EPOLLIN};
    int ep = epoll_create1(EPOLL_CLOEXEC);

    epoll_ctl(ep, EPOLL_CTL_ADD, r->stop_fd, &ev);
    ev.events = EPOLLIN | EPOLLET;
    for (int p = 0; p < 2; p++) {
        for (uint16_t i = 0; i < r->port[p]->queue_pairs; i++)
            epoll_ctl(ep, EPOLL_CTL_ADD, r->port[p]->rxq[i].event_fd, &ev);
    }
    while (!r->stop) {
        bool busy = r->spin;

        r->rounds++;
        for (int p = 0; p < 2; p++) {
            for (uint16_t i = 0; i < r->port[p]->queue_pairs; i++)
                busy |= poll_queue(r, &r->port[p]->rxq[i], r->port[!p]);
        }
        if (!busy && !arm(r)) {
            r->sleeps++;
            epoll_wait(ep, &ev, 1, -1);
        }
    }
    close(ep);
    return NULL;
}

void tap_lab_relay_start(struct tap_lab_relay *relay, struct port *a, struct port *b)
{
    bool spin = relay->spin;

    memset(relay, 0, sizeof(*relay));
    relay->spin = spin;
    relay->port[0] = a;
    relay->port[1] = b;
    relay->stop_fd = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(pthread_create(&relay->thread, NULL, relay_main, relay), 0);
}

void tap_lab_relay_stop(struct tap_lab_relay *relay)
{
    relay->stop = true;
    assert_int_equal(eventfd_write(relay->stop_fd, 1), 0);
    pthread_join(relay->thread, NULL);
    close(relay->stop_fd);
}
