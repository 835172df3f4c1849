/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vhost-user/vhu_memory.c: regions come and go under traffic; those that cannot be are refused.
 */
#include "tests/support/cmocka.h"
#include "tests/support/vhu_lab.h"

#include <string.h>
#include <unistd.h>

/* A region comes and goes under traffic, 200 times. */
static void region_storm_under_traffic(void **state)
{
    struct vhu_lab *x = *state;
    struct vhu_wire_slot slot = {0};
    struct frontend_region *r;
    unsigned fds;

    vhu_lab_shake(x, 1);
    assert_int_equal(frontend_get(&x->f, VHU_GET_MAX_MEM_SLOTS), GMEM_REGIONS_MAX);
    r = frontend_region_add(&x->f, FRONTEND_GPA + (1ull << 32), 1 << 20);
    slot.region = (struct vhu_wire_region){
        .gpa = r->gpa, .size_bytes = r->size_bytes, .uva = (uint64_t)(uintptr_t)r->host};
    fds = frontend_count_fds();
    for (unsigned i = 0; i < 200; i++) {
        vhu_of(x->port)->rate_at_ns = 0;
        assert_int_equal(frontend_ask(&x->f, VHU_ADD_MEM_REG, &slot, sizeof(slot), &r->fd, 1), 0);
        vhu_lab_loop(x, 0, i);
        /* QEMU before 8.0 says it once for each queue pair. */
        assert_int_equal(frontend_ask(&x->f, VHU_ADD_MEM_REG, &slot, sizeof(slot), &r->fd, 1), 0);
        /* Some front-ends pass a descriptor when they remove a region. */
        assert_int_equal(frontend_ask(&x->f, VHU_REM_MEM_REG, &slot, sizeof(slot), &r->fd, i & 1),
                         0);
        vhu_lab_loop(x, 0, i);
    }
    assert_int_equal(frontend_ask(&x->f, VHU_REM_MEM_REG, &slot, sizeof(slot), NULL, 0), 0);
    assert_int_equal(vhu_lab_counter(x, "repeated_regions"), 201);
    slot.region.gpa = FRONTEND_GPA + 4096; /* overlaps */
    assert_int_equal(frontend_ask(&x->f, VHU_ADD_MEM_REG, &slot, sizeof(slot), &r->fd, 1), 1);
    fake_host_settle(&x->host);
    assert_int_equal(frontend_count_fds(), fds);
    assert_int_equal(vhu_lab_counter(x, "refused_bad_memory"), 1);
    vhu_lab_loop(x, 0, 1);
}

/* The region with the rings is taken away: an error that shows, and traffic again afterwards. */
static void region_of_the_rings_removed(void **state)
{
    struct vhu_lab *x = *state;
    struct vhu_wire_slot slot = {0};

    vhu_lab_shake(x, 1);
    slot.region = (struct vhu_wire_region){.gpa = x->f.region[0].gpa,
                                           .size_bytes = x->f.region[0].size_bytes,
                                           .uva = (uint64_t)(uintptr_t)x->f.region[0].host};
    assert_int_equal(frontend_ask(&x->f, VHU_REM_MEM_REG, &slot, sizeof(slot), NULL, 0), 0);
    assert_non_null(strstr(vhu_lab_info(x).error, "not in the VM's shared memory"));
    assert_int_equal(vhu_lab_counter(x, "ring_errors"), 2);
    assert_int_equal(
        frontend_ask(&x->f, VHU_ADD_MEM_REG, &slot, sizeof(slot), &x->f.region[0].fd, 1), 0);
    assert_string_equal(vhu_lab_info(x).error, "");
    vhu_lab_loop(x, 0, 1);
}

static void bad_memory_is_refused_with_a_hint(void **state)
{
    struct vhu_lab *x = *state;
    struct vhu_wire_memory m = {.count = 1};
    int pipes[2], fd;

    assert_true(frontend_connect(&x->f, x->options.path));
    frontend_features(&x->f, 1ull << VHU_F_VERSION_1 | 1ull << VHU_F_PROTOCOL_FEATURES);
    frontend_region_add(&x->f, FRONTEND_GPA, FRONTEND_BYTES);
    fd = x->f.region[0].fd;
    m.region[0] = (struct vhu_wire_region){.gpa = 0, .size_bytes = FRONTEND_BYTES * 2, .uva = 4096};
    assert_int_equal(frontend_ask(&x->f, VHU_SET_MEM_TABLE, &m, 40, &fd, 1), 1); /* too short */
    assert_non_null(strstr(vhu_lab_info(x).error, "refused SET_MEM_TABLE"));
    assert_non_null(strstr(vhu_lab_info(x).hint, "share=on"));
    m.region[0] = (struct vhu_wire_region){.size_bytes = UINT64_MAX - 4095, .mmap_offset = 8192};
    assert_int_equal(frontend_ask(&x->f, VHU_SET_MEM_TABLE, &m, 40, &fd, 1), 1);
    m.region[0] = (struct vhu_wire_region){.size_bytes = 4096};
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_MEM_TABLE, &m, 40, pipes, 1), 1);
    close(pipes[0]);
    close(pipes[1]);
    m.count = 2;
    assert_int_equal(frontend_ask(&x->f, VHU_SET_MEM_TABLE, &m, 72, &fd, 1), 1);
    m.count = UINT32_MAX;
    assert_int_equal(frontend_ask(&x->f, VHU_SET_MEM_TABLE, &m, 72, &fd, 1), 1);
    assert_int_equal(
        vhu_lab_counter(x, "refused_bad_memory") + vhu_lab_counter(x, "refused_bad_fd_count"), 5);
    frontend_mem_table(&x->f);
    assert_string_equal(vhu_lab_info(x).error, "");
}

/* The owner truncates the file under traffic: this port stops with a reason, the process lives,
 * and a new connection works. */
static void truncated_memory(void **state)
{
    struct vhu_lab *x = *state;

    vhu_lab_shake(x, 1);
    vhu_lab_loop(x, 0, 1);
    /* The region was read before, so that only its pages past the cut are lost. */
    assert_int_equal(ftruncate(x->f.region[0].fd, 0), 0);
    vhu_lab_rx(x, 0);
    vhu_lab_rx_done(x, 0);
    fake_host_settle(&x->host);
    assert_non_null(strstr(vhu_lab_info(x).error, "truncated by its owner"));
    assert_int_equal(vhu_lab_counter(x, "memory_faults"), 1);
    assert_false(x->port->rxq[0].live);
    assert_int_equal(ftruncate(x->f.region[0].fd, (off_t)x->f.region[0].size_bytes), 0);
    frontend_close(&x->f);
    fake_host_settle(&x->host);
    vhu_lab_shake(x, 1);
    vhu_lab_loop(x, 0, 2);
    assert_string_equal(vhu_lab_info(x).error, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VHU_LAB_TEST(region_storm_under_traffic),
        VHU_LAB_TEST(region_of_the_rings_removed),
        VHU_LAB_TEST(bad_memory_is_refused_with_a_hint),
        VHU_LAB_TEST(truncated_memory),
    };

    return cmocka_run_group_tests(tests, vhu_lab_warm_up, NULL);
}
