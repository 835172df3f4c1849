/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Starting DPDK with the arguments that suit a daemon that has no device yet, and no helpers.
 */
#include "control/eal.h"

#include "base/log.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <rte_bus.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* "/sys/kernel/mm/hugepages/hugepages-2048kB" */
static uint64_t free_mib(const char *dir)
{
    const char *dash = strrchr(dir, '-');
    char path[256];
    uint64_t kib = 0, count = 0;
    FILE *file;

    if (dash == NULL || sscanf(dash, "-%" SCNu64 "kB", &kib) != 1)
        return 0;
    snprintf(path, sizeof(path), "%s/free_hugepages", dir);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%" SCNu64, &count) != 1)
        count = 0;
    fclose(file);
    return kib * count / 1024;
}

static bool huge_pages_suffice(uint32_t memory_mib)
{
    glob_t found;
    bool enough = false;

    if (glob("/sys/kernel/mm/hugepages/hugepages-*", 0, NULL, &found) != 0)
        return false;
    for (size_t i = 0; i < found.gl_pathc; i++)
        enough |= free_mib(found.gl_pathv[i]) >= memory_mib;
    globfree(&found);
    return enough;
}

/* What the kernel could give us now without pushing others out; 0 = it does not say. */
static uint64_t available_mib(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    char line[128];
    uint64_t kib = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
            break;
    }
    if (file != NULL)
        fclose(file);
    return kib / 1024;
}

/* EAL would ask for it, be promised it by the kernel, and be killed later. */
static int check_memory(uint32_t memory_mib, struct vsw_err *err)
{
    uint64_t available = available_mib();

    if (available == 0 || memory_mib <= available)
        return 0;
    vsw_err_set(err, -ENOMEM, "memory",
                "DPDK cannot allocate %u MiB of packet memory: %" PRIu64 " MiB are available",
                memory_mib, available);
    vsw_err_hint(err, "choose a smaller --memory");
    return -ENOMEM;
}

/* Cards are left alone until a port asks for one. With --no-pci none could be asked for until the
 * daemon is restarted; a list of those allowed that names none but this, which cannot be there,
 * keeps DPDK's hands off all of them, and whatever is probed later is added to it. */
#define NO_DEVICE "pci:ffff:ff:1f.7"

static int init(uint32_t memory_mib, bool huge, int cpu)
{
    bool has_pci = rte_bus_find_by_name("pci") != NULL;
    char memory[16], lcores[32];
    /* Ordinary memory is "legacy" to EAL, which then refuses --in-memory. */
    char *argv[] = {
        "vswitchd",
        "--no-telemetry",
        "--log-level=critical",
        "-m",
        memory,
        "--lcores",
        lcores,
        huge ? "--in-memory" : "--no-shconf",
        huge ? "--single-file-segments" : "--no-huge",
        has_pci ? "--allow=" NO_DEVICE : "--no-pci",
        NULL,
    };
    int argc = 0;

    snprintf(memory, sizeof(memory), "%u", memory_mib);
    snprintf(lcores, sizeof(lcores), "0@%d", cpu);
    while (argv[argc] != NULL)
        argc++;
    return rte_eal_init(argc, argv);
}

static int refuse_growth(int socket, size_t limit, size_t bytes)
{
    return -1;
}

/* What is reserved now is all there will be: while DPDK adds a huge page its own SIGBUS handler is
 * in the place of ours, and a guest that shrinks its memory just then would end us. With ordinary
 * pages nothing is added anyway. */
static void forbid_growth(void)
{
    for (unsigned i = 0; i < rte_socket_count(); i++) {
        int socket = rte_socket_id_by_idx(i);
        struct rte_malloc_socket_stats stats = {0};

        if (rte_malloc_get_socket_stats(socket, &stats) == 0)
            rte_mem_alloc_validator_register("vswitchd", refuse_growth, socket,
                                             stats.heap_totalsz_bytes);
    }
}

static int first_cpu(const cpu_set_t *set)
{
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, set))
            return cpu;
    }
    return 0;
}

int eal_start(uint32_t memory_mib, char *ret_text, size_t size, struct vsw_err *err)
{
    bool huge = huge_pages_suffice(memory_mib);
    cpu_set_t before;

    if (!huge && check_memory(memory_mib, err) < 0)
        return -ENOMEM;
    CPU_ZERO(&before);
    if (sched_getaffinity(0, sizeof(before), &before) < 0)
        return vsw_err_set(err, -errno, NULL, "cannot read the CPU affinity: %s",
                           strerrordesc_np(errno));
    if (init(memory_mib, huge, first_cpu(&before)) < 0) {
        vsw_err_set(err, -ENOMEM, "memory", "DPDK cannot start with %u MiB of %s memory: %s",
                    memory_mib, huge ? "huge page" : "ordinary",
                    rte_errno != 0 ? strerrordesc_np(rte_errno) : "it does not say why");
        vsw_err_hint(err, "try a smaller --memory, or look at `ulimit -v` and the cgroup's limit");
        return -ENOMEM;
    }
    forbid_growth();
    sched_setaffinity(0, sizeof(before), &before);
    snprintf(ret_text, size, "%u MiB, %s", memory_mib, huge ? "huge pages" : "ordinary pages");
    return 0;
}

int eal_thread_init(uint16_t worker)
{
    if (rte_thread_register() == 0)
        return 0;
    return rte_errno != 0 ? -rte_errno : -ENOMEM;
}
