/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The life of a started port: publishing its device to the workers, following its link, noticing
 * that it has gone, waiting for it to come back, live changes. Control thread; whatever may block
 * is a job on the helper.
 */
#include "base/clock.h"
#include "dpdk/dpdk_port.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Devices without link interrupts (memif) come up unannounced. */
#define LOOK_DOWN_NS (200 * NS_PER_MS)
#define LOOK_NS      NS_PER_SEC

static void submit(struct dpdk_port *dpdk);

/* ---- helper ------------------------------------------------------------------------------ */
void dpdk_job_run(struct dpdk_job *job)
{
    if (job->device == NULL) {
        job->set_link = !job->config.up;
        if (dpdk_device_open(&job->config, job->queues, &job->device, &job->err) < 0)
            return;
    }
    if (job->set_link)
        dpdk_device_set_link(job->device, job->config.up);
    job->gone =
        dpdk_device_look(job->device, &job->config, &job->status, &job->left, &job->err) < 0;
}

static void job_work(void *arg)
{
    dpdk_job_run(&((struct dpdk_port *)arg)->job);
}

static void close_work(void *arg)
{
    struct dpdk_port *dpdk = arg;

    dpdk_queues_flush(dpdk);
    dpdk_device_close(dpdk->job.device);
}

/* ---- what workers see -------------------------------------------------------------------- */
static void set_queue(struct dpdk_port *dpdk, uint16_t i, int fd, bool live)
{
    struct port_rxq *q = &dpdk->port.rxq[i];

    if (atomic_load(&q->event_fd) == fd && atomic_load(&q->live) == live)
        return;
    atomic_store(&q->event_fd, fd);
    atomic_store(&q->live, live);
    dpdk->port.host->rxq_changed(dpdk->port.host, q);
}

/* Bring what workers see in line with device and want. A device is polled without link, too: some
 * work at theirs only then (LACP). */
static void publish(struct dpdk_port *dpdk)
{
    struct dpdk_device *dev = dpdk->stopping ? NULL : dpdk->device;
    bool live = dev != NULL && dpdk->want.up;

    atomic_store_explicit(&dpdk->active, dev, memory_order_release);
    atomic_store(&dpdk->poll_max_ns, dpdk->want.poll_max_ns);
    atomic_store(&dpdk->port.tx_offloads, dev == NULL ? 0 : dev->tx_offloads);
    atomic_store(&dpdk->port.mtu, dpdk->want.mtu);
    atomic_store(&dpdk->port.tx_queues, live && dpdk->status.link_up ? dev->queues : 0);
    for (uint16_t i = 0; i < dpdk->port.queue_pairs; i++)
        set_queue(dpdk, i,
                  !live                ? -1
                  : dev->rx_interrupts ? dev->interrupt_fd[i]
                                       : dpdk->queue[i].timer_fd,
                  live);
}

static void set_error(struct dpdk_port *dpdk, const struct vsw_err *err)
{
    bool same = dpdk->error.code == err->code && strcmp(dpdk->error.msg, err->msg) == 0;

    dpdk->error = *err;
    if (same)
        return;
    if (err->code != 0)
        dpdk->port.host->event(dpdk->port.host, &dpdk->port, PORT_EVENT_ERROR, err->msg);
    else
        dpdk->port.host->event(dpdk->port.host, &dpdk->port, PORT_EVENT_INFO, "the device works");
}

static void set_status(struct dpdk_port *dpdk, const struct dpdk_status *status)
{
    bool was_up = dpdk->status.link_up;

    dpdk->status = *status;
    if (was_up == status->link_up)
        return;
    if (status->link_up)
        dpdk->port.host->event(dpdk->port.host, &dpdk->port, PORT_EVENT_READY, "link up");
    else
        dpdk->port.host->event(dpdk->port.host, &dpdk->port, PORT_EVENT_INFO, "link down");
}

