/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The environment of one process: arguments for the EAL, its log kept in memory, its folder
 * removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "pktgen/env.h"

#define ARGS_MAX 24

struct env_log {
    FILE *file;
    char *text;
    size_t len;
    char line[192];
};

static struct env_log env_log;

int pg_env_core(int wanted, int *ret_core, struct vsw_err *err)
{
    cpu_set_t cpus;
    int core = wanted;

    CPU_ZERO(&cpus);
    if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
        return vsw_err_set(err, -errno, "core", "the CPUs of this process cannot be read");
    if (core < 0)
        for (core = CPU_SETSIZE - 1; core > 0 && !CPU_ISSET(core, &cpus);)
            core--;
    if (core >= CPU_SETSIZE || !CPU_ISSET(core, &cpus)) {
        vsw_err_set(err, -EINVAL, "core", "this process may not run on CPU %d", core);
        vsw_err_hint(err, "the CPUs it may use: taskset -p $$");
        return -EINVAL;
    }
    *ret_core = core;
    return 0;
}

const char *pg_env_said(void)
{
    const char *start;

    if (env_log.file == NULL || fflush(env_log.file) != 0 || env_log.len == 0)
        return "";
    start = env_log.text + env_log.len;
    while (start > env_log.text && start[-1] == '\n')
        start--;
    while (start > env_log.text && start[-1] != '\n')
        start--;
    snprintf(env_log.line, sizeof(env_log.line), "%.*s", (int)strcspn(start, "\n"), start);
    return env_log.line;
}

void pg_env_find(const char *after, const char *before, char *ret_text, size_t size)
{
    const char *start, *end;

    ret_text[0] = '\0';
    if (env_log.file == NULL || fflush(env_log.file) != 0 || env_log.text == NULL)
        return;
    end = strstr(env_log.text, before);
    for (start = end; start != NULL && start > env_log.text && start[-1] != '\n';)
        start--;
    start = start != NULL ? strstr(start, after) : NULL;
    if (start != NULL && start + strlen(after) < end)
        snprintf(ret_text, size, "%.*s", (int)(end - start - (ptrdiff_t)strlen(after)),
                 start + strlen(after));
}

static int stderr_fd = -1, heard_fd = -1;

static void listen_end(void)
{
    char text[4096];
    ssize_t len = pread(heard_fd, text, sizeof(text), 0);

    (void)dup2(stderr_fd, STDERR_FILENO);
    close(stderr_fd);
    close(heard_fd);
    stderr_fd = heard_fd = -1;
    if (len > 0 && env_log.file != NULL)
        (void)fwrite(text, 1, (size_t)len, env_log.file);
}

void pg_env_listen(bool on)
{
    if (!on) {
        if (stderr_fd >= 0)
            listen_end();
        return;
    }
    heard_fd = memfd_create("pktgen-heard", MFD_CLOEXEC);
    stderr_fd = heard_fd < 0 ? -1 : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (stderr_fd >= 0)
        (void)dup2(heard_fd, STDERR_FILENO);
    else if (heard_fd >= 0)
        close(heard_fd);
}

void pg_env_hush(void)
{
    if (env_log.file != NULL)
        rewind(env_log.file);
}

static int log_open(void)
{
    env_log.file = open_memstream(&env_log.text, &env_log.len);
    if (env_log.file == NULL)
        return -errno;
    return rte_openlog_stream(env_log.file) < 0 ? -EIO : 0;
}

static int huge_pages_check(uint64_t mem_bytes, struct vsw_err *err)
{
    unsigned long long free_pages = 0, page_kb = 0;
    char line[128];
    FILE *f = fopen("/proc/meminfo", "re");

    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        (void)sscanf(line, "HugePages_Free: %llu", &free_pages);
        (void)sscanf(line, "Hugepagesize: %llu", &page_kb);
    }
    if (f != NULL)
        fclose(f);
    if (free_pages * page_kb * 1024 >= mem_bytes)
        return 0;
    vsw_err_set(err, -ENOMEM, "huge", "%llu MB of huge pages are free, %llu MB are needed",
                free_pages * page_kb / 1024, (unsigned long long)mem_bytes >> 20);
    vsw_err_hint(err, "sysctl vm.nr_hugepages=N, or leave --huge out: pktgen works without");
    return -ENOMEM;
}

static int memory_check(uint64_t mem_bytes, struct vsw_err *err)
{
    unsigned long long available_kb = 0;
    char line[128];
    FILE *f = fopen("/proc/meminfo", "re");

    while (f != NULL && fgets(line, sizeof(line), f) != NULL)
        (void)sscanf(line, "MemAvailable: %llu", &available_kb);
    if (f != NULL)
        fclose(f);
    if (available_kb == 0 || available_kb * 1024 > mem_bytes)
        return 0;
    vsw_err_set(err, -ENOMEM, NULL, "no memory: %llu MB are needed, %llu MB are available",
                (unsigned long long)mem_bytes >> 20, available_kb >> 10);
    vsw_err_hint(err, "fewer ports, smaller entries=, rxbuf= or frames need less");
    return -ENOMEM;
}

static int eal_refused(struct vsw_err *err)
{
    int code = rte_errno == ENOMEM ? -ENOMEM : -EIO;

    vsw_err_set(err, code, NULL, "DPDK does not start: %s", rte_strerror(rte_errno));
    vsw_err_hint(err, "%s", pg_env_said());
    return code;
}

int pg_env_start(const struct pg_env *env, struct vsw_err *err)
{
    char core[16], prefix[40], mem[24];
    char *argv[ARGS_MAX];
    const char *fixed[] = {"pktgen",
                           "--no-pci",
                           "--no-telemetry",
                           "--log-level=*:error",
                           "--no-shconf",
                           "-l",
                           core,
                           prefix,
                           "-m",
                           mem};
    int argc = 0, core_id, rc;

    rc = pg_env_core(env->core, &core_id, err);
    if (rc == 0)
        rc = env->huge ? huge_pages_check(env->mem_bytes, err) : memory_check(env->mem_bytes, err);
    if (rc != 0)
        return rc;
    snprintf(core, sizeof(core), "%d", core_id);
    snprintf(prefix, sizeof(prefix), "--file-prefix=pktgen-%d", (int)getpid());
    snprintf(mem, sizeof(mem), "%llu", (unsigned long long)(env->mem_bytes >> 20) + 1);
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        argv[argc++] = (char *)(uintptr_t)fixed[i];
    /* Huge pages without files, which would stay. Ordinary memory is "legacy" to EAL, which then
     * refuses --in-memory. */
    argv[argc++] = (char *)(uintptr_t)(env->huge ? "--in-memory" : "--no-huge");
    if (env->huge)
        argv[argc++] = (char *)(uintptr_t) "--single-file-segments";
    rc = log_open();
    if (rc != 0)
        return vsw_err_set(err, rc, NULL, "the log of DPDK cannot be kept");
    return rte_eal_init(argc, argv) < 0 ? eal_refused(err) : 0;
}

void pg_env_stop(void)
{
    char folder[256];

    snprintf(folder, sizeof(folder), "%s", rte_eal_get_runtime_dir());
    rte_eal_cleanup();
    (void)rmdir(folder);
    rte_openlog_stream(NULL);
    if (env_log.file != NULL)
        fclose(env_log.file);
    free(env_log.text);
    env_log = (struct env_log){0};
}
