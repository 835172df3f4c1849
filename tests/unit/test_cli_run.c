/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Commands against a responder on a real socket: a thread that answers by a table of
 * {method -> what to say} and keeps the last request.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/cli.h"
#include "tests/support/cmocka.h"

struct answer {
    const char *method;
    const char *body;  /* "result":... or "error":... */
    const char *after; /* a line that follows, or NULL */
};

static const struct answer answers[] = {
    {"port.list", "\"result\":{\"rows\":[{\"name\":\"vm1\",\"type\":\"tap\"}]}", NULL},
    {"tenant.add", "\"result\":{\"revision\":2,\"plan\":[]}", NULL},
    {"tenant.del",
     "\"error\":{\"code\":-32000,\"message\":\"there is no tenant red\",\"data\":{\"errno\":2,"
     "\"field\":\"name\",\"hint\":\"see tenant list\"}}",
     NULL},
    {"port.set",
     "\"error\":{\"code\":-32602,\"message\":\"no such option\",\"data\":{\"errno\":22,"
     "\"field\":\"options.mtuu\"}}",
     NULL},
    {"config.show", "\"result\":{\"version\":1}", NULL},
    {"config.apply",
     "\"error\":{\"code\":-32602,\"message\":\"no such tenant\",\"data\":{\"errno\":2,\"field\":"
     "\"config.ports[0].tenant\"}}",
     NULL},
    {"batch.run",
     "\"error\":{\"code\":-32000,\"message\":\"exists\",\"data\":{\"errno\":17,\"field\":"
     "\"requests[1].name\"}}",
     NULL},
    {"port.attach", "\"result\":{\"qemu_args\":\"-chardev x\",\"libvirt_xml\":\"<x/>\"}", NULL},
    {"monitor.subscribe", "\"result\":{\"seq\":4}",
     "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"seq\":7,\"time\":\"now\",\"kind\":"
     "\"port\",\"object\":\"vm1\",\"text\":\"up\"}}\n"},
    {"capture.start", "\"result\":{\"id\":5,\"port\":\"vm1\"}",
     "{\"jsonrpc\":\"2.0\",\"method\":\"capture.end\",\"params\":{\"id\":5,\"captured_pkts\":1,"
     "\"reason\":\"count\"}}\n"},
    {"stats.show",
     "\"result\":{\"rows\":[{\"name\":\"vm1\",\"time_ns\":1,\"in_pkts\":1},"
     "{\"name\":\"vm2\",\"time_ns\":1,\"in_pkts\":2}]}",
     NULL},
    {"daemon.show", "nonsense", NULL},
};

static struct responder {
    char dir[64], path[96];
    int listener;
    pthread_t thread;
    char last[4096]; /* the last request; read after join or after its answer */
} responder;

static void say(int fd, const char *line)
{
    assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), (ssize_t)strlen(line));
}

/* Answers one line; false when the connection is to be closed. */
static bool respond(int fd, char *line, int passed_fd)
{
    const struct json_limits limits = {0};
    char reply[1024];
    struct json *json;
    bool stay = false;

    snprintf(responder.last, sizeof(responder.last), "%s", line);
    if (json_parse(line, strlen(line), &limits, &json, NULL) != 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        if (strcmp(answers[i].method, json_text(json_get(json, "method"))) != 0)
            continue;
        if (strcmp(json_text(json_get(json_get(json, "params"), "port")), "gone") == 0) {
            say(fd,
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"no\"}}\n");
            continue;
        }
        if (passed_fd >= 0)
            assert_int_equal(write(passed_fd, "pcapng", 6), 6);
        snprintf(reply, sizeof(reply), "{\"jsonrpc\":\"2.0\",\"id\":%d,%s}\n",
                 (int)json_i64(json_get(json, "id")), answers[i].body);
        say(fd, reply);
        if (answers[i].after != NULL)
            say(fd, answers[i].after);
        stay = answers[i].after == NULL;
    }
    json_free(json);
    return stay;
}

static ssize_t receive(int fd, char *buf, size_t size, int *ret_fd)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {buf, size};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.room,
                         .msg_controllen = sizeof(control.room)};
    ssize_t n = recvmsg(fd, &msg, 0);
    struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

    if (c != NULL && c->cmsg_type == SCM_RIGHTS)
        memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
    return n;
}

static void connection_serve(int fd)
{
    char buf[4096];
    size_t len = 0;
    int passed = -1;
    bool stay = true;

    while (stay) {
        ssize_t n = receive(fd, buf + len, sizeof(buf) - 1 - len, &passed);
        char *end;

        if (n <= 0)
            break;
        len += (size_t)n;
        buf[len] = '\0';
        end = strchr(buf, '\n');
        if (end == NULL)
            continue;
        *end = '\0';
        stay = respond(fd, buf, passed);
        len = 0;
    }
    if (passed >= 0)
        close(passed);
    close(fd);
}

