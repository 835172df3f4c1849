/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control/uplink.c: tags as text, edits of a map, limits by default.
 */
#include "control/model.h"
#include "control/uplink.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <string.h>

static void tags(void **state)
{
    static const struct {
        const char *text;
        struct uplink_tag tag;
    } good[] = {
        {"untagged", {UPLINK_UNTAGGED, 0, 0}},     {"vlan1", {UPLINK_VLAN, 1, 0}},
        {"vlan4094", {UPLINK_VLAN, 4094, 0}},      {"s100", {UPLINK_SERVICE, 100, 0}},
        {"s4094.4094", {UPLINK_PAIR, 4094, 4094}}, {"s1.10", {UPLINK_PAIR, 1, 10}},
    };
    static const char *const bad[] = {
        "",          "10",       "vlan",           "vlan0",  "vlan4095",
        "vlan010",   "vlan10.5", "vlan10 ",        "vlan+1", "VLAN10",
        "s",         "s0",       "s4095",          "s100.",  "s100.0",
        "s100.4095", "s.5",      "s100.1x",        "s1.1.1", "tag",
        "Untagged",  "vlan-1",   "vlan4294967306", "s99999",
    };

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct uplink_tag tag;

        assert_int_equal(uplink_tag_parse(good[i].text, &tag), 0);
        assert_int_equal(tag.kind, good[i].tag.kind);
        assert_int_equal(tag.vid, good[i].tag.vid);
        assert_int_equal(tag.inner, good[i].tag.inner);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct uplink_tag tag = {UPLINK_PAIR, 7, 8};

        if (uplink_tag_parse(bad[i], &tag) != -EINVAL)
            fail_msg("\"%s\" is taken for a tag", bad[i]);
        assert_int_equal(tag.vid, 7);
    }
}

static void parse(const char *key, const char *text, struct api_port *port)
{
    const struct api_field *field = api_field_find(&api_port_object, key);
    struct vsw_err err = {0};

    if (api_field_parse(&api_port_object, field, text, port, &err) != 0)
        fail_msg("%s=%s: %s %s", key, text, err.field, err.msg);
}

static void expect_map(const struct api_port *port, const char *wanted)
{
    char text[256];

    api_field_format(api_field_find(&api_port_object, "map"), port, text, sizeof(text));
    assert_string_equal(text, wanted);
}

static void edits(void **state)
{
    struct api_port port, in;
    struct vsw_err err = {0};

    api_init(&api_port_object, &port);
    strcpy(port.name, "up0");
    parse("map", "vlan10:red/web,vlan20:blue/web,s5.6:blue/lab", &port);
    expect_map(&port, "vlan10:red/web,vlan20:blue/web,s5.6:blue/lab");

    api_init(&api_port_object, &in);
    parse("map_del", "vlan20,vlan10", &in);
    parse("map_add", "vlan10:blue/web,untagged:red/web", &in);
    assert_int_equal(uplink_edit_map(&port, &in, &err), 0);
    expect_map(&port, "s5.6:blue/lab,vlan10:blue/web,untagged:red/web");
    assert_true(api_given(&port, api_port, map));
    assert_false(api_given(&port, api_port, map_add));
    api_free(&api_port_object, &in);

    api_init(&api_port_object, &in);
    parse("map_del", "vlan30", &in);
    assert_int_equal(uplink_edit_map(&port, &in, &err), -ENOENT);
    assert_string_equal(err.field, "map_del");
    assert_non_null(strstr(err.msg, "vlan30"));
    api_free(&api_port_object, &in);

    assert_true(model_port_carries(&port, "red", "web"));
    assert_false(model_port_carries(&port, "red", "lab"));
    assert_false(model_port_carries(&port, "web", "red"));
    api_free(&api_port_object, &port);
}

static void limits(void **state)
{
    struct api_port port;
    struct uplink_limits l;

    api_init(&api_port_object, &port);
    l = uplink_limits(&port);
    assert_int_equal(l.max_fdb, 1024);
    assert_int_equal(l.flood_broadcast_pps, 0);
    port.mode = API_PORT_UPLINK;
    l = uplink_limits(&port);
    assert_int_equal(l.max_fdb, UPLINK_MAX_FDB);
    assert_int_equal(l.flood_broadcast_pps, UPLINK_FLOOD_BROADCAST_PPS);
    assert_int_equal(l.flood_multicast_pps, 0);
    assert_int_equal(l.flood_unknown_pps, UPLINK_FLOOD_UNKNOWN_PPS);
    /* What was said counts, also when it is what other ports have by default. */
    parse("max_fdb", "1024", &port);
    parse("flood_broadcast_pps", "unlimited", &port);
    l = uplink_limits(&port);
    assert_int_equal(l.max_fdb, 1024);
    assert_int_equal(l.flood_broadcast_pps, 0);
    api_free(&api_port_object, &port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags),
        cmocka_unit_test(edits),
        cmocka_unit_test(limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
