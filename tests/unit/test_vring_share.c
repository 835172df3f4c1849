/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What threads of the switch share about rings and memory maps; to be run with SAN=thread. The
 * guest's own memory is left out: a race with a guest is no race of ours.
 */
#include "port/gmem_guard.h"
#include "tests/support/cmocka.h"
#include "tests/support/driver_ring.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY_BYTES 0x100000u
#define DATA_GPA     0x80000u

static struct guest guest;
static struct driver_ring driver;
static struct vring ring;
static _Atomic bool stop;

/* Control and other workers look at a ring that a worker uses. */
static void *look(void *arg)
{
    uint64_t room = 0, broken = 0;
    struct vring_stats stats;

    while (!stop) {
        room += vring_has_room(&ring);
        broken += vring_error(&ring) != VRING_OK;
        vring_stats(&ring, &stats);
        room += vring_next_avail(&ring);
    }
    return (void *)(uintptr_t)(broken > 0);
}

static void serve(unsigned rounds)
{
    struct driver_buf buf = {.gpa = DATA_GPA, .len = 200};
    uint8_t bytes[64];
    struct frame_seg seg;
    struct frame f;
    struct tx_item item = {.frame = &f};
    uint32_t id, len;

    test_frame(bytes, sizeof(bytes), 1);
    test_source_frame(&f, &seg, bytes, sizeof(bytes));
    for (unsigned i = 0; i < rounds; i++) {
        driver_post(&driver, &buf, 1, true);
        vring_tx(&ring, &item, 1);
        assert_int_equal(item.drop, DROP_NONE);
        assert_true(driver_used(&driver, &id, &len));
        if (i % 16 == 0)
            assert_false(vring_arm(&ring));
    }
}

static void test_a_ring_is_looked_at(void **state)
{
    struct vring_config config;
    pthread_t thread[2];
    void *saw_broken = NULL;

    guest_init(&guest, MEMORY_BYTES, NULL);
    driver_init(&driver, &guest, 0, 64, 0);
    config = driver_config(&driver);
    assert_int_equal(vring_init(&ring, &config, guest.map, NULL), 0);
    stop = false;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, look, NULL), 0);
    serve(20000);
    stop = true;
    for (int i = 0; i < 2; i++) {
        pthread_join(thread[i], &saw_broken);
        assert_null(saw_broken);
    }
    guest_fini(&guest);
}

/* Two threads build, share and release maps; a third one's memory is truncated all the time. */
static void *churn(void *arg)
{
    for (int i = 0; i < 300; i++) {
        struct gmem_region_spec spec[2];
        struct gmem_map *one = NULL, *two = NULL, *rest = NULL;

        for (unsigned k = 0; k < 2; k++) {
            spec[k] = (struct gmem_region_spec){
                .gpa = k * 4096, .size_bytes = 4096, .uva = k * 4096, .fd = memfd_create("m", 0)};
            assert_int_equal(ftruncate(spec[k].fd, 4096), 0);
        }
        assert_int_equal(gmem_map_create(spec, 1, NULL, &one, NULL), 0);
        assert_int_equal(gmem_map_add(one, &spec[1], NULL, &two, NULL), 0);
        assert_int_equal(gmem_map_remove(two, &spec[0], &rest, NULL), 0);
        gmem_map_put(one);
        gmem_map_put(gmem_map_get(two));
        gmem_map_put(two);
        rest->region[0].host[0] = 1;
        gmem_map_put(rest);
    }
    return NULL;
}

static void *fault(void *arg)
{
    for (int i = 0; i < 300; i++) {
        struct gmem_region_spec spec = {.size_bytes = 4096, .fd = memfd_create("f", 0)};
        struct gmem_map *map = NULL;
        int fd = dup(spec.fd);

        assert_int_equal(ftruncate(fd, 4096), 0);
        assert_int_equal(gmem_map_create(&spec, 1, NULL, &map, NULL), 0);
        assert_int_equal(ftruncate(fd, 0), 0);
        *(volatile uint8_t *)map->region[0].host = 1;
        assert_true(gmem_map_faulted(map));
        gmem_map_put(map);
        close(fd);
    }
    return NULL;
}

static void test_maps_come_and_go(void **state)
{
    void *(*const work[])(void *) = {churn, churn, fault, fault};
    pthread_t thread[ARRAY_SIZE(work)];

    for (size_t i = 0; i < ARRAY_SIZE(work); i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work[i], NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(work); i++)
        pthread_join(thread[i], NULL);
}

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "handle_sigbus=0";
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_ring_is_looked_at),
        cmocka_unit_test(test_maps_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
