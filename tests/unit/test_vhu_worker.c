/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vhost-user/: a worker of its own thread sends and receives without pause while the front-end
 * changes everything that can be changed; for the thread sanitizer as much as for the asserts. A
 * grace period is over when the worker has begun two new rounds.
 */
#include "tests/support/cmocka.h"
#include "tests/support/vhu_lab.h"

#include <pthread.h>
#include <sched.h>

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
static struct vhu_lab *lab;

static void grace(void)
{
    uint64_t until = atomic_load(&worker.rounds) + 2;

    if (lab->host.retires != NULL) {
        while (atomic_load(&worker.rounds) < until)
            sched_yield();
        fake_host_end_grace(&lab->host);
    }
    fake_host_poll(&lab->host, 0);
}

/* A message and all it takes until it is answered. */
static void ask(uint32_t request, const void *payload, uint32_t size, const int *fds, unsigned n)
{
    uint64_t v = 1;

    vhu_of(worker.port)->rate_at_ns = 0;
    assert_true(frontend_send(&lab->f, request, VHU_FLAG_NEED_REPLY, payload, size, fds, n));
    while (frontend_recv(&lab->f, request, &v, 0) == 0)
        grace();
    assert_int_equal(v, 0);
}

static void post(unsigned index, uint64_t gpa, uint32_t len)
{
    struct driver_ring *d = &lab->f.ring[index].driver;
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
        post(2 * pair, VHU_LAB_RX_GPA + 0x10000 * pair, 2048);
        post(2 * pair + 1, VHU_LAB_TX_GPA, 112);
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
    ask(VHU_SET_VRING_CALL, &call, sizeof(call), &lab->f.ring[index].call_fd, 1);
    ask(VHU_REM_MEM_REG, slot, sizeof(*slot), NULL, 0);
    guest_traffic();
}

static void everything_changes_under_a_worker(void **state)
{
    struct vhu_wire_slot slot = {0};
    struct frontend_region *r;
    uint8_t bytes[112] = {0};
    uint64_t before;
    pthread_t thread;

    lab = vhu_lab_create("0600", PAIRS);
    lab->port = fake_host_add(&lab->host, &port_type_vhost_user, &lab->config);
    worker.port = lab->port;
    vhu_lab_shake(lab, PAIRS);
    test_frame(bytes + 12, 100, 1);
    guest_fill(&lab->f.guest, VHU_LAB_TX_GPA, bytes, sizeof(bytes));
    r = frontend_region_add(&lab->f, FRONTEND_GPA + (1ull << 32), 1 << 20);
    slot.region = (struct vhu_wire_region){
        .gpa = r->gpa, .size_bytes = r->size_bytes, .uva = (uint64_t)(uintptr_t)r->host};
    lab->host.hold_retires = true;
    assert_int_equal(pthread_create(&thread, NULL, work, &worker), 0);
    for (unsigned i = 0; i < ROUNDS; i++)
        storm(i, &slot, r->fd);
    assert_int_equal(worker.port->tx_queues, PAIRS);
    before = atomic_load(&worker.sent);
    while (atomic_load(&worker.sent) < before + 10) /* it still works */
        guest_traffic();
    frontend_close(&lab->f); /* and the peer dies under it */
    while (worker.port->rxq[0].live || worker.port->tx_queues > 0)
        grace();
    assert_true(atomic_load(&worker.sent) > ROUNDS);
    assert_int_equal(atomic_load(&worker.wrong), 0);
    atomic_store(&worker.quit, true);
    pthread_join(thread, NULL);
    lab->host.hold_retires = false;
    vhu_lab_destroy(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(everything_changes_under_a_worker)};

    return cmocka_run_group_tests(tests, vhu_lab_warm_up, NULL);
}
