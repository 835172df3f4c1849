/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Loading, attaching and feeding of the programs, with libbpf.
 */
#include "netdev/netdev_prog.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "bpf/netdev_stack.skel.h"
#include "bpf/netdev_xdp.skel.h"
#include "bpf/netdev_xdp_tag.skel.h"

/* Newer than the headers of Debian 12. */
#define TCX_INGRESS        46
#define XDP_DEV_BOUND_ONLY (1U << 6)

/* The caller reports the error number; libbpf's own lines would fill the log of the daemon. */
static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
    return 0;
}

static void silence(void)
{
    libbpf_set_print(silent);
}

int netdev_progs_load(struct netdev_progs *ret)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct netdev_stack *stack;
    int rc;

    pthread_once(&once, silence);
    stack = netdev_stack__open();
    if (stack == NULL)
        return -errno;
    rc = netdev_stack__load(stack);
    if (rc < 0) {
        netdev_stack__destroy(stack);
        return rc;
    }
    *ret = (struct netdev_progs){.stack = stack, .xdp_link_fd = -1, .ingress_link_fd = -1};
    return 0;
}

/* ---- XDP --------------------------------------------------------------------------------- */

/* All programs of a port look into the same maps. */
static int share(const struct netdev_progs *progs, struct bpf_map *filter, struct bpf_map *macs,
                 struct bpf_map *counts)
{
    int rc = bpf_map__reuse_fd(filter, bpf_map__fd(progs->stack->maps.netdev_filter));

    if (rc == 0)
        rc = bpf_map__reuse_fd(macs, bpf_map__fd(progs->stack->maps.netdev_macs));
    if (rc == 0)
        rc = bpf_map__reuse_fd(counts, bpf_map__fd(progs->stack->maps.netdev_counts));
    return rc;
}

static int attach(struct netdev_progs *progs, int prog_fd, int ifindex, uint32_t flags)
{
    LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
    int fd = bpf_link_create(prog_fd, ifindex, BPF_XDP, &opts);

    if (fd < 0)
        return -errno;
    progs->xdp_link_fd = fd;
    return 0;
}

static int attach_tag(struct netdev_progs *progs, int ifindex)
{
    struct netdev_xdp_tag *xdp = netdev_xdp_tag__open();
    int rc = xdp == NULL ? -errno : 0;

    if (rc < 0)
        return rc;
    bpf_program__set_ifindex(xdp->progs.netdev_xdp, (uint32_t)ifindex);
    bpf_program__set_flags(xdp->progs.netdev_xdp, XDP_DEV_BOUND_ONLY);
    rc = share(progs, xdp->maps.netdev_filter, xdp->maps.netdev_macs, xdp->maps.netdev_counts);
    if (rc == 0)
        rc = netdev_xdp_tag__load(xdp);
    if (rc == 0)
        rc = attach(progs, bpf_program__fd(xdp->progs.netdev_xdp), ifindex, XDP_FLAGS_DRV_MODE);
    if (rc < 0)
        netdev_xdp_tag__destroy(xdp);
    else
        progs->xdp_tag = xdp;
    return rc;
}

static int attach_plain(struct netdev_progs *progs, int ifindex, uint32_t flags)
{
    struct netdev_xdp *xdp = netdev_xdp__open();
    int rc = xdp == NULL ? -errno : 0;

    if (rc == 0)
        rc = share(progs, xdp->maps.netdev_filter, xdp->maps.netdev_macs, xdp->maps.netdev_counts);
    if (rc == 0)
        rc = netdev_xdp__load(xdp);
    if (rc == 0)
        rc = attach(progs, bpf_program__fd(xdp->progs.netdev_xdp), ifindex, flags);
    if (rc < 0)
        netdev_xdp__destroy(xdp);
    else
        progs->xdp = xdp;
    return rc;
}

