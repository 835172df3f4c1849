/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The life of a started netdev port: publishing its device to the workers, following what the
 * kernel tells of the interface, waiting for it to come back, live changes. Control thread;
 * whatever may block is a job on the helper.
 */
#include <errno.h>
#include <netlink/netlink.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "netdev/netdev_port.h"

/* While something is wrong: not everything that may cure it is told by the kernel. */
#define RETRY_NS NS_PER_SEC
/* Nobody tells that a namespace has lost its name, and our sockets keep it alive. */
#define LOOK_NS (3 * NS_PER_SEC)

static void submit(struct netdev_port *nd);

/* ---- helper ------------------------------------------------------------------------------ */
static void job_work(void *arg)
{
    netdev_job_run(&((struct netdev_port *)arg)->job);
}

static void close_work(void *arg)
{
    struct netdev_job *job = &((struct netdev_port *)arg)->job;

    netdev_device_close_in(job->device, job->place);
    if (job->lost)
        netdev_place_close(job->place);
}

/* ---- what workers see -------------------------------------------------------------------- */
static void set_queue(struct netdev_port *nd, uint16_t i, int fd, bool live)
{
    struct port_rxq *q = &nd->port.rxq[i];

    if (atomic_load(&q->event_fd) == fd && atomic_load(&q->live) == live)
        return;
    atomic_store(&q->event_fd, fd);
    atomic_store(&q->live, live);
    nd->port.host->rxq_changed(nd->port.host, q);
}

static int queue_fd(const struct netdev_port *nd, const struct netdev_device *dev, uint16_t i)
{
    if (dev == NULL)
        return -1;
    if (dev->way == NETDEV_WAY_PACKET)
        return i < dev->packets ? dev->packet[i].gate.set_fd : -1;
    if (i == nd->port.queue_pairs - 1)
        return dev->packet[0].gate.set_fd;
    return i < dev->queues ? dev->xsk[i].gate.set_fd : -1;
}

/* Bring what workers see in line with device, link and want. */
static void publish(struct netdev_port *nd)
{
    struct netdev_device *dev = nd->stopping ? NULL : nd->device;
    bool up =
        nd->want.up && dev != NULL && (nd->link.flags & IFF_UP) && (nd->link.flags & IFF_RUNNING);
    uint32_t mtu = dev != NULL && nd->link.mtu < nd->want.mtu ? nd->link.mtu : nd->want.mtu;

    atomic_store_explicit(&nd->active, dev, memory_order_release);
    atomic_store(&nd->port.tx_offloads, dev == NULL ? 0 : dev->tx_offloads);
    atomic_store(&nd->port.mtu, (uint16_t)mtu);
    atomic_store(&nd->port.tx_queues, up ? dev->queues : 0);
    for (uint16_t i = 0; i < nd->port.queue_pairs; i++) {
        int fd = queue_fd(nd, dev, i);

        set_queue(nd, i, fd, fd >= 0 && up);
    }
}

static void tell_error(struct netdev_port *nd)
{
    if (nd->error.code != 0)
        nd->port.host->event(nd->port.host, &nd->port, PORT_EVENT_ERROR, nd->error.msg);
    else
        nd->port.host->event(nd->port.host, &nd->port, PORT_EVENT_READY, "the interface works");
}

static void set_error(struct netdev_port *nd, const struct vsw_err *err)
{
    bool same = nd->error.code == err->code && strcmp(nd->error.msg, err->msg) == 0;

    nd->error = *err;
    if (!same)
        tell_error(nd);
}

/* ---- the interface has gone -------------------------------------------------------------- */
static void finish_stop(struct netdev_port *nd)
{
    void (*done)(void *arg) = nd->stop_done;

    if (!nd->workers_gone || nd->busy || done == NULL)
        return;
    nd->stop_done = NULL;
    done(nd->stop_arg);
}

static void tick(void *arg)
{
    struct netdev_port *nd = arg;

    nd->timer = NULL;
    submit(nd);
}

static void look_later(struct netdev_port *nd)
{
    bool wrong = nd->error.code != 0 || nd->changed;
    uint64_t wait_ns = wrong ? RETRY_NS : LOOK_NS;

    if (!wrong && nd->want.netns[0] == '\0')
        return;
    if (nd->timer != NULL || nd->stopping || nd->hopeless)
        return;
    (void)nd->port.host->timer(nd->port.host, clock_now_ns() + wait_ns, tick, nd, &nd->timer);
}

static void closed(void *arg)
{
    struct netdev_port *nd = arg;

    nd->busy = false;
    if (nd->stopping)
        finish_stop(nd);
    else
        submit(nd); /* it may be there again already */
}

static void let_go(void *arg)
{
    struct netdev_port *nd = arg;

    if (nd->port.host->run(nd->port.host, close_work, closed, nd) == 0)
        return;
    close_work(nd);
    closed(nd);
}

/* Take the device from the workers and close it; the port itself lives on. */
static void lose(struct netdev_port *nd)
{
    struct port_host *host = nd->port.host;

    nd->busy = true;
    netdev_totals_add(&nd->before, nd->device);
    nd->device = NULL;
    publish(nd);
    host->event(host, &nd->port, PORT_EVENT_DISCONNECTED, nd->error.msg);
    host->retire(host, let_go, nd);
}

/* ---- jobs -------------------------------------------------------------------------------- */
static void take_device(struct netdev_port *nd)
{
    struct port_host *host = nd->port.host;

    if (nd->device != NULL || nd->job.device == NULL)
        return;
    nd->device = nd->job.device;
    host->event(host, &nd->port, PORT_EVENT_CONNECTED, nd->job.link.name);
}

