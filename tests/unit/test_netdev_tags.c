/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The setting of a driver that outlives us, and the note by which it is put back, with veths in
 * namespaces of the program's own. Needs root.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/netns.h"
#include "netdev/netdev_link.h"
#include "netdev/netdev_tags.h"
#include "tests/support/cmocka.h"
#include "tests/support/tap_lab.h"

static char dir[] = "/tmp/vsw-tags-XXXXXX";
static struct netdev_tags tags;

static int set_up(void **state)
{
    memset(&tags, 0xff, sizeof(tags));
    return tap_lab_sh("ip link add v0 type veth peer name v1") ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)tap_lab_sh("ip link del v0 2>/dev/null");
    return 0;
}

static int notes(void)
{
    return atoi(tap_lab_out("ls %s | wc -l", dir));
}

static int keep(const char *netns)
{
    return netdev_tags_keep(&tags, dir, netns, (int)if_nametoindex("v0"));
}

static void it_is_put_back_at_the_end(void **state)
{
    assert_int_equal(netdev_link_takes_tags("v0"), 1);
    assert_int_equal(keep(""), 0);
    assert_int_equal(netdev_link_takes_tags("v0"), 0);
    assert_int_equal(notes(), 1);
    assert_true(tap_lab_sh("ip link set v0 name other"));
    netdev_tags_release(&tags);
    assert_int_equal(netdev_link_takes_tags("other"), 1);
    assert_int_equal(notes(), 0);
    assert_true(tap_lab_sh("ip link set other name v0"));
}

static void it_is_put_back_after_a_death(void **state)
{
    assert_int_equal(keep(""), 0);
    assert_int_equal(netdev_link_takes_tags("v0"), 0);
    netdev_tags_recover(dir);
    assert_int_equal(netdev_link_takes_tags("v0"), 1);
    assert_int_equal(notes(), 0);
}

static void what_the_admin_has_set_stays(void **state)
{
    assert_int_equal(netdev_link_take_tags("v0", false), 0);
    assert_int_equal(keep(""), 0);
    assert_int_equal(notes(), 0);
    netdev_tags_recover(dir);
    netdev_tags_release(&tags);
    assert_int_equal(netdev_link_takes_tags("v0"), 0);
}

static void in_another_namespace(void **state)
{
    struct netns ns;
    struct netns_visit visit;

    assert_true(tap_lab_sh("ip netns add box && ip link set v0 netns box"));
    assert_int_equal(netns_open("box", &ns, NULL), 0);
    assert_int_equal(netns_enter(&ns, &visit, NULL), 0);
    assert_int_equal(keep("box"), 0);
    assert_int_equal(netdev_link_takes_tags("v0"), 0);
    netns_leave(&visit);
    netdev_tags_recover(dir);
    assert_int_equal(netns_enter(&ns, &visit, NULL), 0);
    assert_int_equal(netdev_link_takes_tags("v0"), 1);
    netns_leave(&visit);
    netns_close(&ns);
    assert_int_equal(notes(), 0);
    assert_true(tap_lab_sh("ip netns del box"));
}

static void a_note_that_is_not_true_any_more(void **state)
{
    static const char *const edits[] = {
        "s/^[^ ]*/11111111-2222-3333-4444-555555555555/", /* of another boot */
        "s/ [0-9]* / 4242 /",                             /* of another namespace */
        "s/ -$/ nosuch/",                                 /* of one that has gone */
        "s/.*/rubbish/",
        "d",
    };

    for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
        assert_int_equal(netdev_link_take_tags("v0", true), 0);
        assert_int_equal(keep(""), 0);
        assert_true(tap_lab_sh("sed -i '%s' %s/*", edits[i], dir));
        netdev_tags_recover(dir);
        assert_int_equal(netdev_link_takes_tags("v0"), 0);
        assert_int_equal(notes(), 0);
    }
    assert_int_equal(netdev_tags_keep(&tags, dir, "", 12345), -ENODEV);
    assert_int_equal(notes(), 0);
    netdev_tags_recover("/nonexistent");
}

/* Without a place for the note the setting is changed all the same. */
static void no_folder(void **state)
{
    assert_int_equal(netdev_tags_keep(&tags, "/nonexistent", "", (int)if_nametoindex("v0")), 0);
    assert_int_equal(netdev_link_takes_tags("v0"), 0);
    netdev_tags_release(&tags);
    assert_int_equal(netdev_link_takes_tags("v0"), 1);
    assert_int_equal(netdev_tags_keep(&tags, NULL, "", (int)if_nametoindex("v0")), 0);
    netdev_tags_release(&tags);
    assert_int_equal(netdev_link_takes_tags("v0"), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_is_put_back_at_the_end),        CASE(it_is_put_back_after_a_death),
        CASE(what_the_admin_has_set_stays),     CASE(in_another_namespace),
        CASE(a_note_that_is_not_true_any_more), CASE(no_folder),
    };
    int failed;

    tap_lab_isolate();
    if (mkdtemp(dir) == NULL)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return failed;
}
