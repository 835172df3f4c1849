/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The life of a started TAP port: publishing its device to the workers, noticing that it has gone,
 * waiting for it to come back, live changes. Control thread; whatever may block is a job on the
 * helper.
 */
#include <errno.h>

#include "base/clock.h"
#include "tap/tap_port.h"

#define LOOK_NS NS_PER_SEC
/* A device at which so many looks found nothing new is looked at less often: a thousand idle ports
 * are not to cost a thousand questions to the kernel in every second. A read from a device that is
 * gone fails, so that is noticed by itself while a worker reads. */
#define QUIET_LOOKS   10
#define QUIET_LOOK_NS (3 * NS_PER_SEC)

static void submit(struct tap_port *tap);

/* ---- helper ------------------------------------------------------------------------------------
 */
void tap_job_run(struct tap_job *job)
{
    int rc = 0;

    if (job->device == NULL) {
        job->apply = true;
        rc = tap_device_open(&job->config, job->may_create, &job->device, &job->err);
    }
    if (rc < 0)
        return;
    if (job->apply)
        rc = tap_device_apply(job->device, &job->config, job->carrier, &job->err);
    if (tap_device_check(job->device, &job->status, rc < 0 ? NULL : &job->err) == 0) {
        job->looked = true;
        return;
    }
    job->gone = true;
    job->final = netns_process_ended(&job->device->netns);
}

static void job_work(void *arg)
{
    tap_job_run(&((struct tap_port *)arg)->job);
}

static void close_work(void *arg)
{
    tap_device_close(((struct tap_port *)arg)->job.device, false);
}

/* ---- what workers see ---------------------------------------------------------------------------
 */
static void set_queue(struct tap_port *tap, uint16_t i, int fd, bool live)
{
    struct port_rxq *q = &tap->port.rxq[i];

    if (atomic_load(&q->event_fd) == fd && atomic_load(&q->live) == live)
        return;
    atomic_store(&q->event_fd, fd);
    atomic_store(&q->live, live);
    tap->port.host->rxq_changed(tap->port.host, q);
}

/* Bring what workers see in line with device and want. */
static void publish(struct tap_port *tap)
{
    struct tap_device *dev = tap->stopping ? NULL : tap->device;
    uint16_t queues = dev == NULL ? 0 : dev->queues;

    if (queues > tap->port.queue_pairs)
        queues = tap->port.queue_pairs;
    atomic_store_explicit(&tap->active, dev, memory_order_release);
    atomic_store(&tap->port.tx_offloads, TAP_OFFLOADS);
    atomic_store(&tap->port.mtu, tap->want.mtu);
    atomic_store(&tap->port.tx_queues, tap->want.up ? queues : 0);
    for (uint16_t i = 0; i < tap->port.queue_pairs; i++)
        set_queue(tap, i, i < queues ? dev->fd[i] : -1, i < queues && tap->want.up);
}

static void set_error(struct tap_port *tap, const struct vsw_err *err)
{
    bool same = tap->error.code == err->code && strcmp(tap->error.msg, err->msg) == 0;

    tap->error = *err;
    if (same)
        return;
    if (err->code != 0)
        tap->port.host->event(tap->port.host, &tap->port, PORT_EVENT_ERROR, err->msg);
    else
        tap->port.host->event(tap->port.host, &tap->port, PORT_EVENT_READY, "the device works");
}

/* ---- the device has gone ------------------------------------------------------------------------
 */
static void finish_stop(struct tap_port *tap)
{
    void (*done)(void *arg) = tap->stop_done;

    if (!tap->workers_gone || tap->busy || done == NULL)
        return;
    tap->stop_done = NULL;
    done(tap->stop_arg);
}

static void tick(void *arg)
{
    struct tap_port *tap = arg;

    tap->timer = NULL;
    submit(tap);
}

static void look_later(struct tap_port *tap)
{
    if (tap->timer != NULL || tap->stopping || (tap->hopeless && tap->device == NULL))
        return;
    (void)tap->port.host->timer(
        tap->port.host, clock_now_ns() + (tap->same_looks < QUIET_LOOKS ? LOOK_NS : QUIET_LOOK_NS),
        tick, tap, &tap->timer);
}

static void closed(void *arg)
{
    struct tap_port *tap = arg;

    tap->busy = false;
    if (tap->stopping)
        finish_stop(tap);
    else
        look_later(tap);
}

static void let_go(void *arg)
{
    struct tap_port *tap = arg;

    if (tap->port.host->run(tap->port.host, close_work, closed, tap) == 0)
        return;
    close_work(tap);
    closed(tap);
}

static void keep_totals(struct tap_port *tap)
{
    tap->before.kernel_drops += tap->status.kernel_drops;
    for (int i = 0; i < TAP_FILTER_VERDICTS; i++)
        tap->before.filter_drops[i] += tap->status.filter_drops[i];
    memset(&tap->status, 0, sizeof(tap->status));
}