static void note_name(struct netdev_port *nd)
{
    char text[64];

    if (nd->link.name[0] == '\0' || strcmp(nd->link.name, nd->job.link.name) == 0)
        return;
    snprintf(text, sizeof(text), "%s is called %s now", nd->link.name, nd->job.link.name);
    nd->port.host->event(nd->port.host, &nd->port, PORT_EVENT_INFO, text);
}

static int watch_place(struct netdev_port *nd);

static void take_place(struct netdev_port *nd)
{
    struct netdev_job *job = &nd->job;

    nd->place = job->place;
    if (nd->stopping)
        return;
    if (!job->lost) {
        (void)watch_place(nd); /* tried again at the next look */
        return;
    }
    nd->port.host->unwatch(nd->watch);
    nd->watch = NULL;
    nd->place = NULL;
    /* Else it is closed with the device. */
    if (nd->device == NULL)
        netdev_place_close(job->place);
}

static void job_done(void *arg)
{
    struct netdev_port *nd = arg;
    struct netdev_job *job = &nd->job;

    nd->busy = false;
    nd->hopeless = job->final;
    take_device(nd);
    take_place(nd);
    if (!job->gone && job->link.ifindex != 0) {
        if (nd->device != NULL && nd->link.ifindex == job->link.ifindex)
            note_name(nd);
        nd->link = job->link;
    }
    set_error(nd, &job->err);
    if (nd->stopping) {
        finish_stop(nd);
        return;
    }
    if (nd->device != NULL && job->gone) {
        lose(nd);
        return;
    }
    publish(nd);
    if (nd->changed || nd->again)
        submit(nd);
    else
        look_later(nd);
}

static void submit(struct netdev_port *nd)
{
    if (nd->stopping || (nd->hopeless && nd->device == NULL))
        return;
    if (nd->busy) {
        nd->again = true;
        return;
    }
    nd->port.host->timer_cancel(nd->timer);
    nd->timer = NULL;
    nd->busy = true;
    nd->job = (struct netdev_job){
        .config = nd->want,
        .queues_max = (uint16_t)(nd->port.queue_pairs - 1),
        .run_dir = nd->port.host->run_dir,
        .apply = nd->changed || nd->error.code != 0,
        .place = nd->place,
        .device = nd->device,
    };
    nd->changed = nd->again = false;
    if (nd->port.host->run(nd->port.host, job_work, job_done, nd) == 0)
        return;
    nd->busy = false;
    nd->changed = true;
    look_later(nd);
}

static void on_events(void *arg, uint32_t events)
{
    struct netdev_port *nd = arg;

    if (netdev_link_changed(nd->place->events, nd->device != NULL ? nd->device->ifindex : 0,
                            nd->want.iface))
        submit(nd);
}

static int watch_place(struct netdev_port *nd)
{
    struct port_host *host = nd->port.host;

    if (nd->place == NULL || nd->watch != NULL)
        return 0;
    return host->watch(host, nl_socket_get_fd(nd->place->events), EPOLLIN, on_events, nd,
                       &nd->watch);
}

/* ---- the contract ------------------------------------------------------------------------ */
int netdev_life_start(struct port *port, struct vsw_err *err)
{
    struct netdev_port *nd = netdev_port_of(port);
    int rc = watch_place(nd);

    if (rc < 0)
        return vsw_err_set(err, rc, NULL, "cannot watch the kernel's events: %s", strerror(-rc));
    if (nd->error.code != 0)
        tell_error(nd);
    nd->changed = true;
    publish(nd);
    submit(nd);
    return 0;
}

static void workers_gone(void *arg)
{
    struct netdev_port *nd = arg;

    nd->workers_gone = true;
    finish_stop(nd);
}

void netdev_life_stop(struct port *port, void (*done)(void *arg), void *arg)
{
    struct netdev_port *nd = netdev_port_of(port);

    nd->stopping = true;
    nd->stop_done = done;
    nd->stop_arg = arg;
    port->host->unwatch(nd->watch);
    nd->watch = NULL;
    port->host->timer_cancel(nd->timer);
    nd->timer = NULL;
    publish(nd);
    port->host->retire(port->host, workers_gone, nd);
}

int netdev_life_can_configure(const struct port *port, const struct port_config *config)
{
    struct netdev_config next;

    /* What is wrong with it is said by configure. */
    if (netdev_config_parse(config, &next, NULL) < 0)
        return 0;
    return netdev_config_same_device(&netdev_port_of(port)->want, &next) ? 0 : -EBUSY;
}

int netdev_life_configure(struct port *port, const struct port_config *config, struct vsw_err *err)
{
    struct netdev_port *nd = netdev_port_of(port);
    struct netdev_config next;
    int rc = netdev_config_parse(config, &next, err);

    if (rc < 0)
        return rc;
    if (!netdev_config_same_device(&nd->want, &next))
        return vsw_err_set(err, -EBUSY, NULL, "interface, way and queues cannot be changed");
    if (nd->device != NULL && next.mtu > nd->want.mtu && next.mtu > nd->link.mtu) {
        vsw_err_set(err, -ERANGE, "mtu", "interface %s has an MTU of %u", nd->link.name,
                    nd->link.mtu);
        vsw_err_hint(err, "ip link set %s mtu %u", nd->link.name, next.mtu);
        return -ERANGE;
    }
    nd->want = next;
    nd->changed = true;
    publish(nd);
    submit(nd);
    return 0;
}
