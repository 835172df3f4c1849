/* SPDX-License-Identifier: BSD-3-Clause
 *
 * No frame of one tenant leaves with another's tag or reaches another's port: random documents with
 * uplinks, overlapping VLAN numbers and addresses, a great many random frames, and changes of maps
 * and ports in between.
 *
 * The document is checked, numbered and turned into a dp_spec by control's own code. What a frame
 * on a port means is written down here a second time, from the document's texts alone, and is asked
 * twice: of the frame that went in, whose answer travels in its payload, and of the frame that came
 * out.
 */
#include "control/model.h"
#include "control/spec.h"
#include "control/uplink.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_types.h"
#include "tests/support/lab.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS      4
#define STEPS       400 /* of one round; the document changes between them */
#define FRAMES      192 /* of one step */
#define TENANTS     5
#define NETWORKS    4 /* of each tenant */
#define VMS         13
#define UPLINKS     3
#define PORTS       (VMS + UPLINKS)
#define MAP_ENTRIES 9
#define MARK        0x5a

static struct lab lab;
static struct live live;
static struct api_config config;
static uint32_t seed;

/* What came out, so that the test is known to be about something. */
static struct {
    uint64_t sent, received, untagged, one_tag, two_tags, changes, refused_edits;
} seen;

/* A small generator of our own: the same on every machine. Source: Marsaglia, "Xorshift RNGs", 2003
 */