/* Take the device from the workers and close it; the port itself lives on. */
static void lose(struct tap_port *tap)
{
    struct port_host *host = tap->port.host;

    tap->busy = true;
    tap->job.device = tap->device;
    if (!tap->device->owned)
        tap->may_create = false;
    tap->device = NULL;
    keep_totals(tap);
    publish(tap);
    host->event(host, &tap->port, PORT_EVENT_DISCONNECTED, tap->error.msg);
    host->retire(host, let_go, tap);
}

static void lose_dead(struct tap_port *tap)
{
    struct vsw_err err = {0};

    vsw_err_set(&err, -ENODEV, "ifname", "interface %s is gone: %s", tap->want.ifname,
                strerror(atomic_load(&tap->device->dead)));
    set_error(tap, &err);
    lose(tap);
}

/* ---- jobs ---------------------------------------------------------------------------------------
 */
static void take_device(struct tap_port *tap)
{
    struct port_host *host = tap->port.host;

    if (tap->device != NULL || tap->job.device == NULL)
        return;
    tap->device = tap->job.device;
    tap_device_describe(tap->device, tap->features, sizeof(tap->features));
    host->event(host, &tap->port, PORT_EVENT_CONNECTED, tap->want.ifname);
}

static bool looks_different(const struct tap_port *tap, const struct tap_status *now)
{
    return memcmp(&tap->status, now, sizeof(*now)) != 0;
}

static void job_done(void *arg)
{
    struct tap_port *tap = arg;
    struct tap_job *job = &tap->job;

    tap->busy = false;
    take_device(tap);
    if (job->err.code != 0 || !job->looked || job->apply || looks_different(tap, &job->status))
        tap->same_looks = 0;
    else if (tap->same_looks < QUIET_LOOKS)
        tap->same_looks++;
    if (job->looked) {
        tap->status = job->status;
        tap->last_mac = job->status.link.mac;
    }
    tap->hopeless = job->final;
    set_error(tap, &job->err);
    if (tap->stopping) {
        finish_stop(tap);
        return;
    }
    if (tap->device != NULL && job->gone) {
        lose(tap);
        return;
    }
    if (tap->device != NULL && atomic_load(&tap->device->dead) != 0) {
        lose_dead(tap);
        return;
    }
    publish(tap);
    if (tap->changed)
        submit(tap);
    else
        look_later(tap);
}

static void submit(struct tap_port *tap)
{
    if (tap->busy || tap->stopping || (tap->hopeless && tap->device == NULL))
        return;
    tap->port.host->timer_cancel(tap->timer);
    tap->timer = NULL;
    tap->busy = true;
    tap->job = (struct tap_job){
        .config = tap->want,
        .may_create = tap->may_create,
        .carrier = tap->want.up,
        .apply = tap->changed || tap->error.code != 0,
        .device = tap->device,
    };
    if (tap->device == NULL && tap->may_create && mac_is_zero(tap->want.mac.b))
        tap->job.config.mac = tap->last_mac;
    tap->changed = false;
    if (tap->port.host->run(tap->port.host, job_work, job_done, tap) == 0)
        return;
    tap->busy = false;
    tap->changed = true;
    look_later(tap);
}

/* ---- the contract -------------------------------------------------------------------------------
 */
int tap_life_start(struct port *port, struct vsw_err *err)
{
    struct tap_port *tap = tap_port_of(port);

    /* The kernel gets its carrier once somebody reads. */
    tap->changed = true;
    publish(tap);
    submit(tap);
    return 0;
}

static void workers_gone(void *arg)
{
    struct tap_port *tap = arg;

    tap->workers_gone = true;
    finish_stop(tap);
}

void tap_life_stop(struct port *port, void (*done)(void *arg), void *arg)
{
    struct tap_port *tap = tap_port_of(port);

    tap->stopping = true;
    tap->stop_done = done;
    tap->stop_arg = arg;
    port->host->timer_cancel(tap->timer);
    tap->timer = NULL;
    publish(tap);
    port->host->retire(port->host, workers_gone, tap);
}

int tap_life_can_configure(const struct port *port, const struct port_config *config)
{
    struct tap_config next;

    /* What is wrong with it is said by configure. */
    if (tap_config_parse(config, &next, NULL) < 0)
        return 0;
    return tap_config_same_device(&tap_port_of(port)->want, &next) ? 0 : -EBUSY;
}

int tap_life_configure(struct port *port, const struct port_config *config, struct vsw_err *err)
{
    struct tap_port *tap = tap_port_of(port);
    struct tap_config next;
    int rc = tap_config_parse(config, &next, err);

    if (rc < 0)
        return rc;
    if (!tap_config_same_device(&tap->want, &next))
        return vsw_err_set(err, -EBUSY, NULL, "interface, namespace and queues cannot be changed");
    next.queues_want = tap->port.queue_pairs;
    tap->want = next;
    tap->changed = true;
    publish(tap);
    submit(tap);
    return 0;
}

void tap_life_attention(struct port *port)
{
    struct tap_port *tap = tap_port_of(port);

    atomic_store(&port->attention, false);
    if (tap->device != NULL && !tap->busy && !tap->stopping && atomic_load(&tap->device->dead) != 0)
        lose_dead(tap);
}
