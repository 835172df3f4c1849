/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Loading of the kernel programs with libbpf. Helper thread.
 */
#include "tap/tap_prog.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_tun.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "bpf/tap_filter.skel.h"
#include "bpf/tap_steer.skel.h"

/* The caller reports the error number; libbpf's own lines would fill the log of the daemon. */
static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
    return 0;
}

static void silence(void)
{
    libbpf_set_print(silent);
}

static int attach(int tun_fd, unsigned long request, int prog_fd)
{
    return ioctl(tun_fd, request, &prog_fd) < 0 ? -errno : 0;
}

static int load_steer(int tun_fd, struct tap_progs *progs)
{
    struct tap_steer *steer = tap_steer__open();
    int rc = steer == NULL ? -errno : tap_steer__load(steer);

    if (rc == 0)
        rc = attach(tun_fd, TUNSETSTEERINGEBPF, bpf_program__fd(steer->progs.tap_steer));
    if (rc < 0)
        tap_steer__destroy(steer);
    else
        progs->steer = steer;
    return rc;
}

static int load_filter(int tun_fd, const struct kern_guard *guard, struct tap_progs *progs)
{
    struct tap_progs loaded = {.filter = tap_filter__open()};
    int rc = loaded.filter == NULL ? -errno : tap_filter__load(loaded.filter);

    if (rc == 0)
        rc = tap_progs_configure(&loaded, guard);
    if (rc == 0)
        rc = attach(tun_fd, TUNSETFILTEREBPF, bpf_program__fd(loaded.filter->progs.tap_filter));
    if (rc < 0)
        tap_filter__destroy(loaded.filter);
    else
        progs->filter = loaded.filter;
    return rc;
}

void tap_progs_load(int tun_fd, uint16_t queues, const struct kern_guard *guard,
                    struct tap_progs *ret)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, silence);
    memset(ret, 0, sizeof(*ret));
    if (queues > 1)
        ret->steer_error = load_steer(tun_fd, ret);
    ret->filter_error = load_filter(tun_fd, guard, ret);
}

int tap_progs_configure(struct tap_progs *progs, const struct kern_guard *guard)
{
    const uint32_t zero = 0;

    if (progs->filter == NULL)
        return 0;
    if (bpf_map_update_elem(bpf_map__fd(progs->filter->maps.tap_filter_guard), &zero, guard,
                            BPF_ANY) < 0)
        return -errno;
    return 0;
}

void tap_progs_drops(const struct tap_progs *progs, uint64_t *ret_count)
{
    int cpus = libbpf_num_possible_cpus();
    uint64_t *of_cpu = progs->filter != NULL && cpus > 0 ? calloc((size_t)cpus, 8) : NULL;

    memset(ret_count, 0, TAP_FILTER_VERDICTS * sizeof(*ret_count));
    for (uint32_t i = 0; of_cpu != NULL && i < TAP_FILTER_VERDICTS; i++) {
        if (bpf_map_lookup_elem(bpf_map__fd(progs->filter->maps.tap_filter_drops), &i, of_cpu) < 0)
            continue;
        for (int cpu = 0; cpu < cpus; cpu++)
            ret_count[i] += of_cpu[cpu];
    }
    free(of_cpu);
}

void tap_progs_unload(struct tap_progs *progs, int tun_fd)
{
    if (tun_fd >= 0 && progs->steer != NULL)
        attach(tun_fd, TUNSETSTEERINGEBPF, -1);
    if (tun_fd >= 0 && progs->filter != NULL)
        attach(tun_fd, TUNSETFILTEREBPF, -1);
    tap_steer__destroy(progs->steer);
    tap_filter__destroy(progs->filter);
    progs->steer = NULL;
    progs->filter = NULL;
}
