/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dpdk/dpdk_config.h"
#include "dpdk/dpdk_say.h"
#include "tests/support/cmocka.h"

static struct dpdk_options options(const char *devargs, const char *members)
{
    struct dpdk_options o = {.poll_us = 1000, .promiscuous = true};

    snprintf(o.devargs, sizeof(o.devargs), "%s", devargs);
    snprintf(o.members, sizeof(o.members), "%s", members);
    return o;
}

static int parse_options(const struct dpdk_options *o, uint16_t mtu, struct dpdk_config *ret,
                         struct vsw_err *err)
{
    struct port_config config = {.name = "up1", .up = true, .mtu = mtu, .options = o};

    *err = (struct vsw_err){0};
    return dpdk_config_parse(&config, NULL, ret, err);
}

static int parse(const char *devargs, const char *members, struct dpdk_config *ret,
                 struct vsw_err *err)
{
    struct dpdk_options o = options(devargs, members);

    return parse_options(&o, 1500, ret, err);
}

static void names(void **state)
{
    static const struct {
        const char *text, *name, *args;
    } good[] = {
        {"0000:3b:00.0", "0000:3b:00.0", "0000:3b:00.0"},
        {"3b:00.1", "0000:3b:00.1", "0000:3b:00.1"},
        {"pci:0000:3b:00.0,x=1", "0000:3b:00.0", "0000:3b:00.0,x=1"},
        {"net_null0", "net_null0", "net_null0"},
        {"vdev:net_pcap_lab,iface=a", "net_pcap_lab", "net_pcap_lab,iface=a"},
    };
    struct dpdk_config c;
    struct vsw_err err;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_int_equal(parse(good[i].text, "", &c, &err), 0);
        assert_string_equal(c.device.name, good[i].name);
        assert_string_equal(c.device.args, good[i].args);
        assert_int_equal(c.dma, strchr(good[i].name, ':') != NULL);
    }
}

static void refused_names(void **state)
{
    static const struct {
        const char *text;
        int code;
    } bad[] = {
        {"", -EINVAL},
        {",x=1", -EINVAL},
        {"net_null0 x", -EINVAL},
        {"net_null0,x='a'", -EINVAL},
        {"net_null0/x", -EINVAL},
        {"net_null0,a=1,a=2", -EINVAL},
        {"net_memif0,socket-abstract=yes,socket=/etc/x,socket-abstract=no", -EINVAL},
        {"net_nullify", -ENOTSUP},
        {"net_failsafe0,exec(id)", -ENOTSUP},
        {"net_vhost0,iface=/tmp/x", -ENOTSUP},
        {"crypto_null0", -ENOTSUP},
        {"0000:3b:20.0", -ENOTSUP},
        {"0000:3b:00.8", -ENOTSUP},
        {"0000:3b:00.0x", -ENOTSUP},
    };
    struct dpdk_config c = {.mtu = 7};
    struct vsw_err err;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(parse(bad[i].text, "", &c, &err), bad[i].code);
        assert_string_equal(err.field, "devargs");
        assert_int_equal(c.mtu, 7); /* untouched */
    }
}

static void long_names(void **state)
{
    char text[DPDK_DEVARGS_BYTES];
    struct dpdk_config c;
    struct vsw_err err;

    memset(text, '0', sizeof(text));
    memcpy(text, "net_null", 8);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(parse(text, "", &c, &err), -ENAMETOOLONG);
    memcpy(text + 9, ",a=", 3);
    assert_int_equal(parse(text, "", &c, &err), -ENAMETOOLONG);
    text[sizeof(text) - 10] = '\0';
    assert_int_equal(parse(text, "", &c, &err), 0);
}

static void arguments(void **state)
{
    char value[8];

    assert_true(dpdk_arg("net_x,a=1,bb=22", "bb", value, sizeof(value)));
    assert_string_equal(value, "22");
    assert_false(dpdk_arg("net_x,a=1,bb=22", "b", value, sizeof(value)));
    assert_false(dpdk_arg("a=1", "a", value, sizeof(value))); /* the name is no argument */
    assert_false(dpdk_arg("net_x,a=12345678", "a", value, sizeof(value)));
    assert_true(dpdk_arg("net_x,a=,b=1", "a", value, sizeof(value)));
    assert_string_equal(value, "");
}

static void bonds(void **state)
{
    struct dpdk_config c;
    struct vsw_err err;

    assert_int_equal(parse("net_bonding0,mode=1", "net_null1; 3b:00.0,x=1;", &c, &err), 0);
    assert_int_equal(c.member_count, 2);
    assert_string_equal(c.member[0].args, "net_null1");
    assert_string_equal(c.member[1].args, "0000:3b:00.0,x=1");
    assert_string_equal(c.device.args, "net_bonding0,mode=1,slave=net_null1,slave=0000:3b:00.0");
    assert_true(c.dma); /* one of them is a card */
    assert_int_equal(parse("net_bonding0,mode=1", "", &c, &err), -EINVAL);
    assert_int_equal(parse("net_bonding0,mode=1,slave=x", "net_null1", &c, &err), -EINVAL);
    assert_int_equal(parse("net_bonding0,mode=1", "net_bonding1", &c, &err), -EINVAL);
    assert_int_equal(parse("net_bonding0,mode=1", "net_null1;net_null1,a=1", &c, &err), -EINVAL);
    assert_int_equal(parse("net_null0", "net_null1", &c, &err), -EINVAL);
    assert_string_equal(err.field, "members");
    assert_int_equal(parse("net_bonding0",
                           "net_null1;net_null2;net_null3;net_null4;net_null5;"
                           "net_null6;net_null7;net_null8;net_null9",
                           &c, &err),
                     -ERANGE);
}

