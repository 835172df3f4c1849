/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The port type "dpdk": making and ending a port (helper thread), what it says about itself
 * (control thread), and the table of its functions.
 */
#include "dpdk/dpdk_port.h"

#include "base/counter.h"

#include <errno.h>
#include <stdlib.h>

extern const struct port_type port_type_dpdk;

static void dpdk_free(struct dpdk_port *dpdk)
{
    dpdk_queues_fini(dpdk);
    port_fini(&dpdk->port);
    free(dpdk);
}

static int make_port(struct port_host *host, const struct port_config *config, uint16_t queues,
                     struct dpdk_port **ret)
{
    struct dpdk_port *dpdk = aligned_alloc(CACHE_LINE_BYTES, sizeof(*dpdk));

    static_assert(sizeof(*dpdk) % CACHE_LINE_BYTES == 0, "aligned_alloc wants a multiple");
    if (dpdk == NULL)
        return -ENOMEM;
    memset(dpdk, 0, sizeof(*dpdk));
    dpdk->watch_fd = -1;
    if (port_init(&dpdk->port, &port_type_dpdk, host, config, queues) < 0 ||
        dpdk_queues_init(dpdk) < 0) {
        dpdk_free(dpdk);
        return -ENOMEM;
    }
    *ret = dpdk;
    return 0;
}

/* The first look: what is wrong now is an error of the command, later it is a state of the port. */
static int open_first(struct dpdk_job *job, struct vsw_err *err)
{
    dpdk_job_run(job);
    if (job->err.code == 0)
        return 0;
    dpdk_device_close(job->device);
    if (err != NULL)
        *err = job->err;
    return job->err.code;
}

static int prepare_with(struct dpdk_job *job, struct port_host *host,
                        const struct port_config *config, struct port **ret_port,
                        struct vsw_err *err)
{
    struct dpdk_port *dpdk = NULL;
    int rc = dpdk_config_parse(config, host->run_dir, &job->config, err);

    if (rc == 0)
        rc = open_first(job, err);
    if (rc < 0)
        return rc;
    if (make_port(host, config, job->device->queues, &dpdk) < 0) {
        dpdk_device_close(job->device);
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory or descriptors");
    }
    dpdk->want = job->config;
    dpdk->device = job->device;
    dpdk->status = job->status;
    *ret_port = &dpdk->port;
    return 0;
}

static int dpdk_prepare(struct port_host *host, const struct port_config *config,
                        struct port **ret_port, struct vsw_err *err)
{
    struct dpdk_job *job = calloc(1, sizeof(*job));
    int rc;

    if (job == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "out of memory");
    rc = prepare_with(job, host, config, ret_port, err);
    free(job);
    return rc;
}

static void dpdk_destroy(struct port *port, bool remove)
{
    struct dpdk_port *dpdk = dpdk_port_of(port);

    dpdk_queues_flush(dpdk);
    dpdk_device_close(dpdk->device);
    dpdk_free(dpdk);
}

static void dpdk_info(const struct port *port, struct port_info *ret_info)
{
    const struct dpdk_port *dpdk = dpdk_port_of(port);
    struct port_info info = {.connected = dpdk->device != NULL};

    snprintf(info.where, sizeof(info.where), "%.*s", (int)sizeof(info.where) - 1,
             dpdk->want.device.args);
    info.driver_ready = info.connected && dpdk->status.link_up;
    if (info.connected) {
        info.queue_pairs_enabled = atomic_load(&port->tx_queues);
        dpdk_device_describe(dpdk->device, &dpdk->status, dpdk->want.poll_max_ns, info.features,
                             sizeof(info.features));
    }
    if (dpdk->error.code != 0) {
        snprintf(info.error, sizeof(info.error), "%.*s", PORT_ERROR_BYTES - 1, dpdk->error.msg);
        snprintf(info.hint, sizeof(info.hint), "%s", dpdk->error.hint);
        info.retries = true;
    }
    *ret_info = info;
}

/* As of the last look, at most about a second ago. */
static void dpdk_counters(const struct port *port, port_counter_cb *cb, void *arg)
{
    const struct dpdk_port *dpdk = dpdk_port_of(port);
    const struct rte_eth_stats *now = &dpdk->status.stats, *before = &dpdk->before;
    uint64_t backup = 0;

    for (uint16_t i = 0; i < port->queue_pairs; i++)
        backup += counter_get(&dpdk->queue[i].backup_drops);
    cb(arg, "kernel_drops", before->imissed + now->imissed,
       "frames the device dropped before the switch took them: its queue was full");
    cb(arg, "kernel_no_mbuf", before->rx_nombuf + now->rx_nombuf,
       "the device had no buffer to receive into");
    cb(arg, "kernel_in_errors", before->ierrors + now->ierrors,
       "frames that the device received damaged");
    cb(arg, "kernel_out_errors", before->oerrors + now->oerrors,
       "frames that the device took and could not send");
    cb(arg, "filter_backup_leg", backup, "received by a member of a bond that is not in use");
}

const struct port_type port_type_dpdk = {
    .name = "dpdk",
    .help = "a network card or a virtual device of DPDK: bond, memif, pcap file, ...",
    .options = &dpdk_options_object,
    .options_bytes = sizeof(struct dpdk_options),
    .prepare = dpdk_prepare,
    .destroy = dpdk_destroy,
    .start = dpdk_life_start,
    .stop = dpdk_life_stop,
    .can_configure = dpdk_life_can_configure,
    .configure = dpdk_life_configure,
    .attention = dpdk_life_attention,
    .info = dpdk_info,
    .counters = dpdk_counters,
    .rx = dpdk_rx,
    .rx_done = dpdk_rx_done,
    .rx_arm = dpdk_rx_arm,
    .rx_disarm = dpdk_rx_disarm,
    .tx = dpdk_tx,
    .tx_room = dpdk_tx_room,
};
