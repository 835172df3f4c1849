/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control/store.c: whatever a crash leaves behind, a whole document is read at the next start.
 */
#include "control/store.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_types.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];

static int setup(void **state)
{
    strcpy(dir, "/tmp/test_store.XXXXXX");
    return mkdtemp(dir) == NULL;
}

static int teardown(void **state)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    while ((e = readdir(d)) != NULL)
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    return rmdir(dir);
}

static void put(const char *name, const char *text, size_t len)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    close(fd);
}

/* A document that says its own revision, so that a mixture of two would show. */
static struct json *document(uint64_t revision)
{
    struct api_config config;
    struct json *json;

    fake_config("{'version':1,'tenants':[{'name':'t'}]}", &config);
    config.tenants.items[0].max_fdb = (uint32_t)revision;
    api_give(&config.tenants.items[0], api_tenant, max_fdb);
    for (uint64_t i = 0; i < 50 + revision % 7; i++) {
        struct api_port *p = api_append(&config.ports, api_port);

        snprintf(p->name, sizeof(p->name), "port%u", (unsigned)i);
        strcpy(p->type, "fake");
        p->given = ~0ull;
        p->given &= (1ull << api_port_field_count) - 1;
    }
    api_give(&config, api_config, ports);
    json = api_encode(&api_config_object, &config, API_ENCODE_GIVEN);
    api_free(&api_config_object, &config);
    return json;
}

static int write_revision(uint64_t revision, struct vsw_err *err)
{
    struct json *json = document(revision);
    int rc = store_write(dir, json, revision, err);

    json_free(json);
    return rc;
}

static void expect(uint64_t revision, bool fell_back)
{
    struct store_loaded loaded;
    struct vsw_err err = {0};

    if (store_load(dir, &loaded, &err) < 0)
        fail_msg("%s", err.msg);
    assert_true(loaded.found);
    assert_int_equal(loaded.fell_back, fell_back);
    assert_int_equal(loaded.revision, revision);
    assert_int_equal(loaded.config.tenants.items[0].max_fdb, revision);
    assert_int_equal(loaded.config.ports.count, 50 + revision % 7);
    api_free(&api_config_object, &loaded.config);
}

static void nothing_saved(void **state)
{
    struct store_loaded loaded;
    struct vsw_err err = {0};

    assert_int_equal(store_load(dir, &loaded, &err), 0);
    assert_false(loaded.found);
    assert_int_equal(loaded.revision, 0);
    assert_int_equal(loaded.config.version, API_CONFIG_VERSION);
    api_free(&api_config_object, &loaded.config);
}

static void round_trip(void **state)
{
    struct vsw_err err = {0};

    assert_int_equal(write_revision(1, &err), 0);
    expect(1, false);
    assert_int_equal(write_revision(2, &err), 0);
    expect(2, false);
}

static void left_behind_temporary_file(void **state)
{
    struct vsw_err err = {0};

    assert_int_equal(write_revision(3, &err), 0);
    put(STORE_TEMP, "{\"version\":1,\"ten", 17);
    expect(3, false);
    assert_int_equal(write_revision(4, &err), 0);
    expect(4, false);
}

/* Every length of a cut file: the copy before it is used, never half a document. */
static void truncated_file(void **state)
{
    char path[128], text[65536];
    struct vsw_err err = {0};
    ssize_t len;
    int fd;

    assert_int_equal(write_revision(5, &err), 0);
    assert_int_equal(write_revision(6, &err), 0);
    snprintf(path, sizeof(path), "%s/%s", dir, STORE_FILE);
    fd = open(path, O_RDONLY);
    len = read(fd, text, sizeof(text));
    close(fd);
    assert_true(len > 1000 && len < (ssize_t)sizeof(text));
    for (ssize_t cut = 0; cut < len - 2; cut += 97) {
        unlink(path);
        put(STORE_FILE, text, (size_t)cut);
        expect(5, true);
    }
}

static void neither_is_whole(void **state)
{
    struct store_loaded loaded;
    struct vsw_err err = {0};

    put(STORE_FILE, "{\n \"version\": 1,\n \"tenants\": [}\n", 32);
    put(STORE_PREV, "x", 1);
    assert_int_equal(store_load(dir, &loaded, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "config.json"));
    assert_non_null(strstr(err.msg, "line 3"));
}

static void field_has_a_place(void **state)
{
    static const char text[] = "/* by hand */\n{\n  \"version\": 1, // one\n"
                               "  \"tenants\": [ {\"name\": \"a\", \"max_ports\": 70000} ]\n}\n";
    struct store_loaded loaded;
    struct vsw_err err = {0};
    char path[128];

    put("by-hand.json", text, sizeof(text) - 1);
    snprintf(path, sizeof(path), "%s/by-hand.json", dir);
    assert_int_equal(store_read(path, &loaded, &err), -ERANGE);
    assert_string_equal(err.field, "tenants[0].max_ports");
    assert_non_null(strstr(err.msg, "by-hand.json:4:43: "));
}

static void errors_are_told(void **state)
{
    struct store_loaded loaded;
    struct vsw_err err = {0};
    struct json *json = document(1);

    assert_int_equal(store_read("/no/such/file", &loaded, &err), -ENOENT);
    assert_non_null(strstr(err.msg, "/no/such/file"));
    err = (struct vsw_err){0};
    assert_int_equal(store_write("/no/such/dir", json, 1, &err), -ENOENT);
    assert_non_null(strstr(err.msg, "/no/such/dir"));
    err = (struct vsw_err){0};
    assert_int_equal(store_read(dir, &loaded, &err), -EINVAL);
    json_free(json);
}

static void write_for_ever(int progress_fd)
{
    for (uint64_t revision = 1;; revision++) {
        if (write_revision(revision, NULL) < 0 ||
            write(progress_fd, &revision, sizeof(revision)) < 0)
            _exit(1);
    }
}

/* kill -9 at any moment: what is read is a whole document, and no older than what was told saved.
 */
static void killed_while_writing(void **state)
{
    for (int round = 0; round < 25; round++) {
        uint64_t told = 0, next;
        struct store_loaded loaded;
        struct vsw_err err = {0};
        int fds[2];
        pid_t pid;

        assert_int_equal(pipe(fds), 0);
        pid = fork();
        if (pid == 0)
            write_for_ever(fds[1]);
        close(fds[1]);
        for (int i = 0; i <= round % 5; i++)
            assert_int_equal(read(fds[0], &told, sizeof(told)), sizeof(told));
        usleep((useconds_t)(round * 211 % 1500)); /* a different point of the next write */
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        while (read(fds[0], &next, sizeof(next)) == sizeof(next))
            told = next;
        close(fds[0]);
        assert_int_equal(store_load(dir, &loaded, &err), 0);
        assert_false(loaded.fell_back);
        assert_true(loaded.revision == told || loaded.revision == told + 1);
        expect(loaded.revision, false);
        api_free(&api_config_object, &loaded.config);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nothing_saved),   CASE(round_trip),           CASE(left_behind_temporary_file),
        CASE(truncated_file),  CASE(neither_is_whole),     CASE(field_has_a_place),
        CASE(errors_are_told), CASE(killed_while_writing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
