/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What one port's device should be, checked and resolved; a plain value that is copied between the
 * control and the helper thread. And which devices are allowed: devargs come from whoever may
 * change the switch, who need not be root, while the daemon may write any file.
 */
#ifndef DPDK_DPDK_CONFIG_H
#define DPDK_DPDK_CONFIG_H

#include "dpdk/dpdk.h"
#include "port/port.h"

#define DPDK_NAME_BYTES  64 /* as RTE_ETH_NAME_MAX_LEN */
#define DPDK_MEMBERS_MAX 8
#define DPDK_MTU_MIN     68 /* RFC 791 */

/* A kind of device; one line each in dpdk_config.c. */
struct dpdk_driver {
    const char *name;     /* of the driver; of a virtual device: its name begins with it */
    const char *package;  /* Debian's, where it is one of its own */
    const char *files[2]; /* arguments that name a file or socket */
    bool dma;             /* its memory must be DPDK's own: a card or another process reads it */
    bool bond, memif;
};

/* One device. */
struct dpdk_device_name {
    const struct dpdk_driver *driver; /* static */
    char name[DPDK_NAME_BYTES];       /* "net_pcap0" or "0000:3b:00.0" */
    char args[DPDK_DEVARGS_BYTES];    /* whole, as rte_dev_probe() takes it */
};

struct dpdk_config {
    char port_name[PORT_NAME_BYTES];
    struct dpdk_device_name device;
    struct dpdk_device_name member[DPDK_MEMBERS_MAX];
    uint16_t member_count;
    uint16_t queues;      /* 0 = automatic */
    uint16_t queues_want; /* 1..DPDK_QUEUES_MAX: the automatic choice, or `queues` */
    uint16_t descriptors; /* 0 = automatic */
    uint32_t buffer_bytes;
    uint64_t poll_max_ns;
    uint16_t mtu;
    bool promiscuous;
    bool up;  /* administratively */
    bool dma; /* of the device or one of its members */
};

/**
 * dpdk_config_parse() - check a port's configuration
 * @config: borrowed
 * @run_dir: the folder under which files may be named; NULL: anywhere
 * @ret: the resolved value, untouched on failure
 * @err: names the field, what is wrong and a hint
 *
 * Return: 0, -EINVAL, -ERANGE, -ENAMETOOLONG, -ENOTSUP (a device that is not allowed), -EPERM (a
 * file that is not).
 * Context: any thread; looks at the file system when a file is named.
 * Source: DPDK's guide "Network Interface Controller Drivers"
 */
int dpdk_config_parse(const struct port_config *config, const char *run_dir,
                      struct dpdk_config *ret, struct vsw_err *err);

/* May @next replace @now on a live device? False when the device must be made anew. */
bool dpdk_config_same_device(const struct dpdk_config *now, const struct dpdk_config *next);

/**
 * dpdk_device_parse() - take one device description apart
 * @text: as the operator wrote it, "pci:" or "vdev:" in front is fine
 * @field: for @err
 * @run_dir: as dpdk_config_parse()
 * @ret: untouched on failure
 * @err: filled on failure
 *
 * Return: as dpdk_config_parse().
 * Context: as dpdk_config_parse().
 * Source: none
 */
int dpdk_device_parse(const char *text, const char *field, const char *run_dir,
                      struct dpdk_device_name *ret, struct vsw_err *err);

/**
 * dpdk_arg() - one argument of a device description
 * @args: "name,key=value,..."
 * @key: which
 * @ret: its value
 * @size: bytes of @ret
 *
 * Return: true when it is there and fits.
 * Context: any thread; does not block.
 * Source: none
 */
bool dpdk_arg(const char *args, const char *key, char *ret, size_t size);

#endif