/* ---- the kernel's interfaces ------------------------------------------------------------- */
static void on_interfaces(void *arg, uint32_t events)
{
    struct dpdk_port *dpdk = arg;

    dpdk_kernel_drain(dpdk->watch_fd);
    submit(dpdk);
}

static void unwatch(struct dpdk_port *dpdk)
{
    dpdk->port.host->unwatch(dpdk->watch);
    dpdk->watch = NULL;
    if (dpdk->watch_fd >= 0)
        close(dpdk->watch_fd);
    dpdk->watch_fd = -1;
}

/* Without it changes are seen at the next look. */
static void watch(struct dpdk_port *dpdk)
{
    struct port_host *host = dpdk->port.host;

    if (dpdk->watch != NULL || dpdk->stopping || dpdk->device == NULL ||
        !dpdk_device_has_kernel(dpdk->device))
        return;
    dpdk->watch_fd = dpdk_kernel_watch();
    if (dpdk->watch_fd >= 0 &&
        host->watch(host, dpdk->watch_fd, EPOLLIN, on_interfaces, dpdk, &dpdk->watch) < 0)
        unwatch(dpdk);
}

/* ---- the device has gone ----------------------------------------------------------------- */
static void finish_stop(struct dpdk_port *dpdk)
{
    void (*done)(void *arg) = dpdk->stop_done;

    if (!dpdk->workers_gone || dpdk->busy || done == NULL)
        return;
    dpdk->stop_done = NULL;
    done(dpdk->stop_arg);
}

static void tick(void *arg)
{
    struct dpdk_port *dpdk = arg;

    dpdk->timer = NULL;
    submit(dpdk);
}

static void look_later(struct dpdk_port *dpdk)
{
    uint64_t in_ns = dpdk->device != NULL && !dpdk->status.link_up ? LOOK_DOWN_NS : LOOK_NS;

    if (dpdk->timer != NULL || dpdk->stopping)
        return;
    (void)dpdk->port.host->timer(dpdk->port.host, clock_now_ns() + in_ns, tick, dpdk, &dpdk->timer);
}

static void rest(struct dpdk_port *dpdk)
{
    dpdk->busy = false;
    if (dpdk->stopping)
        finish_stop(dpdk);
    else if (dpdk->again)
        submit(dpdk);
    else
        look_later(dpdk);
}

static void closed(void *arg)
{
    rest(arg);
}

static void let_go(void *arg)
{
    struct dpdk_port *dpdk = arg;

    if (dpdk->port.host->run(dpdk->port.host, close_work, closed, dpdk) == 0)
        return;
    close_work(dpdk);
    closed(dpdk);
}

static void keep_totals(struct dpdk_port *dpdk)
{
    struct rte_eth_stats *sum = &dpdk->before;
    const struct rte_eth_stats *last = &dpdk->status.stats;

    sum->ipackets += last->ipackets;
    sum->opackets += last->opackets;
    sum->imissed += last->imissed;
    sum->ierrors += last->ierrors;
    sum->oerrors += last->oerrors;
    sum->rx_nombuf += last->rx_nombuf;
    memset(&dpdk->status, 0, sizeof(dpdk->status));
}

/* Take the device from the workers and close it; the port itself lives on. */
static void lose(struct dpdk_port *dpdk)
{
    struct port_host *host = dpdk->port.host;

    dpdk->busy = true;
    dpdk->job.device = dpdk->device;
    atomic_store(&dpdk->device->owner, NULL);
    dpdk->device = NULL;
    keep_totals(dpdk);
    publish(dpdk);
    host->event(host, &dpdk->port, PORT_EVENT_DISCONNECTED, dpdk->error.msg);
    host->retire(host, let_go, dpdk);
}

/* ---- jobs -------------------------------------------------------------------------------- */
static void take_device(struct dpdk_port *dpdk)
{
    struct port_host *host = dpdk->port.host;

    if (dpdk->device != NULL || dpdk->job.device == NULL)
        return;
    dpdk->device = dpdk->job.device;
    atomic_store(&dpdk->device->owner, &dpdk->port);
    host->event(host, &dpdk->port, PORT_EVENT_CONNECTED, dpdk->want.device.name);
}

