/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Capabilities by an allow-list, system calls by a deny-list.
 *
 * Why a deny-list: the helper thread goes through glibc's name lookup, libnl, libbpf and DPDK,
 * whose calls differ between versions, and a call that is missing from an allow-list would show as
 * a port that cannot be made on somebody else's machine. What matters is out of reach this way:
 * running programs, tracing processes, mounting, loading modules or kernels, keys, other users.
 * Calls are refused with EPERM; nothing is killed, so that no guest can make the switch end by it.
 */
#include "control/harden.h"

#include "base/base.h"
#include "base/log.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void raise_limit(int resource)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(resource, &limit);
}

/* Private anonymous memory and ELF heads: guests' memory is shared and stays out of core files. */
static void limit_core_dump(void)
{
    int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (write(fd, "0x11", 4) < 0)
        log_warn("core files may hold memory of guests: %s", strerrordesc_np(errno));
    close(fd);
}

void harden_limits(void)
{
    struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a capture at its file size limit ends, not the daemon */
    raise_limit(RLIMIT_NOFILE);
    /* eBPF programs count as locked memory on kernels before 5.11. */
    if (setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0)
        raise_limit(RLIMIT_MEMLOCK);
    limit_core_dump();
}

static const struct {
    unsigned capability;
    const char *why;
} kept[] = {
    {CAP_NET_ADMIN, "TAP devices, addresses and routes by netlink; XDP"},
    {CAP_NET_RAW, "AF_XDP and AF_PACKET sockets of netdev ports, and of devices of dpdk ports"},
    {CAP_IPC_LOCK, "memory of AF_XDP sockets, where RLIMIT_MEMLOCK cannot be raised"},
    {CAP_SYS_ADMIN, "setns to the namespace of a TAP; bpf() before Linux 5.8"},
    {CAP_BPF, "eBPF programs of TAP and netdev ports"},
    {CAP_SYS_PTRACE, "opening the network namespace of a process (netns=pid:N)"},
    {CAP_CHOWN, "owners of vhost-user sockets"},
    {CAP_FOWNER, "modes and removal of sockets that belong to VM users"},
    {CAP_DAC_OVERRIDE, "sockets in folders that belong to VM users"},
};

int harden_capabilities(struct vsw_err *err)
{
    bool have[ARRAY_SIZE(kept)];
    capng_select_t set = CAPNG_SELECT_CAPS;

    if (capng_get_caps_process() < 0)
        return vsw_err_set(err, -EIO, NULL, "cannot read the capabilities of this process");
    if (capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        have[i] = capng_have_capability(CAPNG_PERMITTED, kept[i].capability);
    if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
        set = CAPNG_SELECT_BOTH;
    capng_clear(set);
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        if (have[i])
            capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
                         kept[i].capability);
    }
    if (capng_apply(set) < 0)
        return vsw_err_set(err, -EPERM, NULL, "cannot give up capabilities");
    return 0;
}

static const int denied[] = {
    /* programs and other processes */
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_getfd),
    /* file systems as a whole */
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(open_tree),
    SCMP_SYS(move_mount),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(quotactl),
    /* the kernel and the machine */
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(acct),
    SCMP_SYS(syslog),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(personality),
    /* keys and other users */
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),
    SCMP_SYS(setregid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(setfsuid),
    SCMP_SYS(setfsgid),
};

int harden_syscalls(struct vsw_err *err)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    int rc = ctx == NULL ? -ENOMEM : 0;

    for (size_t i = 0; i < ARRAY_SIZE(denied) && rc == 0; i++) {
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
        if (rc == -EDOM) /* unknown on this machine: nothing to refuse */
            rc = 0;
    }
    if (rc == 0)
        rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    if (rc < 0)
        return vsw_err_set(err, rc, NULL, "cannot install the system call filter: %s",
                           strerrordesc_np(-rc));
    log_debug("%zu system calls are refused from here on", ARRAY_SIZE(denied));
    return 0;
}
