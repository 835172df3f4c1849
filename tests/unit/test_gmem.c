/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Guest memory: which files are taken, how addresses are found, what a truncated file does.
 */
#include "port/gmem.h"
#include "port/gmem_guard.h"
#include "port/port.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u

/* The sanitizer must leave SIGBUS to us and deliver SIGSEGV to the tests that ask for it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "handle_sigbus=0:handle_segv=0:allow_user_segv_handler=1";
}

static int memfd_of(uint64_t bytes)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    return fd;
}

static struct gmem_region_spec spec_of(uint64_t gpa, uint64_t bytes)
{
    return (struct gmem_region_spec){
        .gpa = gpa, .size_bytes = bytes, .uva = 0x10000000 + gpa, .fd = memfd_of(bytes)};
}

static struct gmem_map *map_of(const struct gmem_region_spec *spec, unsigned count)
{
    struct gmem_map *map = NULL;
    struct vsw_err err = {0};

    if (gmem_map_create(spec, count, NULL, &map, &err) != 0)
        fail_msg("%s", err.msg);
    return map;
}

static bool fd_is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* ---- files ------------------------------------------------------------------------------- */

static void refuse(int fd, int want)
{
    struct gmem_region_spec spec = {.size_bytes = PAGE, .uva = PAGE, .fd = fd};
    struct gmem_map *map = NULL;
    struct vsw_err err = {0};

    assert_int_equal(gmem_map_create(&spec, 1, NULL, &map, &err), want);
    assert_null(map);
    assert_true(err.msg[0] != '\0');
    if (fd >= 0 && want != -EBADF) {
        assert_true(fd_is_open(fd));
        close(fd);
    }
}

static void test_foreign_files_are_refused(void **state)
{
    char name[] = "/var/tmp/gmem-XXXXXX";
    int pipes[2], sockets[2], disk = mkstemp(name);

    assert_true(disk >= 0);
    unlink(name);
    assert_int_equal(ftruncate(disk, PAGE), 0);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    refuse(disk, -EINVAL);
    refuse(pipes[0], -EINVAL);
    refuse(pipes[1], -EINVAL);
    refuse(sockets[0], -EINVAL);
    refuse(open("/dev/zero", O_RDWR), -EINVAL);
    refuse(open("/dev/null", O_RDWR), -EINVAL);
    refuse(open("/proc/self/maps", O_RDONLY), -EINVAL);
    refuse(open("/tmp", O_RDONLY | O_DIRECTORY), -EINVAL);
    refuse(eventfd(0, 0), -EINVAL);
    refuse(-1, -EBADF);
    refuse(987654, -EBADF);
    close(sockets[1]);
}

static void test_unwritable_files_are_refused(void **state)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    char path[64];

    assert_int_equal(ftruncate(fd, PAGE), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    refuse(open(path, O_RDONLY), -EACCES);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
    refuse(fd, -EPERM);
}

static void test_tmpfs_file_is_taken(void **state)
{
    char name[] = "/dev/shm/gmem-XXXXXX";
    int fd = mkstemp(name);
    struct gmem_region_spec spec = {.size_bytes = PAGE, .uva = PAGE, .fd = fd};

    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(ftruncate(fd, PAGE), 0);
    gmem_map_put(map_of(&spec, 1));
    assert_false(fd_is_open(fd));
}

static void test_short_file_is_refused(void **state)
{
    struct gmem_region_spec spec = spec_of(0, 2 * PAGE);
    struct gmem_map *map = NULL;
    struct vsw_err err = {0};

    spec.size_bytes = 2 * PAGE + 1;
    assert_int_equal(gmem_map_create(&spec, 1, NULL, &map, &err), -EFBIG);
    spec.size_bytes = PAGE;
    spec.mmap_offset = PAGE + 1;
    assert_int_equal(gmem_map_create(&spec, 1, NULL, &map, NULL), -EFBIG);
    spec.mmap_offset = PAGE;
    assert_int_equal(gmem_map_create(&spec, 1, NULL, &map, NULL), 0);
    gmem_map_put(map);
}