static void rested(void *arg)
{
    struct dpdk_port *dpdk = arg;

    dpdk_device_rested(dpdk->device);
    rest(dpdk);
}

static void job_done(void *arg)
{
    struct dpdk_port *dpdk = arg;
    struct dpdk_job *job = &dpdk->job;

    take_device(dpdk);
    set_error(dpdk, &job->err);
    if (dpdk->device != NULL && job->gone && !dpdk->stopping) {
        lose(dpdk);
        return;
    }
    if (dpdk->device != NULL && !job->gone)
        set_status(dpdk, &job->status);
    publish(dpdk);
    watch(dpdk);
    if (job->left)
        dpdk->port.host->retire(dpdk->port.host, rested, dpdk);
    else
        rest(dpdk);
}

static void submit(struct dpdk_port *dpdk)
{
    dpdk->again = true;
    if (dpdk->busy || dpdk->stopping)
        return;
    dpdk->port.host->timer_cancel(dpdk->timer);
    dpdk->timer = NULL;
    dpdk->busy = true;
    dpdk->again = false;
    dpdk->job = (struct dpdk_job){
        .config = dpdk->want,
        .queues = dpdk->port.queue_pairs,
        .device = dpdk->device,
        .set_link = dpdk->changed,
        .status = dpdk->status,
    };
    dpdk->changed = false;
    if (dpdk->port.host->run(dpdk->port.host, job_work, job_done, dpdk) == 0)
        return;
    dpdk->busy = false;
    dpdk->changed = true;
    look_later(dpdk);
}

/* ---- the contract ------------------------------------------------------------------------ */
int dpdk_life_start(struct port *port, struct vsw_err *err)
{
    struct dpdk_port *dpdk = dpdk_port_of(port);

    atomic_store(&dpdk->device->owner, port);
    publish(dpdk);
    watch(dpdk);
    submit(dpdk);
    return 0;
}

static void workers_gone(void *arg)
{
    struct dpdk_port *dpdk = arg;

    dpdk->workers_gone = true;
    finish_stop(dpdk);
}

void dpdk_life_stop(struct port *port, void (*done)(void *arg), void *arg)
{
    struct dpdk_port *dpdk = dpdk_port_of(port);

    dpdk->stopping = true;
    dpdk->stop_done = done;
    dpdk->stop_arg = arg;
    port->host->timer_cancel(dpdk->timer);
    dpdk->timer = NULL;
    unwatch(dpdk);
    if (dpdk->device != NULL)
        atomic_store(&dpdk->device->owner, NULL);
    publish(dpdk);
    port->host->retire(port->host, workers_gone, dpdk);
}

int dpdk_life_can_configure(const struct port *port, const struct port_config *config)
{
    struct dpdk_config next;

    /* What is wrong with it is said by configure. */
    if (dpdk_config_parse(config, port->host->run_dir, &next, NULL) < 0)
        return 0;
    return dpdk_config_same_device(&dpdk_port_of(port)->want, &next) ? 0 : -EBUSY;
}

int dpdk_life_configure(struct port *port, const struct port_config *config, struct vsw_err *err)
{
    struct dpdk_port *dpdk = dpdk_port_of(port);
    struct dpdk_config next;
    int rc = dpdk_config_parse(config, port->host->run_dir, &next, err);

    if (rc < 0)
        return rc;
    if (!dpdk_config_same_device(&dpdk->want, &next))
        return vsw_err_set(err, -EBUSY, NULL, "only up and poll_us can be changed");
    dpdk->changed |= dpdk->want.up != next.up;
    dpdk->want = next;
    publish(dpdk);
    submit(dpdk);
    return 0;
}

void dpdk_life_attention(struct port *port)
{
    atomic_store(&port->attention, false);
    submit(dpdk_port_of(port));
}