static uint32_t draw(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

/* ---- the document ------------------------------------------------------------------------ */

static void build_networks(void)
{
    for (uint32_t t = 0; t < TENANTS; t++) {
        struct api_tenant *tenant = api_append(&config.tenants, api_tenant);

        snprintf(tenant->name, sizeof(tenant->name), "t%u", t);
    }
    for (uint32_t i = 0; i < TENANTS * NETWORKS; i++) {
        struct api_network *n = api_append(&config.networks, api_network);

        snprintf(n->tenant, sizeof(n->tenant), "t%u", i / NETWORKS);
        snprintf(n->name, sizeof(n->name), "n%u", i % NETWORKS);
        n->vlan = 10 + i % NETWORKS;
    }
}

static void fill_vm(struct api_port *p)
{
    uint32_t count = 1;

    free(p->networks.items);
    p->networks = (struct api_names){0};
    p->native[0] = '\0';
    p->native_tagged = false;
    snprintf(p->tenant, sizeof(p->tenant), "t%u", draw(TENANTS));
    p->isolated = draw(5) == 0;
    p->tpid = draw(4) == 0 ? API_TPID_DOT1AD : API_TPID_DOT1Q;
    p->mode = (enum api_port_mode)draw(3);
    if (p->mode == API_PORT_TRUNK)
        count = 1 + draw(NETWORKS);
    for (uint32_t i = 0, first = draw(NETWORKS); i < count; i++) {
        char name[8];

        snprintf(name, sizeof(name), "n%u", (first + i) % NETWORKS);
        api_names_append(&p->networks, name);
    }
    if (p->mode == API_PORT_TRUNK && draw(2)) {
        snprintf(p->native, sizeof(p->native), "n%u", draw(NETWORKS));
        p->native_tagged = draw(3) == 0;
    }
}

static void random_tag(char *text, size_t size)
{
    static const uint32_t vids[] = {1, 10, 11, 12, 13, 4094};
    static const uint32_t services[] = {10, 100, 200, 4094};
    uint32_t vid = vids[draw(ARRAY_SIZE(vids))], service = services[draw(ARRAY_SIZE(services))];

    switch (draw(6)) {
    case 0: snprintf(text, size, "untagged"); break;
    case 1: snprintf(text, size, "s%u", service); break;
    case 2:
    case 3: snprintf(text, size, "s%u.%u", service, vid); break;
    default: snprintf(text, size, "vlan%u", vid); break;
    }
}

static bool document_is_good(void)
{
    struct model_env env = fake_env();
    struct vsw_err err = {0};

    return model_check(&config, &env, &err) == 0;
}

/* Entries are tried until the map is large enough; those that overlap are refused. */
static void grow_map(struct api_port *p)
{
    for (uint32_t tries = 0; tries < 40 && p->map.count < MAP_ENTRIES; tries++) {
        struct api_map_entry *e = api_append(&p->map, api_map_entry);

        random_tag(e->tag, sizeof(e->tag));
        snprintf(e->tenant, sizeof(e->tenant), "t%u", draw(TENANTS));
        snprintf(e->network, sizeof(e->network), "n%u", draw(NETWORKS));
        if (!document_is_good()) {
            api_remove(&p->map, api_map_entry, p->map.count - 1);
            seen.refused_edits++;
        }
    }
}

static void build_ports(void)
{
    for (uint32_t i = 0; i < PORTS; i++) {
        struct api_port *p = api_append(&config.ports, api_port);

        snprintf(p->name, sizeof(p->name), "p%u", i);
        snprintf(p->type, sizeof(p->type), "fake");
        if (i < VMS) {
            fill_vm(p);
            continue;
        }
        p->mode = API_PORT_UPLINK;
        p->transit = draw(4) == 0;
        grow_map(p);
    }
    assert_true(document_is_good());
}

static void change_document(void)
{
    struct api_port *up = &config.ports.items[VMS + draw(UPLINKS)];

    switch (draw(4)) {
    case 0: fill_vm(&config.ports.items[draw(VMS)]); break;
    case 1: up->transit = !up->transit; break;
    default:
        for (uint32_t i = draw(3) + 1; i > 0 && up->map.count > 0; i--)
            api_remove(&up->map, api_map_entry, draw(up->map.count));
        grow_map(up);
        break;
    }
    assert_true(document_is_good());
    seen.changes++;
}

static void publish(void)
{
    struct spec spec;

    assert_int_equal(spec_make(&config, &live, &spec), 0);
    assert_int_equal(dp_publish(lab.dp, &spec.dp), 0);
    spec_free(&spec);
    lab_run(&lab);
}

static void start(void)
{
    lab_init(&lab, 1);
    api_init(&api_config_object, &config);
    config.version = API_CONFIG_VERSION;
    build_networks();
    build_ports();
    assert_int_equal(live_init(&live, LAB_PORTS, LAB_TENANTS, LAB_DOMAINS - 1), 0);
    assert_int_equal(live_adopt(&live, &config), 0);
    for (uint16_t i = 0; i < PORTS; i++) {
        struct live_port *p = live_port(&live, config.ports.items[i].name);

        lab.port[i] = fake_port_create(p->name, 1);
        assert_int_equal(p->number, i);
        assert_int_equal(dp_port_attach(lab.dp, &lab.port[i]->port, i), 0);
        p->port = &lab.port[i]->port;
    }
    publish();
}

static void end(void)
{
    lab_fini(&lab);
    live_free(&live);
    api_free(&api_config_object, &config);
}

/* ---- what a frame means, from the document's texts ---------------------------------------- */

#define NOBODY UINT32_MAX

struct meaning {
    uint32_t network; /* row of the document, or NOBODY */
    uint32_t tags;    /* which of its tags are the port's and not the frame's */
    uint16_t pcp;     /* of the last of these */
};

static uint32_t network_row(const char *tenant, const char *name)
{
    for (uint32_t i = 0; i < config.networks.count; i++) {
        if (strcmp(config.networks.items[i].tenant, tenant) == 0 &&
            strcmp(config.networks.items[i].name, name) == 0)
            return i;
    }
    return NOBODY;
}

static uint32_t mapped(const struct api_port *p, const char *tag)
{
    for (uint32_t i = 0; i < p->map.count; i++) {
        if (strcmp(p->map.items[i].tag, tag) == 0)
            return network_row(p->map.items[i].tenant, p->map.items[i].network);
    }
    return NOBODY;
}

static struct meaning on_uplink(const struct api_port *p, const uint8_t *frame)
{
    uint16_t type = load_be16(frame + 12), tci = load_be16(frame + 14), vid = tci & 0xfff;
    uint16_t inner = load_be16(frame + 18), pcp = tci & 0xf000;
    struct meaning m = {NOBODY, 1, pcp};
    char tag[32];

    if (type != 0x8100 && type != 0x88a8)
        return (struct meaning){mapped(p, "untagged"), 0, 0};
    if (vid == 0)
        return (struct meaning){mapped(p, "untagged"), 1, pcp};
    if (vid == 4095)
        return m;
    snprintf(tag, sizeof(tag), "%s%u", type == 0x8100 ? "vlan" : "s", vid);
    m.network = mapped(p, tag);
    if (m.network != NOBODY || type == 0x8100 || load_be16(frame + 16) != 0x8100)
        return m;
    snprintf(tag, sizeof(tag), "s%u.%u", vid, inner & 0xfff);
    return (struct meaning){mapped(p, tag), 2, inner & 0xf000};
}

static struct meaning on_trunk(const struct api_port *p, const uint8_t *frame)
{
    uint16_t tpid = p->tpid == API_TPID_DOT1AD ? 0x88a8 : 0x8100;
    uint16_t tci = load_be16(frame + 14), vid = tci & 0xfff, pcp = tci & 0xf000;

    if (load_be16(frame + 12) != tpid)
        return (struct meaning){network_row(p->tenant, p->native), 0, 0};
    if (vid == 0)
        return (struct meaning){network_row(p->tenant, p->native), 1, pcp};
    for (uint32_t i = 0; i < config.networks.count; i++) {
        const struct api_network *n = &config.networks.items[i];
        bool native = strcmp(n->name, p->native) == 0;

        if (n->vlan == vid && strcmp(n->tenant, p->tenant) == 0 &&
            (api_names_has(&p->networks, n->name) || (native && p->native_tagged)))
            return (struct meaning){i, 1, pcp};
    }
    return (struct meaning){NOBODY, 1, pcp};
}

static uint32_t only_network(const struct api_port *p)
{
    return p->networks.count > 0 ? network_row(p->tenant, p->networks.items[0]) : NOBODY;
}

static struct meaning meaning_of(uint16_t port, const uint8_t *frame)
{
    const struct api_port *p = &config.ports.items[port];
    uint16_t type = load_be16(frame + 12), tci = load_be16(frame + 14);
    uint32_t only = only_network(p);

    switch (p->mode) {
    case API_PORT_UPLINK: return on_uplink(p, frame);
    case API_PORT_TRUNK: return on_trunk(p, frame);
    case API_PORT_QINQ: return (struct meaning){only, 0, 0};
    case API_PORT_ACCESS: break;
    }
    if (type != 0x8100 && type != 0x88a8)
        return (struct meaning){only, 0, 0};
    return (struct meaning){(tci & 0xfff) == 0 ? only : NOBODY, 1, tci & 0xf000};
}

/* ---- frames ------------------------------------------------------------------------------ */

static uint16_t random_tci(void)
{
    static const uint16_t special[] = {0, 1, 100, 200, 4094, 4095};
    uint16_t vid = draw(2) ? special[draw(ARRAY_SIZE(special))] : (uint16_t)(10 + draw(4));

    return (uint16_t)(vid | draw(16) << 12);
}

/* The tags of an entry of the port's map, so that many frames are somebody's. */
static uint32_t add_mapped_tags(const struct api_port *p, uint8_t *buf, uint32_t len)
{
    struct uplink_tag tag;

    if (p->map.count == 0 || draw(4) == 0)
        return len;
    assert_int_equal(uplink_tag_parse(p->map.items[draw(p->map.count)].tag, &tag), 0);
    if (tag.inner != 0)
        len = lab_tag(buf, len, 0x8100, (uint16_t)(tag.inner | draw(16) << 12));
    if (tag.kind == UPLINK_UNTAGGED)
        return len;
    return lab_tag(buf, len, tag.kind == UPLINK_VLAN ? 0x8100 : 0x88a8,
                   (uint16_t)(tag.vid | draw(16) << 12));
}

/* The last four bytes say which network it is in, its priority, and that it is ours. */
static void send_random(uint16_t port)
{
    static const uint16_t tpids[] = {0x8100, 0x8100, 0x88a8, 0x9100};
    uint8_t buf[512];
    uint8_t dst = draw(5) == 0 ? (uint8_t)(0xfe + draw(2)) : (uint8_t)(1 + draw(24));
    uint32_t len = lab_frame(buf, dst, (uint8_t)(1 + draw(24)), 64 + draw(300));
    uint32_t tags = draw(3) == 0 ? draw(4) : 0;
    struct meaning m;

    for (uint32_t i = 0; i < tags; i++)
        len = lab_tag(buf, len, tpids[draw(ARRAY_SIZE(tpids))], random_tci());
    len = add_mapped_tags(&config.ports.items[port], buf, len);
    m = meaning_of(port, buf);
    store_be16(buf + len - 4, (uint16_t)(m.network == NOBODY ? 0xffff : m.network));
    buf[len - 2] = (uint8_t)(m.pcp >> 8 | port);
    buf[len - 1] = MARK;
    fake_port_send(lab.port[port], 0, buf, len, NULL);
    seen.sent++;
}

static void fail_frame(uint16_t port, const char *what, const struct fake_frame *f, uint32_t origin)
{
    print_message("port p%u: %s; frame of network %u:", port, what, origin);
    for (uint32_t i = 12; i < 24; i += 2)
        print_message(" %04x", load_be16(f->bytes + i));
    fail_msg("round seed %u, after %lu frames", seed, (unsigned long)seen.sent);
}

static void check_frame(uint16_t port, const struct fake_frame *f)
{
    uint32_t origin = load_be16(f->bytes + f->len - 4);
    uint8_t from = f->bytes[f->len - 2] & 0x0f;
    uint16_t pcp = (uint16_t)(f->bytes[f->len - 2] << 8 & 0xf000);
    bool uplink = port >= VMS;
    struct meaning m = meaning_of(port, f->bytes);

    /* To an access port every tag that comes out is its network's payload. */
    if (config.ports.items[port].mode == API_PORT_ACCESS)
        m = (struct meaning){only_network(&config.ports.items[port]), 0, 0};
    if (f->bytes[f->len - 1] != MARK || origin >= config.networks.count)
        fail_frame(port, "a frame that is nobody's", f, origin);
    if (m.network != origin)
        fail_frame(port, "a frame that means another network here", f, origin);
    if (m.tags > 0 && m.pcp != pcp)
        fail_frame(port, "a priority that changed", f, origin);
    if (uplink && m.tags == 0 &&
        (load_be16(f->bytes + 12) == 0x9100 || vlan_is_tag(load_be16(f->bytes + 12))))
        fail_frame(port, "a tag that came to the front", f, origin);
    if (uplink && from != port && from >= VMS && !config.ports.items[port].transit &&
        !config.ports.items[from].transit)
        fail_frame(port, "a frame of another uplink", f, origin);
    seen.received++;
    if (uplink) {
        seen.untagged += m.tags == 0;
        seen.one_tag += m.tags == 1;
        seen.two_tags += m.tags == 2;
    }
}

static void check_ports(void)
{
    const struct fake_frame *f;

    for (uint16_t p = 0; p < PORTS; p++) {
        while ((f = fake_port_take(lab.port[p])) != NULL)
            check_frame(p, f);
    }
}

/* What the packet path says was dropped for a tenant on uplinks is a part of what was dropped. */
static void check_tenant_drops(void)
{
    uint64_t sum[DROP_COUNT] = {0}, all[DROP_COUNT] = {0};

    for (uint16_t t = 0; t < TENANTS; t++)
        dp_tenant_add_uplink_drops(lab.dp, t, sum);
    for (uint16_t p = VMS; p < PORTS; p++) {
        for (int r = 0; r < DROP_COUNT; r++)
            all[r] += lab_counters(&lab, p).drops[r];
    }
    assert_int_equal(sum[DROP_vlan_unmapped], 0);
    assert_int_equal(sum[DROP_vlan_hop], all[DROP_vlan_hop]);
    assert_int_equal(sum[DROP_split_horizon], all[DROP_split_horizon]);
    assert_int_equal(sum[DROP_hairpin], all[DROP_hairpin]);
    assert_int_equal(sum[DROP_flood_broadcast], all[DROP_flood_broadcast]);
}

static void nothing_leaks(void **state)
{
    static_assert(PORTS <= 16, "a port's number fits beside the mark");
    for (uint32_t round = 0; round < ROUNDS; round++) {
        seed = 2463534242u + round;
        start();
        for (uint32_t step = 0; step < STEPS; step++) {
            for (uint32_t i = 0; i < FRAMES; i++)
                send_random((uint16_t)(draw(2) ? VMS + draw(UPLINKS) : draw(VMS)));
            lab.now_ns += draw(3) * NS_PER_SEC;
            lab_run(&lab);
            check_ports();
            if (draw(3) != 0)
                continue;
            change_document();
            publish();
        }
        check_tenant_drops();
        end();
    }
    print_message(
        "%lu frames sent, %lu copies received; by uplinks %lu untagged, %lu with one tag, "
        "%lu with two; %lu changes\n",
        seen.sent, seen.received, seen.untagged, seen.one_tag, seen.two_tags, seen.changes);
    /* The test is about something. */
    assert_true(seen.received > seen.sent / 4);
    assert_true(seen.untagged > 1000 && seen.one_tag > 1000 && seen.two_tags > 1000);
    assert_true(seen.changes > 100 && seen.refused_edits > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_leaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