static void test_overflows_are_refused(void **state)
{
    struct gmem_region_spec good = spec_of(0, PAGE);
    struct gmem_map *map = NULL;
    const struct gmem_region_spec bad[] = {
        {.size_bytes = 0},
        {.size_bytes = UINT64_MAX},
        {.size_bytes = PAGE, .mmap_offset = UINT64_MAX - PAGE + 1},
        {.size_bytes = PAGE, .gpa = UINT64_MAX - PAGE + 1},
        {.size_bytes = PAGE, .uva = UINT64_MAX - PAGE + 1},
        {.size_bytes = PAGE, .gpa = UINT64_MAX},
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct gmem_region_spec spec = bad[i];

        spec.fd = good.fd;
        assert_int_equal(gmem_map_create(&spec, 1, NULL, &map, NULL), -EINVAL);
    }
    assert_true(fd_is_open(good.fd));
    close(good.fd);
}

static void test_overlap_is_refused(void **state)
{
    const uint64_t other[] = {0x10000 - PAGE, 0x10000, 0x10000 + PAGE, 0x10000 + 3 * PAGE};

    for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
        struct gmem_region_spec spec[2] = {spec_of(0x10000, 4 * PAGE), spec_of(other[i], 2 * PAGE)};
        struct gmem_map *map = NULL;

        assert_int_equal(gmem_map_create(spec, 2, NULL, &map, NULL), -EINVAL);
        /* Nothing was taken, though the first region had been mapped. */
        assert_true(fd_is_open(spec[0].fd) && fd_is_open(spec[1].fd));
        close(spec[0].fd);
        close(spec[1].fd);
    }
}

static void test_region_count_is_limited(void **state)
{
    struct gmem_region_spec spec[GMEM_REGIONS_MAX + 1];
    struct gmem_map *map = NULL, *more = NULL;

    for (unsigned i = 0; i < ARRAY_SIZE(spec); i++)
        spec[i] = spec_of((uint64_t)(ARRAY_SIZE(spec) - i) * PAGE, PAGE);
    assert_int_equal(gmem_map_create(spec, ARRAY_SIZE(spec), NULL, &map, NULL), -ENOSPC);
    map = map_of(spec, GMEM_REGIONS_MAX);
    assert_int_equal(gmem_map_add(map, &spec[GMEM_REGIONS_MAX], NULL, &more, NULL), -ENOSPC);
    for (unsigned i = 0; i < GMEM_REGIONS_MAX; i++) {
        struct gmem_hit hit = {0};

        assert_non_null(gmem_at(map, &hit, spec[i].gpa, PAGE));
    }
    gmem_map_put(map);
    close(spec[GMEM_REGIONS_MAX].fd);
}

/* ---- addresses --------------------------------------------------------------------------- */

static void test_find_clips_at_borders(void **state)
{
    /* Two neighbours, given in the wrong order, then a hole. */
    struct gmem_region_spec spec[3] = {spec_of(0x3000, 0x1000), spec_of(0x1000, 0x2000),
                                       spec_of(0x10000, 0x1000)};
    struct gmem_map *map = map_of(spec, 3);
    struct gmem_hit hit = {0};
    uint64_t have = 0;

    assert_null(gmem_find(map, &hit, 0xfff, 1, &have));
    assert_non_null(gmem_find(map, &hit, 0x1000, 0x2000, &have));
    assert_int_equal(have, 0x2000);
    assert_non_null(gmem_find(map, &hit, 0x2fff, 0x2000, &have));
    assert_int_equal(have, 1);
    assert_non_null(gmem_find(map, &hit, 0x3000, 0x1fff, &have));
    assert_int_equal(have, 0x1000);
    assert_null(gmem_find(map, &hit, 0x4000, 1, &have));
    assert_null(gmem_find(map, &hit, 0xffff, 1, &have));
    assert_null(gmem_find(map, &hit, 0x11000, 1, &have));
    assert_null(gmem_find(map, &hit, UINT64_MAX, UINT64_MAX, &have));
    assert_non_null(gmem_find(map, &hit, 0x10fff, UINT64_MAX, &have));
    assert_int_equal(have, 1);
    assert_null(gmem_at(map, &hit, 0x2fff, 2));
    assert_non_null(gmem_at(map, &hit, 0x2fff, 1));
    gmem_map_put(map);
}

