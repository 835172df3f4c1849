/* SPDX-License-Identifier: BSD-3-Clause */
#include "datapath/worker.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/mem.h"
#include "datapath/dp.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

/* How often a worker asks for events of its armed queues: the call takes 0.3 us, which frames would
 * have to pay for, but nobody when there are none. */
#define EPOLL_BUSY_NS (25 * NS_PER_US)
#define EPOLL_IDLE_NS (5 * NS_PER_US)
#define EPOLL_EVENTS  64
/* A worker that other queues keep awake looks at a quiet one for at least this long: that costs it
 * less than an event costs the guest. */
#define AWAKE_SPIN_NS (200 * NS_PER_US)
/* A queue without events (a peer in polling mode) is looked at this often when it is quiet. */
#define NO_EVENT_POLL_NS (100 * NS_PER_US)

int worker_init(struct worker *w, struct datapath *dp, uint16_t id)
{
    uint32_t queues = (uint32_t)dp->params.max_ports * PORT_QUEUES_MAX;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};

    w->dp = dp;
    w->id = id;
    w->cpu = dp->params.cpus != NULL ? dp->params.cpus[id] : -1;
    w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->epoll_fd < 0 || w->wake_fd < 0)
        return -errno;
    if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->wake_fd, &event) < 0)
        return -errno;
    w->polled = calloc(queues, sizeof(*w->polled));
    w->served = calloc(queues, sizeof(*w->served));
    w->port = mem_zalloc(dp->params.max_ports, sizeof(*w->port));
    w->tenant = calloc(dp->params.max_tenants, sizeof(*w->tenant));
    if (w->polled == NULL || w->served == NULL || w->port == NULL)
        return -ENOMEM;
    if (offer_ring_init(&w->offers, dp->params.max_ports) < 0)
        return -ENOMEM;
    return forward_init(&w->forward, dp->params.max_ports);
}

void worker_fini(struct worker *w)
{
    if (w->dp == NULL)
        return;
    close(w->epoll_fd);
    close(w->wake_fd);
    free(w->polled);
    free(w->served);
    free(w->port);
    free(w->tenant);
    offer_ring_fini(&w->offers);
    forward_fini(&w->forward);
}

void worker_wake(struct worker *w)
{
    const uint64_t one = 1;

    /* The worker never reads it: each write is an edge. Full means that it is awake already, but it
     * takes 2^64 wake-ups to get there. */
    if (write(w->wake_fd, &one, sizeof(one)) < 0)
        assert(errno == EAGAIN);
}

/* One by one, so that what happens to one queue costs the others nothing. */
void worker_change(struct worker *w, struct rxq_state *rs)
{
    bool noted = false;

    for (int i = 0; i < WORKER_CHANGES && !noted; i++) {
        struct rxq_state *there = NULL;

        noted = atomic_compare_exchange_strong_explicit(
                    &w->changed[i], &there, rs, memory_order_release, memory_order_relaxed) ||
                there == rs;
    }
    if (!noted)
        atomic_store_explicit(&w->all_changed, true, memory_order_release);
    worker_wake(w);
}

void worker_unchange(struct worker *w, struct rxq_state *rs)
{
    for (int i = 0; i < WORKER_CHANGES; i++) {
        struct rxq_state *there = rs;

        atomic_compare_exchange_strong_explicit(&w->changed[i], &there, NULL, memory_order_relaxed,
                                                memory_order_relaxed);
    }
}

void worker_cancel_injections(struct worker *w, uint16_t port)
{
    for (int i = 0; i < WORKER_INJECTIONS; i++) {
        struct injection *in = &w->injection[i];
        uint8_t ready = INJECTION_READY;

        if (in->port == port)
            atomic_compare_exchange_strong_explicit(&in->state, &ready, INJECTION_FREE,
                                                    memory_order_relaxed, memory_order_relaxed);
    }
}

/* ---- polled and armed -------------------------------------------------------------------- */

/* A queue is on the poll list when it names the view in which it was put there: a new view empties
 * the list without touching what may have been freed with the old one. */
static bool is_polled(const struct worker *w, const struct rxq_state *rs)
{
    return rs->polled_in == w->view_number;
}

/* An event may come for a port that the view does not have: not yet, or not any more. */
static bool is_in_view(const struct worker *w, const struct rxq_state *rs)
{
    return w->view->topology->port[rs->q->port->index].port == rs->q->port;
}

static void start_polling(struct worker *w, struct rxq_state *rs, uint64_t now_ns)
{
    if (is_polled(w, rs) || !is_in_view(w, rs) ||
        !atomic_load_explicit(&rs->q->live, memory_order_acquire))
        return;
    rs->polled_in = w->view_number;
    /* What it waited for was said under the view before: a limit, a port that may be gone. */
    rs->wait_until_ns = 0;
    rs->full = NULL;
    rs->last_frame_ns = now_ns;
    __atomic_store_n(&rs->sleeping, 0, __ATOMIC_RELAXED);
    w->polled[w->polled_count++] = rs;
    rs->q->port->type->rx_disarm(rs->q);
}