static void *responder_run(void *arg)
{
    int fd;

    (void)arg;
    while ((fd = accept(responder.listener, NULL, NULL)) >= 0)
        connection_serve(fd);
    return NULL;
}

static int responder_start(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    strcpy(responder.dir, "/tmp/vswitchctl.XXXXXX");
    assert_non_null(mkdtemp(responder.dir));
    snprintf(responder.path, sizeof(responder.path), "%s/socket", responder.dir);
    strcpy(address.sun_path, responder.path);
    responder.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(responder.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(responder.listener, 4), 0);
    return pthread_create(&responder.thread, NULL, responder_run, NULL);
}

static int responder_stop(void **state)
{
    shutdown(responder.listener, SHUT_RDWR);
    pthread_join(responder.thread, NULL);
    close(responder.listener);
    unlink(responder.path);
    return rmdir(responder.dir);
}

struct outcome {
    enum cli_exit rc;
    struct vsw_err err;
    char out[4096];
};

/* Runs a command line; @setup may change the options of the client. */
static struct outcome run(const char *line, bool json, bool dry_run)
{
    struct outcome o = {0};
    struct cli cli = {.json = json, .dry_run = dry_run};
    char copy[512], *words[CLI_WORDS_MAX], *text = NULL;
    size_t count, len;

    cli.out = open_memstream(&text, &len);
    client_init(&cli.client, responder.path);
    cli.client.timeout_ms = 20000;
    snprintf(copy, sizeof(copy), "%s", line);
    assert_int_equal(cli_words_split(copy, words, &count, NULL), 0);
    if (strcmp(words[0], "-f") == 0)
        o.rc = cli_batch(&cli, words[1], &o.err);
    else
        o.rc = cli_run(&cli, words, count, &o.err);
    client_close(&cli.client);
    fclose(cli.out);
    snprintf(o.out, sizeof(o.out), "%s", text);
    free(text);
    return o;
}

