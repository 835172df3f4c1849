/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vhost-user/: a worker of its own thread sends and receives without pause while the front-end
 * changes everything that can be changed; for the thread sanitizer as much as for the asserts. A
 * grace period is over when the worker has begun two new rounds.
 */
#include "tests/support/cmocka.h"
#include "tests/support/frontend.h"
#include "vhost-user/vhu.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TX_GPA (FRONTEND_GPA + 0x100000)
#define RX_GPA (FRONTEND_GPA + 0x200000)
#define PAIRS  2
#define ROUNDS 300

struct worker {
    struct port *port;
    _Atomic bool quit;
    _Atomic uint64_t rounds, sent, refused, wrong;
    struct burst burst;
};

static void work_pair(struct worker *w, unsigned pair)
{
    struct port *p = w->port;

    if (!atomic_load(&p->rxq[pair].live))
        return;
    burst_reset(&w->burst, BURST_FRAMES, INT64_MAX, INT64_MAX);
    p->type->rx(&p->rxq[pair], &w->burst);
    for (unsigned i = 0; i < w->burst.count; i++) {
        struct tx_item item = {.frame = &w->burst.frame[i], .drop = DROP_COUNT};

        p->type->tx(&p->txq[pair], &item, 1);
        atomic_fetch_add(item.drop == DROP_NONE ? &w->sent : &w->refused, 1);
        if (item.drop != DROP_NONE && item.drop != DROP_dst_down && item.drop != DROP_dst_full)
            atomic_fetch_add(&w->wrong, 1);
    }
    p->type->rx_done(&p->rxq[pair], &w->burst);
    if (!p->type->rx_arm(&p->rxq[pair]))
        sched_yield();
    p->type->rx_disarm(&p->rxq[pair]);
    p->type->tx_room(&p->txq[pair]);
}

static void *work(void *arg)
{
    struct worker *w = arg;

    while (!atomic_load(&w->quit)) {
        for (unsigned pair = 0; pair < PAIRS; pair++)
            work_pair(w, pair);
        atomic_fetch_add(&w->rounds, 1);
    }
    return NULL;
}

/* ---- control ----------------------------------------------------------------------------- */
static struct worker worker;
static struct fake_host host;
static struct frontend guest;

static void grace(void)
{
    uint64_t until = atomic_load(&worker.rounds) + 2;

    if (host.retires != NULL) {
        while (atomic_load(&worker.rounds) < until)
            sched_yield();
        fake_host_end_grace(&host);
    }
    fake_host_poll(&host, 0);
}

/* A message and all it takes until it is answered. */
static void ask(uint32_t request, const void *payload, uint32_t size, const int *fds, unsigned n)
{
    uint64_t v = 1;

    vhu_of(worker.port)->rate_at_ns = 0;
    assert_true(frontend_send(&guest, request, VHU_FLAG_NEED_REPLY, payload, size, fds, n));
    while (frontend_recv(&guest, request, &v, 0) == 0)
        grace();
    assert_int_equal(v, 0);
}

static void post(unsigned index, uint64_t gpa, uint32_t len)
{
    struct driver_ring *d = &guest.ring[index].driver;
    struct driver_buf buf = {gpa, len};
    uint32_t id, used;

    while (driver_used(d, &id, &used))
        ;
    if ((uint16_t)(d->avail_idx - d->used_seen) < d->num / 2)
        driver_post(d, &buf, 1, !vhu_ring_is_rx(index));
}

static void guest_traffic(void)
{
    for (unsigned pair = 0; pair < PAIRS; pair++) {
        post(2 * pair, RX_GPA + 0x10000 * pair, 2048);
        post(2 * pair + 1, TX_GPA, 112);
    }
}

static void storm(unsigned i, const struct vhu_wire_slot *slot, int fd)
{
    unsigned index = i % (2 * PAIRS);
    struct vhu_wire_state off = {index, 0}, on = {index, 1};
    uint64_t call = index;

    ask(VHU_SET_VRING_ENABLE, &off, sizeof(off), NULL, 0);
    guest_traffic();
    ask(VHU_SET_VRING_ENABLE, &on, sizeof(on), NULL, 0);
    ask(VHU_ADD_MEM_REG, slot, sizeof(*slot), &fd, 1);
    guest_traffic();
    ask(VHU_SET_VRING_CALL, &call, sizeof(call), &guest.ring[index].call_fd, 1);
    ask(VHU_REM_MEM_REG, slot, sizeof(*slot), NULL, 0);
    guest_traffic();
}

static void everything_changes_under_a_worker(void **state)
{
    char dir[] = "/tmp/vhu-test-XXXXXX";
    struct vhu_options options = {.queues = PAIRS, .mode = "0600"};
    struct port_config config = {.name = "vm", .up = true, .mtu = 1500, .options = &options};
    struct vhu_wire_slot slot = {0};
    struct frontend_region *r;
    uint8_t bytes[112] = {0};
    uint64_t before;
    pthread_t thread;

    assert_non_null(mkdtemp(dir));
    snprintf(options.path, sizeof(options.path), "%s/s", dir);
    fake_host_init(&host);
    worker.port = fake_host_add(&host, &port_type_vhost_user, &config);
    frontend_init(&guest, &host);
    assert_true(frontend_connect(&guest, options.path));
    frontend_handshake(&guest, PAIRS);
    test_frame(bytes + 12, 100, 1);
    guest_fill(&guest.guest, TX_GPA, bytes, sizeof(bytes));
    r = frontend_region_add(&guest, FRONTEND_GPA + (1ull << 32), 1 << 20);
    slot.region = (struct vhu_wire_region){
        .gpa = r->gpa, .size_bytes = r->size_bytes, .uva = (uint64_t)(uintptr_t)r->host};
    host.hold_retires = true;
    assert_int_equal(pthread_create(&thread, NULL, work, &worker), 0);
    for (unsigned i = 0; i < ROUNDS; i++)
        storm(i, &slot, r->fd);
    assert_int_equal(worker.port->tx_queues, PAIRS);
    before = atomic_load(&worker.sent);
    while (atomic_load(&worker.sent) < before + 10) /* it still works */
        guest_traffic();
    frontend_close(&guest); /* and the peer dies under it */
    while (worker.port->rxq[0].live || worker.port->tx_queues > 0)
        grace();
    assert_true(atomic_load(&worker.sent) > ROUNDS);
    assert_int_equal(atomic_load(&worker.wrong), 0);
    atomic_store(&worker.quit, true);
    pthread_join(thread, NULL);
    host.hold_retires = false;
    fake_host_remove(&host, worker.port);
    frontend_fini(&guest);
    fake_host_fini(&host);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(everything_changes_under_a_worker)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