static void test_copy_in_crosses_borders(void **state)
{
    struct gmem_region_spec spec[2] = {spec_of(0, PAGE), spec_of(PAGE, PAGE)};
    struct gmem_map *map = map_of(spec, 2);
    struct gmem_hit hit = {0};
    uint8_t buf[4] = {0};

    memcpy(map->region[0].host + PAGE - 2, "ab", 2);
    memcpy(map->region[1].host, "cd", 2);
    assert_true(gmem_copy_in(map, &hit, PAGE - 2, buf, 4));
    assert_memory_equal(buf, "abcd", 4);
    assert_false(gmem_copy_in(map, &hit, 2 * PAGE - 2, buf, 4));
    gmem_map_put(map);
}

static void test_uva(void **state)
{
    struct gmem_region_spec spec[2] = {spec_of(0, PAGE), spec_of(PAGE, PAGE)};
    struct gmem_map *map = map_of(spec, 2);
    uint64_t gpa = 0;

    assert_ptr_equal(gmem_at_uva(map, spec[1].uva + 5, 10, &gpa), map->region[1].host + 5);
    assert_int_equal(gpa, PAGE + 5);
    assert_non_null(gmem_at_uva(map, spec[0].uva, PAGE, NULL));
    assert_null(gmem_at_uva(map, spec[0].uva, PAGE + 1, NULL));
    assert_null(gmem_at_uva(map, spec[0].uva - 1, 2, NULL));
    assert_null(gmem_at_uva(map, spec[1].uva + PAGE, 1, NULL));
    assert_null(gmem_at_uva(map, spec[1].uva, UINT64_MAX, NULL));
    gmem_map_put(map);
}

static void test_offset_inside_a_page(void **state)
{
    struct gmem_region_spec spec = spec_of(0, 3 * PAGE);
    struct gmem_map *map;

    assert_int_equal(pwrite(spec.fd, "here", 4, PAGE + 100), 4);
    spec.mmap_offset = PAGE + 100;
    spec.size_bytes = PAGE + 200;
    map = map_of(&spec, 1);
    assert_memory_equal(map->region[0].host, "here", 4);
    map->region[0].host[PAGE + 199] = 1;
    gmem_map_put(map);
}

static void test_add_and_remove_share_mappings(void **state)
{
    struct gmem_region_spec spec[2] = {spec_of(PAGE, PAGE), spec_of(0, PAGE)};
    struct gmem_map *one = NULL, *two = NULL, *back = NULL, *none = NULL;
    struct gmem_region_spec wrong;

    assert_int_equal(gmem_map_add(NULL, &spec[0], NULL, &one, NULL), 0);
    assert_int_equal(gmem_map_add(one, &spec[1], NULL, &two, NULL), 0);
    assert_ptr_equal(two->region[1].host, one->region[0].host);
    assert_int_equal(gmem_map_add(two, &spec[1], NULL, &none, NULL), -EINVAL);
    assert_null(none);
    wrong = spec[0];
    wrong.uva++;
    assert_int_equal(gmem_map_remove(two, &wrong, &back, NULL), -ENOENT);
    assert_int_equal(gmem_map_remove(two, &spec[1], &back, NULL), 0);
    gmem_map_put(one);
    gmem_map_put(two);
    /* Only the last map holds what is left; the other region is gone with its fd. */
    assert_true(fd_is_open(spec[0].fd));
    assert_false(fd_is_open(spec[1].fd));
    back->region[0].host[PAGE - 1] = 1;
    gmem_map_put(gmem_map_get(back));
    back->region[0].host[0] = 1;
    gmem_map_put(back);
    assert_false(fd_is_open(spec[0].fd));
}

/* ---- faults ------------------------------------------------------------------------------ */

/* How a child ends that does @deed: the signal, or 0. */
static int signal_of(void (*deed)(void *arg), void *arg)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        struct rlimit no_core = {0, 0};

        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGSEGV, SIG_DFL); /* cmocka has a handler of its own */
        deed(arg);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void write_byte(void *arg)
{
    *(volatile uint8_t *)arg = 1;
}

static void raise_sigbus(void *arg)
{
    raise(SIGBUS);
}

static void test_guard_pages(void **state)
{
    struct gmem_region_spec spec = spec_of(0, 2 * PAGE);
    struct gmem_map *map = map_of(&spec, 1);
    uint8_t *host = map->region[0].host;

    assert_int_equal(signal_of(write_byte, host), 0);
    assert_int_equal(signal_of(write_byte, host + 2 * PAGE - 1), 0);
    assert_int_equal(signal_of(write_byte, host - 1), SIGSEGV);
    assert_int_equal(signal_of(write_byte, host + 2 * PAGE), SIGSEGV);
    gmem_map_put(map);
}