static char *file_make(const char *name, const char *text)
{
    static char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", responder.dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static void test_a_list_is_a_table_or_an_array(void **state)
{
    struct outcome o = run("port list", false, false);

    assert_int_equal(o.rc, CLI_OK);
    assert_string_equal(o.out, "name  type  tenant  networks  state\n"
                               "vm1   tap   -       -         down\n");
    o = run("port list", true, false);
    assert_string_equal(o.out, "[{\"name\":\"vm1\",\"type\":\"tap\"}]\n");
}

static void test_an_edit_says_nothing(void **state)
{
    struct outcome o = run("tenant add red limit_in_bps=1G", false, false);

    assert_int_equal(o.rc, CLI_OK);
    assert_string_equal(o.out, "");
    assert_non_null(strstr(responder.last, "\"limit_in_bps\":1000000000"));
}

static void test_a_refusal_is_shown_as_it_came(void **state)
{
    struct outcome o = run("tenant del red", false, false);
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    assert_int_equal(o.rc, CLI_REFUSED);
    cli_error_print(out, &o.err);
    fclose(out);
    assert_string_equal(text,
                        "error: there is no tenant red\nfield: name\nhint: see tenant list\n");
    free(text);
}

static void test_an_unknown_option_may_be_a_mistyped_field(void **state)
{
    struct outcome o = run("port set vm1 mtuu=9000", false, false);

    assert_int_equal(o.rc, CLI_REFUSED);
    assert_string_equal(o.err.hint, "did you mean the port's mtu=?");
}

static void test_wrong_usage(void **state)
{
    assert_int_equal(run("port lst", false, false).rc, CLI_USAGE);
    assert_int_equal(run("monitor 'a b'", false, false).rc, CLI_USAGE);
    assert_int_equal(run("batch run", false, false).rc, CLI_USAGE);
    assert_int_equal(run("config apply", false, false).rc, CLI_USAGE);
    assert_int_equal(run("config apply a b", false, false).rc, CLI_USAGE);
    assert_int_equal(run("capture vm1", false, false).rc, CLI_USAGE);
    assert_int_equal(run("capture vm1 -w", false, false).rc, CLI_USAGE);
    assert_int_equal(run("top -n", false, false).rc, CLI_USAGE);
    assert_int_equal(run("tenant add red", false, true).rc, CLI_USAGE);
    assert_int_equal(run("help prot", false, false).rc, CLI_USAGE);
}

static void test_nobody_answers(void **state)
{
    struct cli cli = {.out = stderr};
    struct vsw_err err = {0};
    char port[] = "port", list[] = "list", *words[] = {port, list};

    client_init(&cli.client, "/nonexistent/socket");
    assert_int_equal(cli_run(&cli, words, 2, &err), CLI_NO_DAEMON);
    assert_non_null(strstr(err.hint, "-s"));
    client_close(&cli.client);
    assert_int_equal(run("worker list", false, false).rc, CLI_NO_DAEMON); /* hangs up */
    assert_int_equal(run("daemon show", false, false).rc, CLI_NO_DAEMON); /* talks nonsense */
}

static void test_config_show_prints_a_document(void **state)
{
    struct outcome o = run("config show", false, false);

    assert_string_equal(o.out, "{\n  \"version\": 1\n}\n");
    o = run("config show", true, false);
    assert_string_equal(o.out, "{\"version\":1}\n");
}

static void test_apply_tells_the_place_in_the_file(void **state)
{
    char line[256], *file;
    struct outcome o;

    file = file_make("bad.json", "{\n \"version\": 1,\n \"ports\": [ {\"name\" \"a\"} ]\n}\n");
    snprintf(line, sizeof(line), "config apply %s", file);
    o = run(line, false, false);
    assert_int_equal(o.rc, CLI_REFUSED);
    assert_non_null(strstr(o.err.msg, "bad.json: line 3, column 21: expected \":\""));

    file_make("bad.json", "{ // comments are fine\n \"version\": 1,\n \"ports\": [\n"
                          "  {\"name\": \"a\", \"type\": \"tap\", \"mtu\": 1}]}\n");
    o = run(line, false, false);
    assert_int_equal(o.rc, CLI_REFUSED);
    assert_non_null(strstr(o.err.msg, "bad.json:4:39: 1 is out of range"));
    assert_string_equal(o.err.field, "ports[0].mtu");

    file_make(
        "bad.json",
        "{\"version\": 1,\n \"ports\": [{\"name\": \"a\", \"type\": \"tap\", \"tenant\": \"x\"}]}");
    o = run(line, false, true);
    assert_int_equal(o.rc, CLI_REFUSED);
    assert_non_null(strstr(o.err.msg, "bad.json:2:51: no such tenant"));
    assert_string_equal(o.err.field, "ports[0].tenant");
    assert_non_null(strstr(responder.last, "\"dry_run\":true"));
    unlink(file);
    assert_int_equal(run(line, false, false).rc, CLI_REFUSED);
}

static void test_a_batch_is_one_request(void **state)
{
    char line[256], *file;
    struct outcome o;

    file = file_make("batch", "# two tenants\ntenant add red\n\ntenant add blue max_ports=4\n");
    snprintf(line, sizeof(line), "-f %s", file);
    o = run(line, false, false);
    assert_int_equal(o.rc, CLI_REFUSED);
    assert_non_null(strstr(o.err.msg, "batch:4: exists"));
    assert_string_equal(o.err.field, "name");
    assert_non_null(
        strstr(responder.last,
               "\"requests\":[{\"method\":\"tenant.add\",\"params\":{\"name\":\"red\"}},"
               "{\"method\":\"tenant.add\",\"params\":{\"name\":\"blue\",\"max_ports\":4}}]"));

    file_make("batch", "tenant add red\ntenant list\n");
    o = run(line, false, false);
    assert_int_equal(o.rc, CLI_USAGE);
    assert_non_null(strstr(o.err.msg, "batch:2: tenant list cannot stand in a batch"));
    file_make("batch", "# nothing\n\n");
    assert_int_equal(run(line, false, false).rc, CLI_OK);
    unlink(file);
}

static void test_ready_lines(void **state)
{
    assert_string_equal(run("port show vm1 --qemu-args", false, false).out, "-chardev x\n");
    assert_string_equal(run("port show --libvirt-xml vm1", false, false).out, "<x/>\n");
    assert_string_equal(run("port attach vm1", false, false).out,
                        "# QEMU\n-chardev x\n\n# libvirt\n<x/>\n");
}

static void test_monitor_prints_events(void **state)
{
    struct outcome o = run("monitor", false, false);

    assert_int_equal(o.rc, CLI_NO_DAEMON); /* the responder hangs up after one event */
    assert_string_equal(o.out, "-- 2 events were lost: this reader is too slow\n"
                               "now  port      vm1               up\n");
    o = run("monitor port", true, false);
    assert_non_null(strstr(responder.last, "\"kinds\":[\"port\"]"));
    assert_non_null(strstr(o.out, "{\"seq\":7,"));
}

static void test_capture_passes_a_descriptor(void **state)
{
    char line[256], path[128], got[16] = "";
    struct outcome o;
    FILE *f;

    snprintf(path, sizeof(path), "%s/out.pcapng", responder.dir);
    snprintf(line, sizeof(line), "capture vm1 in tcp port 80 -w %s -c 1 -l 128", path);
    o = run(line, false, false);
    assert_int_equal(o.rc, CLI_OK);
    assert_non_null(strstr(responder.last, "\"direction\":\"in\""));
    assert_non_null(strstr(responder.last, "\"filter\":\"tcp port 80\""));
    assert_non_null(strstr(responder.last, "\"snaplen\":128,\"count\":1"));
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(got, sizeof(got), f));
    assert_string_equal(got, "pcapng");
    fclose(f);
    unlink(path);
}