/* Everything this worker serves gets a visit: the view is new. */
static void poll_everything(struct worker *w, uint64_t now_ns)
{
    const struct service_list *list = &w->view->service[w->id];

    for (uint32_t i = 0; i < list->count; i++)
        start_polling(w, list->rxq[i], now_ns);
}

/* The view that was in force while this worker slept may be gone: it is not looked at. */
static void follow_view(struct worker *w, uint64_t now_ns)
{
    const struct view *view = atomic_load_explicit(&w->dp->view, memory_order_acquire);

    if (likely(view->number == w->view_number))
        return;
    w->view = view;
    w->view_number = view->number;
    w->polled_count = 0;
    poll_everything(w, now_ns);
}

/* An event soon after the queue was armed says that polling on would have been cheaper. */
static void adapt_spin(struct worker *w, struct rxq_state *rs, uint64_t now_ns)
{
    uint64_t max_ns = w->dp->params.spin_us * NS_PER_US;

    if (now_ns - rs->armed_ns < max_ns)
        rs->spin_ns = u64_min(max_ns, rs->spin_ns * 2 + NS_PER_US);
    else
        rs->spin_ns /= 2;
}

static void take_changes(struct worker *w, uint64_t now_ns)
{
    for (int i = 0; i < WORKER_CHANGES; i++) {
        struct rxq_state *rs;

        if (atomic_load_explicit(&w->changed[i], memory_order_relaxed) == NULL)
            continue;
        rs = atomic_exchange_explicit(&w->changed[i], NULL, memory_order_acquire);
        if (rs != NULL)
            start_polling(w, rs, now_ns);
    }
    if (atomic_exchange_explicit(&w->all_changed, false, memory_order_acquire))
        poll_everything(w, now_ns);
}

static void run_injections(struct worker *w, uint64_t now_ns)
{
    for (int i = 0; i < WORKER_INJECTIONS; i++) {
        struct injection *in = &w->injection[i];
        uint8_t ready = INJECTION_READY;

        if (!atomic_compare_exchange_strong_explicit(&in->state, &ready, INJECTION_TAKEN,
                                                     memory_order_acquire, memory_order_relaxed))
            continue;
        forward_injected(w, in->port, in->frame, in->bytes, now_ns);
        atomic_store_explicit(&in->state, INJECTION_FREE, memory_order_release);
    }
}

/* Events are fetched before the view is looked at: whoever signals has published first, so an event
 * that is used up here cannot belong to a view that this round does not see. */
static void take_events(struct worker *w, uint64_t now_ns)
{
    struct epoll_event events[EPOLL_EVENTS];
    int count = epoll_wait(w->epoll_fd, events, EPOLL_EVENTS, 0);

    w->next_epoll_ns = now_ns + EPOLL_BUSY_NS;
    follow_view(w, now_ns);
    for (int i = 0; i < count; i++) {
        struct rxq_state *rs = events[i].data.ptr;

        if (rs == NULL) {
            take_changes(w, now_ns);
            run_injections(w, now_ns);
        } else if (!is_polled(w, rs)) {
            adapt_spin(w, rs, now_ns);
            start_polling(w, rs, now_ns);
        }
    }
}

/* Return true when the queue leaves the poll list. */
static bool try_to_arm(const struct worker *w, struct rxq_state *rs, uint64_t now_ns)
{
    uint64_t quiet_ns = now_ns - rs->last_frame_ns;

    if (quiet_ns < rs->spin_ns || (w->received > 0 && quiet_ns < AWAKE_SPIN_NS))
        return false;
    /* Nobody signals this queue, or epoll would not have its descriptor. */
    if (atomic_load_explicit(&rs->watched_fd, memory_order_relaxed) < 0) {
        rs->wait_until_ns = now_ns + NO_EVENT_POLL_NS;
        return false;
    }
    if (rs->q->port->type->rx_arm(rs->q))
        return false;
    rs->armed_ns = now_ns;
    __atomic_store_n(&rs->sleeping, 1, __ATOMIC_RELAXED);
    return true;
}

/* ---- one round --------------------------------------------------------------------------- */

static bool must_wait(struct rxq_state *rs, uint64_t now_ns)
{
    if (likely(rs->wait_until_ns == 0))
        return false;
    if (now_ns < rs->wait_until_ns &&
        (rs->full == NULL || !rs->full->port->type->tx_room(rs->full)))
        return true;
    rs->wait_until_ns = 0;
    rs->full = NULL;
    return false;
}

/* Until when may the worker sleep as far as a waiting queue goes? For a full receiver no event
 * tells when it has room, so the first while is spent looking. */
static uint64_t wait_wake_ns(const struct worker *w, const struct rxq_state *rs, uint64_t now_ns)
{
    uint64_t looking_ns = w->dp->params.spin_us * NS_PER_US;

    if (rs->full != NULL && now_ns + FORWARD_FULL_WAIT_NS < rs->wait_until_ns + looking_ns)
        return 0;
    return rs->wait_until_ns;
}

