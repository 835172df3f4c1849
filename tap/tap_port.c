/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The port type "tap": making and ending a port (helper thread), what it says about itself
 * (control thread), and the table of its functions.
 */
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap/tap_port.h"

extern const struct port_type port_type_tap;

static void tap_free(struct tap_port *tap)
{
    tap_queues_fini(tap);
    port_fini(&tap->port);
    free(tap);
}

/* The first look: what is wrong now is an error of the command, later it is a state of the port. */
static int open_first(struct tap_job *job, struct vsw_err *err)
{
    tap_job_run(job);
    if (job->err.code == 0)
        return 0;
    tap_device_close(job->device, job->device != NULL && job->device->created);
    if (err != NULL)
        *err = job->err;
    return job->err.code;
}

static int make_port(struct port_host *host, const struct port_config *config,
                     const struct tap_device *dev, struct tap_port **ret)
{
    struct tap_port *tap = aligned_alloc(CACHE_LINE_BYTES, sizeof(*tap));
    uint16_t pairs = dev->queues;

    static_assert(sizeof(*tap) % CACHE_LINE_BYTES == 0, "aligned_alloc wants a multiple");
    if (tap == NULL)
        return -ENOMEM;
    memset(tap, 0, sizeof(*tap));
    if (port_init(&tap->port, &port_type_tap, host, config, pairs) < 0 ||
        tap_queues_init(tap, pairs) < 0) {
        tap_free(tap);
        return -ENOMEM;
    }
    *ret = tap;
    return 0;
}

static int tap_prepare(struct port_host *host, const struct port_config *config,
                       struct port **ret_port, struct vsw_err *err)
{
    struct tap_job *job = calloc(1, sizeof(*job));
    struct tap_port *tap = NULL;
    int rc;

    if (job == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    job->may_create = true;
    rc = tap_config_parse(config, &job->config, err);
    if (rc == 0)
        rc = open_first(job, err);
    if (rc == 0 && make_port(host, config, job->device, &tap) < 0) {
        tap_device_close(job->device, job->device->created);
        rc = vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    }
    if (rc == 0) {
        tap->want = job->config;
        tap->want.queues_want = tap->port.queue_pairs;
        tap->device = job->device;
        tap->may_create = job->device->owned;
        tap->status = job->status;
        tap_device_describe(tap->device, tap->features, sizeof(tap->features));
        *ret_port = &tap->port;
    }
    free(job);
    return rc;
}

static void tap_destroy(struct port *port, bool remove)
{
    struct tap_port *tap = tap_port_of(port);

    tap_device_close(tap->device, remove);
    tap_free(tap);
}

static void tap_info(const struct port *port, struct port_info *ret_info)
{
    const struct tap_port *tap = tap_port_of(port);
    const struct tap_link *link = &tap->status.link;
    struct port_info info = {.connected = tap->device != NULL};

    snprintf(info.where, sizeof(info.where), "%s%s%.*s",
             info.connected && link->name[0] != '\0' ? link->name : tap->want.ifname,
             tap->want.netns[0] != '\0' ? "@" : "", (int)sizeof(info.where) - IFNAMSIZ - 1,
             tap->want.netns);
    info.driver_ready = info.connected && (link->flags & IFF_UP) != 0;
    if (info.connected) {
        info.queue_pairs_enabled = atomic_load(&port->tx_queues);
        snprintf(info.features, sizeof(info.features), "%s", tap->features);
    }
    if (tap->error.code != 0) {
        snprintf(info.error, sizeof(info.error), "%.*s", PORT_ERROR_BYTES - 1, tap->error.msg);
        snprintf(info.hint, sizeof(info.hint), "%s", tap->error.hint);
        info.retries = !tap->hopeless || info.connected;
    }
    *ret_info = info;
}

/* As of the last look: about a second ago, three where nothing has changed for long. */
static void tap_counters(const struct port *port, port_counter_cb *cb, void *arg)
{
    static const char *const names[TAP_FILTER_VERDICTS][2] = {
        [TAP_FILTER_SRC_GROUP] = {"filter_src_group",
                                  "dropped in the kernel: source is a group address or zero"},
        [TAP_FILTER_RESERVED_ADDR] = {"filter_reserved_addr",
                                      "dropped in the kernel: reserved 01:80:c2 address"},
        [TAP_FILTER_UNTAGGED] = {"filter_vlan_untagged",
                                 "dropped in the kernel: untagged on a trunk without native"},
        [TAP_FILTER_TAGGED] = {"filter_vlan_tagged",
                               "dropped in the kernel: tagged frame on an access port"},
        [TAP_FILTER_NOT_ALLOWED] = {"filter_vlan_not_allowed",
                                    "dropped in the kernel: VLAN not allowed on this trunk"},
        [TAP_FILTER_VLAN_RESERVED] = {"filter_vlan_reserved",
                                      "dropped in the kernel: VLAN 4095 is reserved"},
        [TAP_FILTER_UNMAPPED] =
            {"filter_vlan_unmapped",
             "dropped in the kernel: a tag that the uplink's map does not name"},
    };
    const struct tap_status *s = &tap_port_of(port)->status;
    const struct tap_totals *before = &tap_port_of(port)->before;

    cb(arg, "kernel_drops", before->kernel_drops + s->kernel_drops,
       "frames the kernel dropped before the switch took them: queue full");
    for (int i = TAP_FILTER_PASS + 1; i < TAP_FILTER_VERDICTS; i++)
        cb(arg, names[i][0], before->filter_drops[i] + s->filter_drops[i], names[i][1]);
}

/* CAP_NET_ADMIN makes the device; without it only one that was made for our user could be used. */
static int tap_can_run(struct vsw_err *err)
{
    int fd = open(TAP_TUN_PATH, O_RDWR | O_CLOEXEC);
    bool opened = fd >= 0;

    if (opened)
        close(fd);
    capng_get_caps_process();
    if (opened && capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN))
        return 0;
    vsw_err_set(err, -EPERM, NULL, "a tap port is wanted, but there is no permission for %s%s",
                TAP_TUN_PATH, opened ? " (CAP_NET_ADMIN)" : "");
    vsw_err_hint(err, "start vswitchd as root, or remove the tap ports");
    return -EPERM;
}

const struct port_type port_type_tap = {
    .name = "tap",
    .help = "a network interface of the host, a namespace or a container",
    .options = &tap_options_object,
    .options_bytes = sizeof(struct tap_options),
    .can_run = tap_can_run,
    .prepare = tap_prepare,
    .destroy = tap_destroy,
    .start = tap_life_start,
    .stop = tap_life_stop,
    .can_configure = tap_life_can_configure,
    .configure = tap_life_configure,
    .attention = tap_life_attention,
    .info = tap_info,
    .counters = tap_counters,
    .rx = tap_rx,
    .rx_done = tap_rx_done,
    .rx_arm = tap_rx_arm,
    .rx_disarm = tap_rx_disarm,
    .tx = tap_tx,
    .tx_room = tap_tx_room,
};