static void test_a_refused_capture_leaves_no_file(void **state)
{
    char line[256], path[128];

    snprintf(path, sizeof(path), "%s/none.pcapng", responder.dir);
    snprintf(line, sizeof(line), "capture vm1 'no filter' -l 5 -w %s", path);
    assert_int_equal(run(line, false, false).rc, CLI_USAGE);
    assert_int_equal(access(path, F_OK), -1);
    snprintf(line, sizeof(line), "capture gone -w %s", path);
    assert_int_equal(run(line, false, false).rc, CLI_REFUSED);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_top_in_a_script(void **state)
{
    struct outcome o = run("top --batch -n 1 -d 0.1", false, false);

    assert_int_equal(o.rc, CLI_OK);
    assert_string_equal(o.out, "port  in_pps  in_bps  out_pps  out_bps  drops_pps\n"
                               "vm1        0       0        0        0          0\n"
                               "vm2        0       0        0        0          0\n");
}

static void test_help_says_what_may_be_written(void **state)
{
    struct outcome o = run("port set help", false, false);

    assert_non_null(strstr(o.out, "usage: vswitchctl port set NAME [key=value ...]\n"));
    assert_non_null(strstr(o.out, "mode                 access|trunk|qinq|uplink    access "));
    assert_non_null(strstr(o.out, "mtu                  68..65535                   1500 "));
    assert_non_null(strstr(o.out, "\n--may-exist "));
    assert_non_null(strstr(run("fdb add help", false, false).out,
                           "usage: vswitchctl fdb add TENANT/NETWORK/MAC port=PORT\n"));
    assert_non_null(strstr(run("capture help", false, false).out, "capture PORT [in|out|drop|"));
    assert_non_null(strstr(run("batch help", false, false).out, "batch run"));
    assert_non_null(strstr(run("help capture stop", false, false).out, "capture PORT"));
    assert_non_null(strstr(run("help batch run", false, false).out, "vswitchctl -f"));
}

static void test_help_on_every_level(void **state)
{
    assert_non_null(strstr(run("help", false, false).out, "exit codes: 0 done"));
    assert_non_null(strstr(run("port", false, false).out, "port attach"));
    assert_non_null(strstr(run("port help", false, false).out, "port attach"));
    assert_non_null(
        strstr(run("network add help", false, false).out, "network add TENANT/NAME [key=value"));
}

/* Turned away at the door, before anything was sent: what was said there is still the answer. */
static void test_a_refusal_before_the_request(void **state)
{
    static const char said[] = "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,"
                               "\"message\":\"not you\",\"data\":{\"errno\":13}}}\n";
    struct client client;
    struct vsw_err err = {0};
    struct json *result;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[1], said, strlen(said)), (ssize_t)strlen(said));
    close(pair[1]);
    client_init(&client, "unused");
    client.fd = pair[0];
    assert_int_equal(client_call(&client, "port.list", NULL, &result, &err), 1);
    assert_string_equal(err.msg, "not you");
    client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list_is_a_table_or_an_array),
        cmocka_unit_test(test_an_edit_says_nothing),
        cmocka_unit_test(test_a_refusal_is_shown_as_it_came),
        cmocka_unit_test(test_an_unknown_option_may_be_a_mistyped_field),
        cmocka_unit_test(test_wrong_usage),
        cmocka_unit_test(test_nobody_answers),
        cmocka_unit_test(test_config_show_prints_a_document),
        cmocka_unit_test(test_apply_tells_the_place_in_the_file),
        cmocka_unit_test(test_a_batch_is_one_request),
        cmocka_unit_test(test_ready_lines),
        cmocka_unit_test(test_monitor_prints_events),
        cmocka_unit_test(test_capture_passes_a_descriptor),
        cmocka_unit_test(test_a_refused_capture_leaves_no_file),
        cmocka_unit_test(test_top_in_a_script),
        cmocka_unit_test(test_help_on_every_level),
        cmocka_unit_test(test_a_refusal_before_the_request),
        cmocka_unit_test(test_help_says_what_may_be_written),
    };

    return cmocka_run_group_tests(tests, responder_start, responder_stop);
}