static void numbers(void **state)
{
    struct dpdk_options o = options("net_null0", "");
    struct dpdk_config c;
    struct vsw_err err;

    assert_int_equal(parse_options(&o, 67, &c, &err), -ERANGE);
    assert_string_equal(err.field, "mtu");
    o.descriptors = 16;
    assert_int_equal(parse_options(&o, 1500, &c, &err), -ERANGE);
    assert_string_equal(err.field, "descriptors");
    o.descriptors = 64;
    o.buffer_bytes = 1521; /* 1500, addresses and type, two tags: 1522 */
    assert_int_equal(parse_options(&o, 1500, &c, &err), -ERANGE);
    assert_string_equal(err.field, "buffer_bytes");
    o.buffer_bytes = 1522;
    assert_int_equal(parse_options(&o, 1500, &c, &err), 0);
    assert_true(c.queues_want >= 1 && c.queues_want <= 4);
}

static void live_changes(void **state)
{
    struct dpdk_options o = options("net_bonding0,mode=1", "net_null1;net_null2");
    struct dpdk_config a, b;
    struct vsw_err err;

    assert_int_equal(parse_options(&o, 1500, &a, &err), 0);
    o.poll_us = 200;
    assert_int_equal(parse_options(&o, 1500, &b, &err), 0);
    assert_true(dpdk_config_same_device(&a, &b));
    assert_int_equal(parse_options(&o, 1400, &b, &err), 0);
    assert_false(dpdk_config_same_device(&a, &b));
    o = options("net_bonding0,mode=1", "net_null1,copy=1;net_null2");
    assert_int_equal(parse_options(&o, 1500, &b, &err), 0);
    assert_false(dpdk_config_same_device(&a, &b));
}

/* ---- files ------------------------------------------------------------------------------- */
static int parse_file(const char *run_dir, const char *fmt, const char *path)
{
    struct dpdk_device_name d;
    struct vsw_err err = {0};
    char text[512];

    snprintf(text, sizeof(text), fmt, path);
    return dpdk_device_parse(text, "devargs", run_dir, &d, &err);
}

static void files(void **state)
{
    char top[] = "/tmp/vsw-dpdk-XXXXXX", run[64], path[128];

    assert_non_null(mkdtemp(top));
    snprintf(run, sizeof(run), "%s/run", top);
    assert_int_equal(mkdir(run, 0700), 0);
    snprintf(path, sizeof(path), "%s/a.pcap", run);
    assert_int_equal(parse_file(run, "net_pcap0,tx_pcap=%s", path), 0);
    snprintf(path, sizeof(path), "%s/a.pcap", top);
    assert_int_equal(parse_file(run, "net_pcap0,tx_pcap=%s", path), -EPERM);
    assert_int_equal(parse_file(run, "net_pcap0,x=1,rx_pcap=%s", path), -EPERM);
    assert_int_equal(parse_file(NULL, "net_pcap0,tx_pcap=%s", path), 0);
    snprintf(path, sizeof(path), "%s/../a.pcap", run);
    assert_int_equal(parse_file(run, "net_pcap0,tx_pcap=%s", path), -EPERM);
    snprintf(path, sizeof(path), "%s2/a.pcap", run); /* only begins like it */
    assert_int_equal(parse_file(run, "net_pcap0,tx_pcap=%s", path), -EPERM);
    assert_int_equal(parse_file(run, "net_pcap0,tx_pcap=%s", "a.pcap"), -EPERM);
    assert_int_equal(parse_file(run, "net_pcap0,tx_pcap=%s", ""), -EPERM);
    snprintf(path, sizeof(path), "%s/l", run);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(parse_file(run, "net_pcap0,tx_pcap=%s", path), -EPERM);
    unlink(path);
    assert_int_equal(symlink(top, path), 0); /* a folder on the way */
    snprintf(path, sizeof(path), "%s/l/a.pcap", run);
    assert_int_equal(parse_file(run, "net_pcap0,tx_pcap=%s", path), -EPERM);
    snprintf(path, sizeof(path), "%s/l", run);
    unlink(path);
    /* memif's sockets are abstract unless said not to be. */
    assert_int_equal(parse_file(run, "net_memif0,socket=%s", path), -EINVAL);
    assert_int_equal(parse_file(run, "net_memif0,socket-abstract=no%.0s", path), -EINVAL);
    assert_int_equal(parse_file(run, "net_memif0,socket=%s,socket-abstract=no", "/etc/x"), -EPERM);
    assert_int_equal(parse_file(run, "net_virtio_user0,path=%s", "/dev/vhost-net"), 0);
    assert_int_equal(parse_file(run, "net_virtio_user0,path=%s", "/dev/vhost-vdpa-0"), -EPERM);
    rmdir(run);
    rmdir(top);
}

static void tidy(void **state)
{
    char text[32];

    dpdk_say_tidy("eth_probe(): eth9: no such device\n", text, sizeof(text));
    assert_string_equal(text, "eth9: no such device");
    dpdk_say_tidy("EAL: Cannot find device (net_x).\n", text, sizeof(text));
    assert_string_equal(text, "Cannot find device (net_x)");
    dpdk_say_tidy("0123456789012345678901234567890123456789\n", text, sizeof(text));
    assert_int_equal(strlen(text), sizeof(text) - 1);
    dpdk_say_tidy("\n", text, sizeof(text));
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),        cmocka_unit_test(refused_names),
        cmocka_unit_test(long_names),   cmocka_unit_test(arguments),
        cmocka_unit_test(bonds),        cmocka_unit_test(numbers),
        cmocka_unit_test(live_changes), cmocka_unit_test(files),
        cmocka_unit_test(tidy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
