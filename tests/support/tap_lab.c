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

void lab_isolate(void)
{
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
        die("unshare (these tests need root)");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        die("mount private");
    if (mkdir("/run/netns", 0755) < 0 && errno != EEXIST)
        die("/run/netns");
    if (mount("none", "/run/netns", "tmpfs", 0, NULL) < 0)
        die("mount /run/netns");
}

/* ---- host --------------------------------------------------------------------------------------
 */
static void push(struct lab *lab, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
    assert_true(lab->head - lab->tail < LAB_CALLS);
    lab->call[lab->head++ % LAB_CALLS] = (struct lab_call){work, done, arg};
}

static int host_timer(struct port_host *host, uint64_t at_ns, void (*cb)(void *arg), void *arg,
                      struct port_timer **ret_timer)
{
    struct lab *lab = container_of(host, struct lab, host);

    for (size_t i = 0; i < ARRAY_SIZE(lab->timer); i++) {
        if (lab->timer[i].armed)
            continue;
        lab->timer[i] = (struct port_timer){true, at_ns, cb, arg};
        *ret_timer = &lab->timer[i];
        return 0;
    }
    return -ENOMEM;
}

static void host_timer_cancel(struct port_timer *timer)
{
    if (timer == NULL)
        return;
    assert_true(timer->armed);
    timer->armed = false;
}

static void host_retire(struct port_host *host, void (*done)(void *arg), void *arg)
{
    push(container_of(host, struct lab, host), NULL, done, arg);
}

static int host_run(struct port_host *host, void (*work)(void *arg), void (*done)(void *arg),
                    void *arg)
{
    struct lab *lab = container_of(host, struct lab, host);

    if (lab->refuse_jobs)
        return -ENOMEM;
    push(lab, work, done, arg);
    return 0;
}

static void host_event(struct port_host *host, struct port *port, enum port_event event,
                       const char *text)
{
    struct lab *lab = container_of(host, struct lab, host);

    lab->events++;
    lab->last_event = event;
    snprintf(lab->last_text, sizeof(lab->last_text), "%s", text);
}

static void host_rxq_changed(struct port_host *host, struct port_rxq *q)
{
    container_of(host, struct lab, host)->rxq_changes++;
}

static void host_wake(struct port_host *host)
{
    atomic_fetch_add(&container_of(host, struct lab, host)->wakes, 1);
}

void tap_lab_init(struct lab *lab)
{
    memset(lab, 0, sizeof(*lab));
    lab->now_ns = NS_PER_SEC;
    clock_use_test(&lab->now_ns);
    lab->host = (struct port_host){
        .timer = host_timer,
        .timer_cancel = host_timer_cancel,
        .retire = host_retire,
        .run = host_run,
        .event = host_event,
        .rxq_changed = host_rxq_changed,
        .wake = host_wake,
    };
}

static void wait_for_worker(const struct lab_relay *relay)
{
    uint64_t before = relay->rounds;

    while (relay->rounds < before + 2)
        sched_yield();
}

void lab_pump(struct lab *lab)
{
    while (lab->head != lab->tail) {
        struct lab_call c = lab->call[lab->tail++ % LAB_CALLS];

        if (c.work != NULL)
            c.work(c.arg);
        else if (lab->relay != NULL)
            wait_for_worker(lab->relay);
        c.done(c.arg);
    }
}

void lab_step(struct lab *lab, uint64_t ns)
{
    lab->now_ns += ns;
    for (size_t i = 0; i < ARRAY_SIZE(lab->timer); i++) {
        struct port_timer *t = &lab->timer[i];

        if (!t->armed || t->at_ns > lab->now_ns)
            continue;
        t->armed = false;
        t->cb(t->arg);
    }
    lab_pump(lab);
}

/* ---- shell --------------------------------------------------------------------------------------
 */
bool lab_sh(const char *fmt, ...)
{
    char cmd[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(cmd, sizeof(cmd), fmt, ap);
    va_end(ap);
    return system(cmd) == 0;
}

const char *lab_out(const char *fmt, ...)
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

int lab_fd_count(void)
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
int lab_socket(const char *netns, int domain, int type, int protocol)
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

int lab_packet_socket(const char *netns, const char *ifname)
{
    int fd = lab_socket(netns, AF_PACKET, SOCK_RAW, 0);
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
void lab_options(struct tap_options *options)
{
    *options = (struct tap_options){.ifup = true};
}

int lab_prepare(struct lab *lab, const char *name, const struct tap_options *options, uint16_t mtu,
                struct port **ret, struct vsw_err *err)
{
    struct port_config config = {.up = true, .mtu = mtu, .options = options};

    snprintf(config.name, sizeof(config.name), "%s", name);
    memset(err, 0, sizeof(*err));
    return port_type_find("tap")->prepare(&lab->host, &config, ret, err);
}

struct port *lab_port(struct lab *lab, const char *name, const struct tap_options *options,
                      uint16_t mtu)
{
    struct vsw_err err;
    struct port *port = NULL;
    int rc = lab_prepare(lab, name, options, mtu, &port, &err);

    if (rc < 0)
        print_error("%s: %s: %s (%s)\n", name, err.field, err.msg, err.hint);
    assert_int_equal(rc, 0);
    assert_int_equal(port->type->start(port, &err), 0);
    lab_pump(lab);
    return port;
}

static void count_done(void *arg)
{
    ++*(int *)arg;
}

void lab_remove(struct lab *lab, struct port *port, bool remove)
{
    int done = 0;

    port->type->stop(port, count_done, &done);
    lab_pump(lab);
    assert_int_equal(done, 1);
    port->type->destroy(port, remove);
}

/* ---- worker -------------------------------------------------------------------------------------
 */
static void carry(struct lab_relay *r, struct port_rxq *q, struct port *to)
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

static bool poll_queue(struct lab_relay *r, struct port_rxq *q, struct port *to)
{
    burst_reset(&r->burst, BURST_FRAMES, INT64_MAX / 2, INT64_MAX / 2);
    q->port->type->rx(q, &r->burst);
    if (r->burst.count > 0)
        carry(r, q, to);
    q->port->type->rx_done(q, &r->burst);
    return r->burst.count > 0;
}

static bool arm(struct lab_relay *r)
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
    struct lab_relay *r = arg;
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

void lab_relay_start(struct lab_relay *relay, struct port *a, struct port *b)
{
    bool spin = relay->spin;

    memset(relay, 0, sizeof(*relay));
    relay->spin = spin;
    relay->port[0] = a;
    relay->port[1] = b;
    relay->stop_fd = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(pthread_create(&relay->thread, NULL, relay_main, relay), 0);
}

void lab_relay_stop(struct lab_relay *relay)
{
    relay->stop = true;
    assert_int_equal(eventfd_write(relay->stop_fd, 1), 0);
    pthread_join(relay->thread, NULL);
    close(relay->stop_fd);
}