int netdev_progs_attach_xdp(struct netdev_progs *progs, int ifindex, bool native)
{
    if (native && attach_tag(progs, ifindex) == 0)
        return 0;
    return attach_plain(progs, ifindex, native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
}

void netdev_progs_detach_xdp(struct netdev_progs *progs)
{
    if (progs->xdp_link_fd >= 0)
        close(progs->xdp_link_fd);
    progs->xdp_link_fd = -1;
    netdev_xdp__destroy(progs->xdp);
    netdev_xdp_tag__destroy(progs->xdp_tag);
    progs->xdp = NULL;
    progs->xdp_tag = NULL;
}

int netdev_progs_set_xsk(struct netdev_progs *progs, uint32_t queue, int fd)
{
    struct bpf_map *map =
        progs->xdp_tag != NULL ? progs->xdp_tag->maps.netdev_xsks : progs->xdp->maps.netdev_xsks;

    return bpf_map_update_elem(bpf_map__fd(map), &queue, &fd, BPF_ANY) < 0 ? -errno : 0;
}

/* ---- the stack --------------------------------------------------------------------------- */
int netdev_progs_attach_ingress(struct netdev_progs *progs, int ifindex)
{
    int fd = bpf_link_create(bpf_program__fd(progs->stack->progs.netdev_ingress), ifindex,
                             (enum bpf_attach_type)TCX_INGRESS, NULL);

    if (fd < 0)
        return -errno;
    progs->ingress_link_fd = fd;
    return 0;
}

int netdev_progs_socket_fd(const struct netdev_progs *progs)
{
    return bpf_program__fd(progs->stack->progs.netdev_socket);
}

/* ---- maps -------------------------------------------------------------------------------- */
static bool is_wanted(const struct netdev_config *config, uint64_t mac)
{
    for (uint16_t i = 0; i < config->mac_count; i++) {
        if (config->mac[i] == mac)
            return true;
    }
    return false;
}

/* A key that is removed while we walk starts the walk anew; there are few. */
static int remove_others(int fd, const struct netdev_config *config)
{
    uint64_t key, next;
    const void *at = NULL;

    while (bpf_map_get_next_key(fd, at, &next) == 0) {
        if (is_wanted(config, next)) {
            key = next;
            at = &key;
            continue;
        }
        if (bpf_map_delete_elem(fd, &next) < 0)
            return -errno;
        at = NULL;
    }
    return 0;
}

static int set_macs(const struct netdev_progs *progs, const struct netdev_config *config)
{
    int fd = bpf_map__fd(progs->stack->maps.netdev_macs);
    const uint8_t one = 1;
    int rc = remove_others(fd, config);

    for (uint16_t i = 0; i < config->mac_count && rc == 0; i++)
        rc = bpf_map_update_elem(fd, &config->mac[i], &one, BPF_ANY) < 0 ? -errno : 0;
    return rc;
}

int netdev_progs_configure(const struct netdev_progs *progs, const struct netdev_config *config,
                           uint32_t room)
{
    struct netdev_filter filter = config->filter;
    const uint32_t zero = 0;
    int rc = set_macs(progs, config);

    filter.room = room;
    if (rc == 0 && bpf_map_update_elem(bpf_map__fd(progs->stack->maps.netdev_filter), &zero,
                                       &filter, BPF_ANY) < 0)
        rc = -errno;
    return rc;
}

void netdev_progs_counts(const struct netdev_progs *progs, uint64_t *ret_count)
{
    int cpus = libbpf_num_possible_cpus();
    uint64_t *of_cpu = cpus > 0 ? calloc((size_t)cpus, sizeof(*of_cpu)) : NULL;

    memset(ret_count, 0, NETDEV_COUNTS * sizeof(*ret_count));
    for (uint32_t i = 0; of_cpu != NULL && i < NETDEV_COUNTS; i++) {
        if (bpf_map_lookup_elem(bpf_map__fd(progs->stack->maps.netdev_counts), &i, of_cpu) < 0)
            continue;
        for (int cpu = 0; cpu < cpus; cpu++)
            ret_count[i] += of_cpu[cpu];
    }
    free(of_cpu);
}

void netdev_progs_unload(struct netdev_progs *progs)
{
    netdev_progs_detach_xdp(progs);
    if (progs->ingress_link_fd >= 0)
        close(progs->ingress_link_fd);
    progs->ingress_link_fd = -1;
    netdev_stack__destroy(progs->stack);
    progs->stack = NULL;
}