static void test_other_faults_still_kill(void **state)
{
    int fd = memfd_of(PAGE);
    uint8_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    assert_int_equal(gmem_guard_install(), 0);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(signal_of(write_byte, p), SIGBUS);
    assert_int_equal(signal_of(raise_sigbus, NULL), SIGBUS);
    munmap(p, PAGE);
    close(fd);
}

static unsigned woken;

static void wake(struct port_host *host)
{
    woken++;
}

static void touch_all(struct gmem_map *map)
{
    for (uint64_t at = 0; at < map->region[0].size_bytes; at += PAGE) {
        volatile uint8_t *p = map->region[0].host + at;

        *p = (uint8_t)(*p + 1);
    }
}

static void test_truncation_is_survived(void **state)
{
    enum { BYTES = 64 * PAGE };
    struct port_host host = {.wake = wake};
    struct port port = {.host = &host};
    struct gmem_region_spec spec = spec_of(0, BYTES);
    struct gmem_map *map = NULL;
    int fd = dup(spec.fd);

    woken = 0;
    assert_int_equal(gmem_map_create(&spec, 1, &port, &map, NULL), 0);
    touch_all(map);
    assert_false(gmem_map_faulted(map));
    assert_false(port.attention);
    assert_int_equal(ftruncate(fd, PAGE), 0);
    touch_all(map);
    assert_true(gmem_map_faulted(map));
    assert_true(port.attention);
    assert_int_equal(woken, 1);
    /* What is written from now on stays here. */
    map->region[0].host[0] = 77;
    assert_int_equal(ftruncate(fd, BYTES), 0);
    touch_all(map);
    gmem_map_put(map);
    close(fd);
}

/* A pool without pages raises SIGBUS at the first touch; with pages, the truncation does. */
static void test_huge_pages(void **state)
{
    enum { HUGE = 2 << 20 };
    struct gmem_region_spec spec = {.size_bytes = 2 * HUGE, .uva = HUGE};
    struct gmem_map *map = NULL;
    uint64_t page = 0;
    int fd;

    spec.fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
    if (spec.fd < 0)
        skip();
    assert_int_equal(ftruncate(spec.fd, 2 * HUGE), 0);
    assert_int_equal(gmem_fd_check(spec.fd, 2 * HUGE, &page, NULL), 0);
    assert_int_equal(page, HUGE);
    fd = dup(spec.fd);
    map = map_of(&spec, 1);
    assert_int_equal((uintptr_t)map->region[0].host % HUGE, 0);
    touch_all(map);
    assert_int_equal(ftruncate(fd, 0), 0);
    touch_all(map);
    assert_true(gmem_map_faulted(map));
    gmem_map_put(map);
    close(fd);
}

static unsigned open_fds(void)
{
    unsigned n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fd_is_open(fd);
    return n;
}

static void test_many_maps_leak_nothing(void **state)
{
    unsigned before = open_fds();

    for (int i = 0; i < 2 * GMEM_GUARDS_MAX; i++) {
        struct gmem_region_spec spec = spec_of(0, PAGE);

        gmem_map_put(map_of(&spec, 1));
    }
    assert_int_equal(open_fds(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foreign_files_are_refused),
        cmocka_unit_test(test_unwritable_files_are_refused),
        cmocka_unit_test(test_tmpfs_file_is_taken),
        cmocka_unit_test(test_short_file_is_refused),
        cmocka_unit_test(test_overflows_are_refused),
        cmocka_unit_test(test_overlap_is_refused),
        cmocka_unit_test(test_region_count_is_limited),
        cmocka_unit_test(test_find_clips_at_borders),
        cmocka_unit_test(test_copy_in_crosses_borders),
        cmocka_unit_test(test_uva),
        cmocka_unit_test(test_offset_inside_a_page),
        cmocka_unit_test(test_add_and_remove_share_mappings),
        cmocka_unit_test(test_guard_pages),
        cmocka_unit_test(test_other_faults_still_kill),
        cmocka_unit_test(test_truncation_is_survived),
        cmocka_unit_test(test_huge_pages),
        cmocka_unit_test(test_many_maps_leak_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
