/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vhost-user/vhu_socket.c: paths, owners and modes, both roles, several connections in a row.
 */
#include "base/clock.h"
#include "tests/support/cmocka.h"
#include "tests/support/vhu_lab.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int setup(void **state)
{
    *state = vhu_lab_create("0640", 1);
    return 0;
}

static struct port *add(struct vhu_lab *x)
{
    return fake_host_add(&x->host, &port_type_vhost_user, &x->config);
}

/* Expect prepare to fail; the error. */
static struct vsw_err prepare_err;
static int prepare_fails(struct vhu_lab *x)
{
    struct port *port = NULL;
    int rc;

    memset(&prepare_err, 0, sizeof(prepare_err));
    rc = port_type_vhost_user.prepare(&x->host.host, &x->config, &port, &prepare_err);
    assert_true(rc < 0);
    assert_int_equal(rc, prepare_err.code);
    assert_null(port);
    return rc;
}

static void mode_is_set(void **state)
{
    struct vhu_lab *x = *state;
    struct port *port = add(x);
    struct stat st;

    assert_int_equal(stat(x->options.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    fake_host_remove(&x->host, port);
    assert_int_equal(stat(x->options.path, &st), -1);
}

static void owner_is_set_by_root(void **state)
{
    struct vhu_lab *x = *state;
    struct port *port;
    struct stat st;

    if (geteuid() != 0)
        skip();
    strcpy(x->options.owner, "daemon");
    strcpy(x->options.group, "12345");
    port = add(x);
    assert_int_equal(stat(x->options.path, &st), 0);
    assert_int_equal(st.st_uid, 1);
    assert_int_equal(st.st_gid, 12345);
    fake_host_remove(&x->host, port);
    strcpy(x->options.owner, "no-such-user");
    assert_int_equal(prepare_fails(x), -ENOENT);
    assert_string_equal(prepare_err.field, "owner");
}

/* In a child that has given up root. Its exit status says what went wrong. A thread of its own,
 * since what signals guests belongs to a thread and does not outlive a fork. */
static int unprivileged(struct vhu_lab *x)
{
    if (setgid(65534) < 0 || setuid(65534) < 0)
        return 2;
    strcpy(x->options.owner, "root");
    if (prepare_fails(x) != -EPERM || strcmp(prepare_err.field, "owner") != 0)
        return 3;
    if (strstr(prepare_err.hint, "only root") == NULL)
        return 4;
    x->options.owner[0] = '\0';
    fake_host_remove(&x->host, add(x));
    return 0;
}

static void *unprivileged_thread(void *arg)
{
    _exit(unprivileged(arg));
}

static void ordinary_user_gives_nothing_away(void **state)
{
    struct vhu_lab *x = *state;
    int status;
    pid_t pid;

    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(x->dir, 0777), 0);
    pid = fork();
    if (pid == 0) {
        pthread_t thread;

        pthread_create(&thread, NULL, unprivileged_thread, x);
        pthread_join(thread, NULL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* The longest path there can be: its temporary name has no room next to it. */
static void longest_path(void **state)
{
    struct vhu_lab *x = *state;
    size_t len = strlen(x->dir);
    struct port *port;

    x->options.path[len] = '/';
    memset(x->options.path + len + 1, 'p', 107 - len - 1);
    x->options.path[107] = '\0';
    x->options.path[107 - 3] = '\0';
    assert_int_equal(mkdir(x->options.path, 0700), 0);
    x->options.path[107 - 3] = '/';
    port = add(x);
    assert_true(frontend_connect(&x->f, x->options.path));
    fake_host_remove(&x->host, port);
    x->options.path[107 - 3] = '\0';
    assert_int_equal(rmdir(x->options.path), 0);
}

static void bad_options(void **state)
{
    struct vhu_lab *x = *state;

    strcpy(x->options.mode, "0999");
    assert_int_equal(prepare_fails(x), -EINVAL);
    assert_string_equal(prepare_err.field, "mode");
    strcpy(x->options.mode, "0600");
    strcpy(x->options.path, "relative/s");
    assert_int_equal(prepare_fails(x), -EINVAL);
    snprintf(x->options.path, sizeof(x->options.path), "%s/missing/s", x->dir);
    assert_int_equal(prepare_fails(x), -ENOENT);
    assert_non_null(strstr(prepare_err.hint, "mkdir -p"));
    snprintf(x->options.path, sizeof(x->options.path), "%s/s", x->dir);
    x->options.role = VHU_ROLE_CLIENT;
    strcpy(x->options.owner, "root");
    assert_int_equal(prepare_fails(x), -EINVAL);
}

static void stale_file_is_replaced(void **state)
{
    struct vhu_lab *x = *state;
    int fd = frontend_listen(x->options.path);

    close(fd); /* its file stays */
    assert_int_equal(access(x->options.path, F_OK), 0);
    struct port *port = add(x);

    assert_true(frontend_connect(&x->f, x->options.path));
    assert_true(frontend_bit(frontend_get(&x->f, VHU_GET_FEATURES), VHU_F_VERSION_1));
    fake_host_remove(&x->host, port);
}

static void listening_socket_is_left_alone(void **state)
{
    struct vhu_lab *x = *state;
    struct stat before, after;
    pid_t pid = fork();

    if (pid == 0) {
        frontend_listen(x->options.path);
        pause();
    }
    while (access(x->options.path, F_OK) != 0 || !frontend_connect(&x->f, x->options.path))
        usleep(1000);
    frontend_close(&x->f);
    assert_int_equal(stat(x->options.path, &before), 0);
    assert_int_equal(prepare_fails(x), -EADDRINUSE);
    assert_int_equal(stat(x->options.path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    fake_host_remove(&x->host, add(x)); /* now it is stale */
}

static void other_file_is_left_alone(void **state)
{
    struct vhu_lab *x = *state;
    FILE *f = fopen(x->options.path, "w");

    fclose(f);
    assert_int_equal(prepare_fails(x), -EEXIST);
    assert_int_equal(unlink(x->options.path), 0);
}

/* A port is made anew while the old one of the same path is still there, as control does when an
 * option changes that cannot change live. */
static void made_anew_on_the_same_path(void **state)
{
    struct vhu_lab *x = *state;
    struct port *old = add(x), *new = NULL;
    struct vsw_err err = {0};
    struct stat st;

    strcpy(x->options.mode, "0600");
    assert_int_equal(port_type_vhost_user.prepare(&x->host.host, &x->config, &new, &err), 0);
    assert_int_equal(port_type_vhost_user.start(new, &err), -EADDRINUSE); /* too early */
    port_type_vhost_user.destroy(new, true);
    assert_int_equal(port_type_vhost_user.prepare(&x->host.host, &x->config, &new, &err), 0);
    fake_host_remove(&x->host, old);
    assert_int_equal(port_type_vhost_user.start(new, &err), 0);
    assert_int_equal(stat(x->options.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    fake_host_remove(&x->host, new);
}

/* Made and never started: nothing is left. */
static void never_started(void **state)
{
    struct vhu_lab *x = *state;
    struct port *port = NULL;

    assert_int_equal(port_type_vhost_user.prepare(&x->host.host, &x->config, &port, NULL), 0);
    assert_int_equal(access(x->options.path, F_OK), -1);
    port_type_vhost_user.destroy(port, true);
}

/* The path now belongs to somebody else: it is not removed with the port. */
static void replaced_path_is_not_removed(void **state)
{
    struct vhu_lab *x = *state;
    struct port *port = add(x);
    int fd;

    assert_int_equal(unlink(x->options.path), 0);
    fd = frontend_listen(x->options.path);
    fake_host_remove(&x->host, port);
    assert_int_equal(access(x->options.path, F_OK), 0);
    close(fd);
    unlink(x->options.path);
}

static void connections_in_a_row(void **state)
{
    struct vhu_lab *x = *state;
    struct port *port = add(x);

    for (unsigned i = 1; i <= 5; i++) {
        assert_true(frontend_connect(&x->f, x->options.path));
        frontend_handshake(&x->f, 1);
        assert_int_equal(port->tx_queues, 1);
        assert_int_equal(vhu_of(port)->counters.connections, i);
        frontend_close(&x->f);
        fake_host_settle(&x->host);
        assert_int_equal(port->tx_queues, 0);
    }
    fake_host_remove(&x->host, port);
}

static void second_connection_is_refused(void **state)
{
    struct vhu_lab *x = *state;
    struct port *port = add(x);
    struct frontend second;

    frontend_init(&second, &x->host);
    assert_true(frontend_connect(&x->f, x->options.path));
    frontend_handshake(&x->f, 1);
    assert_true(frontend_connect(&second, x->options.path));
    assert_true(frontend_is_closed(&second));
    assert_int_equal(vhu_of(port)->counters.refused_connections, 1);
    assert_int_equal(port->tx_queues, 1);
    assert_true(frontend_get(&x->f, VHU_GET_FEATURES) != 0);
    frontend_fini(&second);
    fake_host_remove(&x->host, port);
}

/* The old peer has hung up, and we see the new one first. */
static void next_connection_is_no_second(void **state)
{
    struct vhu_lab *x = *state;
    struct port *port = add(x);

    for (int i = 0; i < 20; i++) {
        assert_true(frontend_connect(&x->f, x->options.path));
        frontend_handshake(&x->f, 1);
        frontend_close(&x->f);
        assert_true(frontend_connect(&x->f, x->options.path)); /* both events in one round */
        frontend_handshake(&x->f, 1);
        frontend_close(&x->f);
        fake_host_settle(&x->host);
        vhu_of(port)->rate_at_ns = 0;
    }
    assert_int_equal(vhu_of(port)->counters.connections, 40);
    assert_int_equal(vhu_of(port)->counters.refused_connections, 0);
    fake_host_remove(&x->host, port);
}

/* ---- client ------------------------------------------------------------------------------ */
static uint64_t now_ns = 1000 * NS_PER_SEC;

/* No timer runs: the watch on the folder alone brings the connection. */
static void client_sees_the_socket_appear(void **state)
{
    struct vhu_lab *x = *state;
    struct port *port;

    clock_use_test(&now_ns);
    x->options.role = VHU_ROLE_CLIENT;
    port = add(x);
    for (int i = 0; i < 3; i++) {
        int fd;

        fake_host_settle(&x->host);
        fd = frontend_listen(x->options.path);
        assert_true(frontend_accept(&x->f, fd, 1000));
        frontend_handshake(&x->f, 1);
        assert_int_equal(port->tx_queues, 1);
        close(fd);
        unlink(x->options.path);
        frontend_close(&x->f);
    }
    fake_host_remove(&x->host, port);
    clock_use_test(NULL);
}

/* Nothing to watch: time alone brings it, 500 ms at most. */
static void client_looks_every_500_ms(void **state)
{
    struct vhu_lab *x = *state;
    struct port *port;
    struct port_info info;
    char dir[64];
    int fd;

    clock_use_test(&now_ns);
    x->options.role = VHU_ROLE_CLIENT;
    snprintf(dir, sizeof(dir), "%s/late", x->dir);
    snprintf(x->options.path, sizeof(x->options.path), "%s/s", dir);
    port = add(x);
    for (int i = 0; i < 50; i++) {
        now_ns += 77 * NS_PER_MS;
        fake_host_settle(&x->host);
    }
    port->type->info(port, &info);
    assert_non_null(strstr(info.error, "waits for the VM"));
    assert_int_equal(mkdir(dir, 0700), 0);
    fd = frontend_listen(x->options.path);
    now_ns += 500 * NS_PER_MS;
    assert_true(frontend_accept(&x->f, fd, 1000));
    close(fd);
    unlink(x->options.path);
    rmdir(dir);
    fake_host_remove(&x->host, port);
    clock_use_test(NULL);
}

/* The peer closes and goes on listening, as QEMU does. */
static void client_comes_back_to_the_same_listener(void **state)
{
    struct vhu_lab *x = *state;
    struct port *port;
    int fd;

    x->options.role = VHU_ROLE_CLIENT;
    fd = frontend_listen(x->options.path);
    port = add(x);
    for (int i = 0; i < 3; i++) {
        assert_true(frontend_accept(&x->f, fd, 2000));
        frontend_handshake(&x->f, 1);
        frontend_close(&x->f);
    }
    close(fd);
    unlink(x->options.path);
    fake_host_remove(&x->host, port);
}

/* A listener that does not listen yet, and one that drops whoever comes: no busy loop. */
static void client_is_not_kept_busy(void **state)
{
    struct vhu_lab *x = *state;
    struct port *port;
    unsigned took = 0;
    int fd;

    clock_use_test(&now_ns);
    x->options.role = VHU_ROLE_CLIENT;
    fd = frontend_listen(x->options.path);
    port = add(x);
    for (int i = 0; i < 60; i++) {
        now_ns += 10 * NS_PER_MS;
        fake_host_settle(&x->host);
        if (frontend_accept(&x->f, fd, 0)) {
            took++;
            frontend_close(&x->f);
        }
    }
    assert_int_equal(took, 6); /* again after 100 ms, and a step until it is seen that we hung up */
    close(fd);
    unlink(x->options.path);
    fake_host_remove(&x->host, port);
    clock_use_test(NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, vhu_lab_teardown)
    const struct CMUnitTest tests[] = {
        T(mode_is_set),
        T(owner_is_set_by_root),
        T(ordinary_user_gives_nothing_away),
        T(longest_path),
        T(bad_options),
        T(stale_file_is_replaced),
        T(listening_socket_is_left_alone),
        T(other_file_is_left_alone),
        T(made_anew_on_the_same_path),
        T(never_started),
        T(replaced_path_is_not_removed),
        T(connections_in_a_row),
        T(second_connection_is_refused),
        T(next_connection_is_no_second),
        T(client_sees_the_socket_appear),
        T(client_looks_every_500_ms),
        T(client_comes_back_to_the_same_listener),
        T(client_is_not_kept_busy),
    };

    return cmocka_run_group_tests(tests, vhu_lab_warm_up, NULL);
}
