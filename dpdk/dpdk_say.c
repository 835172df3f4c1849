/* SPDX-License-Identifier: BSD-3-Clause
 *
 * DPDK's log as a source of reasons. The log is one per process, and only the helper thread
 * listens; what other threads of DPDK log meanwhile may come along.
 */
#include "dpdk/dpdk_say.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <rte_log.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock; /* the interrupt thread of DPDK logs, too */
    FILE *stream;
    uint32_t level_before;
    char first[200];
} say = {.lock = PTHREAD_MUTEX_INITIALIZER};

void dpdk_say_tidy(const char *line, char *ret, size_t size)
{
    const char *p = strstr(line, "(): ");
    size_t len;

    p = p != NULL ? p + 4 : line;
    if (strncmp(p, "EAL: ", 5) == 0)
        p += 5;
    len = strcspn(p, "\n");
    while (len > 0 && (p[len - 1] == '.' || p[len - 1] == ' ' || p[len - 1] == '!'))
        len--;
    if (len >= size)
        len = size - 1;
    memcpy(ret, p, len);
    ret[len] = '\0';
}

static ssize_t on_log(void *cookie, const char *text, size_t bytes)
{
    char line[256];

    snprintf(line, sizeof(line), "%.*s", (int)bytes, text);
    pthread_mutex_lock(&say.lock);
    if (say.first[0] == '\0')
        dpdk_say_tidy(line, say.first, sizeof(say.first));
    pthread_mutex_unlock(&say.lock);
    return (ssize_t)bytes;
}

void dpdk_say_begin(void)
{
    const cookie_io_functions_t io = {.write = on_log};

    pthread_mutex_lock(&say.lock);
    say.first[0] = '\0';
    pthread_mutex_unlock(&say.lock);
    if (say.stream == NULL) {
        say.stream = fopencookie(NULL, "w", io);
        if (say.stream == NULL)
            return;
        setvbuf(say.stream, NULL, _IOLBF, 0);
    }
    say.level_before = rte_log_get_global_level();
    rte_openlog_stream(say.stream);
    rte_log_set_global_level(RTE_LOG_ERR);
}

void dpdk_say_end(void)
{
    if (say.stream == NULL)
        return;
    /* The stream stays: another thread may be about to write to it. */
    rte_log_set_global_level(say.level_before);
    rte_openlog_stream(NULL);
}

const char *dpdk_say_first(void)
{
    if (say.stream != NULL)
        fflush(say.stream);
    return say.first;
}

/* ---- cards ------------------------------------------------------------------------------- */

/* Drivers whose cards DPDK takes over, or shares (mlx). */
static bool gives_way(const char *kernel_driver)
{
    static const char *const names[] = {"vfio-pci",  "igb_uio",   "uio_pci_generic",
                                        "mlx5_core", "mlx4_core", "mana"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(names[i], kernel_driver) == 0)
            return true;
    }
    return false;
}

int dpdk_say_check_pci(const struct dpdk_device_name *d, const char *field, struct vsw_err *err)
{
    char path[128], target[PATH_MAX];
    const char *kernel_driver;
    ssize_t len;

    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.12s", d->name);
    if (access(path, F_OK) < 0) {
        vsw_err_set(err, -ENODEV, field, "there is no PCI device %s", d->name);
        vsw_err_hint(err, "see dpdk-devbind.py --status");
        return -ENODEV;
    }
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.12s/driver", d->name);
    len = readlink(path, target, sizeof(target) - 1);
    target[len < 0 ? 0 : len] = '\0';
    kernel_driver = strrchr(target, '/');
    if (kernel_driver != NULL && gives_way(kernel_driver + 1))
        return 0;
    vsw_err_set(err, -EBUSY, field,
                kernel_driver != NULL ? "%s is in use by the kernel's driver %s"
                                      : "%s is bound to no driver that DPDK can use%s",
                d->name, kernel_driver != NULL ? kernel_driver + 1 : "");
    vsw_err_hint(err,
                 "dpdk-devbind.py --bind=vfio-pci %s takes it from the host; to share a card "
                 "with the host use a port of another type",
                 d->name);
    return -EBUSY;
}

/* ---- reasons ----------------------------------------------------------------------------- */
static void hint_probe(const struct dpdk_device_name *d, int code, const char *why,
                       struct vsw_err *err)
{
    if (strstr(why, "ermission") != NULL || strstr(why, "not permitted") != NULL)
        vsw_err_hint(err, "vswitchd lacks a right for it: start it as root, or see "
                          "CapabilityBoundingSet= of its unit");
    else if (code == -EFAULT || strstr(why, "failed to parse device") != NULL)
        vsw_err_hint(err, "install the driver: apt-get install %s, then restart vswitchd",
                     d->driver->package);
    else
        vsw_err_hint(err, "see the guide of DPDK for the arguments of %s", d->driver->name);
}

int dpdk_say_probe_failed(const struct dpdk_device_name *d, const char *field, int code,
                          struct vsw_err *err)
{
    const char *why = dpdk_say_first();
    bool no_driver = code == -EFAULT || strstr(why, "failed to parse device") != NULL;

    if (no_driver)
        vsw_err_set(err, -ENOENT, field, "the DPDK driver for %s is not installed", d->name);
    else if (code == -EEXIST)
        vsw_err_set(err, -EBUSY, field, "%s is in use by another port", d->name);
    else
        vsw_err_set(err, code == -ENODEV ? -ENODEV : -EINVAL, field, "DPDK cannot open %s: %.150s",
                    d->name, why[0] != '\0' ? why : "it does not say why");
    hint_probe(d, code, why, err);
    return no_driver ? -ENOENT : code == -EEXIST ? -EBUSY : code == -ENODEV ? -ENODEV : -EINVAL;
}
