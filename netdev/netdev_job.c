/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What control has done on the helper thread: finding the interface in its namespace, opening it,
 * looking at it, closing it.
 */
#include <errno.h>
#include <netlink/netlink.h>
#include <stdlib.h>

#include "netdev/netdev_port.h"

/* ---- the place --------------------------------------------------------------------------- */
static int watch_links(struct netdev_place *place, struct vsw_err *err)
{
    struct netns_visit visit;
    int rc = netns_enter(&place->netns, &visit, err);

    if (rc < 0)
        return rc;
    rc = netdev_link_watch(&place->events);
    netns_leave(&visit);
    if (rc < 0)
        vsw_err_set(err, rc, NULL, "cannot watch the kernel's events: %s", strerror(-rc));
    return rc;
}

static int place_open(const char *netns, struct netdev_place **ret, struct vsw_err *err)
{
    struct netdev_place *place = calloc(1, sizeof(*place));
    int rc;

    if (place == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    place->netns.fd = place->netns.pidfd = -1;
    rc = netns_open(netns, &place->netns, err);
    if (rc == 0)
        rc = watch_links(place, err);
    if (rc < 0)
        netdev_place_close(place);
    else
        *ret = place;
    return rc;
}

void netdev_place_close(struct netdev_place *place)
{
    if (place == NULL)
        return;
    if (place->events != NULL)
        nl_socket_free(place->events);
    netns_close(&place->netns);
    free(place);
}

/* ---- a look ------------------------------------------------------------------------------ */
static void find_error(struct netdev_job *job, int rc)
{
    job->gone = rc == -ENODEV;
    if (!job->gone) {
        vsw_err_set(&job->err, rc, "iface", "cannot look at interface %s: %s", job->config.iface,
                    strerror(-rc));
        return;
    }
    vsw_err_set(&job->err, rc, "iface", "there is no interface %s%s%.64s", job->config.iface,
                job->config.netns[0] != '\0' ? " in namespace " : "", job->config.netns);
    vsw_err_hint(&job->err, "`ip link` lists those there are");
}

static void check_mtu(struct netdev_job *job)
{
    if (job->link.mtu >= job->config.mtu)
        return;
    vsw_err_set(&job->err, -ERANGE, "mtu", "interface %s has an MTU of %u, the port of %u",
                job->link.name, job->link.mtu, job->config.mtu);
    vsw_err_hint(&job->err, "`ip link set %s mtu %u`, or mtu=%u for the port", job->link.name,
                 job->config.mtu, job->link.mtu);
}

static void check_link(struct netdev_job *job)
{
    if (job->err.code != 0)
        return;
    if (!(job->link.flags & IFF_UP)) {
        vsw_err_set(&job->err, -ENETDOWN, "iface", "interface %s is down", job->link.name);
        vsw_err_hint(&job->err, "ip link set %s up", job->link.name);
    } else if (!(job->link.flags & IFF_RUNNING)) {
        vsw_err_set(&job->err, -ENOLINK, "iface", "interface %s has no carrier", job->link.name);
        vsw_err_hint(&job->err, "is its cable in, or its peer up?");
    }
}

static void look(struct netdev_job *job)
{
    int ifindex = job->device != NULL ? job->device->ifindex : 0;
    int rc = netdev_link_get(ifindex, job->config.iface, &job->link);

    if (rc < 0) {
        find_error(job, rc);
        return;
    }
    check_mtu(job);
    if (job->device == NULL && job->err.code == 0)
        (void)netdev_device_open(&job->config, job->queues_max, &job->link, job->run_dir,
                                 &job->device, &job->err);
    else if (job->device != NULL && job->apply)
        (void)netdev_device_apply(job->device, &job->config, &job->err);
    check_link(job);
}

static int go_there(struct netdev_job *job, struct netns_visit *ret_visit)
{
    int rc = 0;

    if (job->place == NULL)
        rc = place_open(job->config.netns, &job->place, &job->err);
    else if (netns_gone(&job->place->netns, &job->err))
        rc = job->err.code;
    job->final = rc == -ESRCH;
    job->lost = rc < 0 && job->place != NULL;
    job->gone = job->final || job->lost || rc == -ENOENT;
    return rc < 0 ? rc : netns_enter(&job->place->netns, ret_visit, &job->err);
}

void netdev_job_run(struct netdev_job *job)
{
    struct netns_visit visit;

    if (go_there(job, &visit) < 0)
        return;
    look(job);
    netns_leave(&visit);
}

void netdev_device_close_in(struct netdev_device *dev, const struct netdev_place *place)
{
    struct netns_visit visit = {.home_fd = -1};

    if (dev == NULL)
        return;
    (void)netns_enter(&place->netns, &visit, NULL);
    netdev_device_close(dev);
    netns_leave(&visit);
}