/* Visit one polled queue. Return false when it leaves the poll list. */
static bool visit(struct worker *w, struct rxq_state *rs, uint64_t now_ns, uint32_t *received)
{
    uint32_t count;

    if (!atomic_load_explicit(&rs->q->live, memory_order_acquire))
        return false;
    if (must_wait(rs, now_ns))
        return true;
    count = forward_queue(w, rs, now_ns);
    *received += count;
    if (count > 0)
        rs->last_frame_ns = now_ns;
    else if (rs->wait_until_ns == 0)
        return !try_to_arm(w, rs, now_ns);
    return true;
}

uint32_t worker_poll_once(struct worker *w, uint64_t now_ns, uint64_t *ret_wake_ns)
{
    uint64_t wake_ns = UINT64_MAX;
    uint32_t received = 0, keep = 0, served = 0;

    if (now_ns >= w->next_epoll_ns)
        take_events(w, now_ns);
    follow_view(w, now_ns);
    for (uint32_t i = 0; i < w->polled_count; i++) {
        struct rxq_state *rs = w->polled[i];
        uint32_t before = received;

        if (!visit(w, rs, now_ns, &received)) {
            rs->polled_in = 0;
            continue;
        }
        wake_ns = u64_min(wake_ns, rs->wait_until_ns == 0 ? 0 : wait_wake_ns(w, rs, now_ns));
        if (received == before)
            w->polled[keep++] = rs;
        else
            w->served[served++] = rs;
    }
    /* Least recently served first: queues that share a limit or a receiver take turns. */
    memcpy(&w->polled[keep], w->served, served * sizeof(*w->served));
    w->polled_count = keep + served;
    w->received = received;
    if (served == 0)
        w->next_epoll_ns = u64_min(w->next_epoll_ns, now_ns + EPOLL_IDLE_NS);
    *ret_wake_ns = wake_ns;
    return received;
}

/* ---- the thread -------------------------------------------------------------------------- */

/* The epoll set is only waited for here and read once the worker is back online: an event names a
 * queue, and a queue may be freed while the worker is offline. */
static void sleep_until(struct worker *w, uint64_t now_ns, uint64_t wake_ns)
{
    struct pollfd set = {.fd = w->epoll_fd, .events = POLLIN};
    uint64_t left_ns = wake_ns > now_ns ? wake_ns - now_ns : 0;
    struct timespec timeout = {.tv_sec = (time_t)(left_ns / NS_PER_SEC),
                               .tv_nsec = (long)(left_ns % NS_PER_SEC)};

    counter_add(&w->sleeps, 1);
    retire_worker_offline(&w->dp->retire, w->id);
    if (ppoll(&set, 1, wake_ns == UINT64_MAX ? NULL : &timeout, NULL) > 0)
        counter_add(&w->wakeups, 1);
    retire_worker_online(&w->dp->retire, w->id);
    counter_add(&w->slept_ns, clock_now_ns() - now_ns);
    w->next_epoll_ns = 0;
}

static void pin_thread(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    /* A CPU that went away since it was asked for: run anywhere rather than not at all. */
    (void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void run(struct worker *w)
{
    retire_worker_online(&w->dp->retire, w->id);
    while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
        uint64_t now_ns = clock_now_ns(), wake_ns;
        uint32_t received = worker_poll_once(w, now_ns, &wake_ns);

        retire_worker_quiescent(&w->dp->retire, w->id);
        /* Not asleep when this round has used up the event that tells to stop. */
        if (received > 0 || atomic_load_explicit(&w->stop, memory_order_acquire))
            continue;
        if (wake_ns > now_ns && !atomic_load_explicit(&w->never_sleep, memory_order_relaxed))
            sleep_until(w, now_ns, wake_ns);
        else
            __builtin_ia32_pause();
    }
    retire_worker_offline(&w->dp->retire, w->id);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    char name[16];

    snprintf(name, sizeof(name), "worker%u", w->id);
    pthread_setname_np(pthread_self(), name);
    prctl(PR_SET_TIMERSLACK, 1);
    if (w->cpu >= 0)
        pin_thread(w->cpu);
    if (w->thread_init != NULL)
        w->init_result = w->thread_init(w->id);
    sem_post(&w->ready);
    if (w->init_result == 0)
        run(w);
    return NULL;
}

int worker_start(struct worker *w, int (*thread_init)(uint16_t worker))
{
    int result;

    w->thread_init = thread_init;
    sem_init(&w->ready, 0, 0);
    result = pthread_create(&w->thread, NULL, worker_main, w);
    if (result != 0)
        return -result;
    w->started = true;
    while (sem_wait(&w->ready) < 0)
        ;
    return w->init_result;
}

void worker_stop(struct worker *w)
{
    if (!w->started)
        return;
    atomic_store_explicit(&w->stop, true, memory_order_release);
    worker_wake(w);
    pthread_join(w->thread, NULL);
    sem_destroy(&w->ready);
    w->started = false;
}
