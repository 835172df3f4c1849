/* SPDX-License-Identifier: BSD-3-Clause
 *
 * From options to a checked `struct dpdk_config`. Looks at the number of CPUs and, when a file is
 * named, at the file system; any thread.
 */
#include "dpdk/dpdk_config.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUEUES_AUTO_MAX 4

API_OBJECT_DEFINE(dpdk_options, DPDK_OPTIONS, "dpdk options",
                  "a network card, or a virtual device of DPDK")

/* An allow-list, because some drivers start programs (net_failsafe), read scripts (net_softnic) or
 * trust guests (net_vhost), and their arguments come from people who need not be root. */
static const struct dpdk_driver drivers[] = {
    {.name = "net_af_packet", .package = "librte-net-af-packet23"},
    {.name = "net_bonding", .package = "librte-net-bond23", .bond = true},
    {.name = "net_memif", .package = "librte-net-memif23", .files = {"socket"}, .memif = true},
    {.name = "net_null", .package = "librte-net-null23"},
    {.name = "net_pcap", .package = "librte-net-pcap23", .files = {"rx_pcap", "tx_pcap"}},
    {.name = "net_ring", .package = "librte-net-ring23"},
    {.name = "net_tap", .package = "librte-net-tap23"},
    {.name = "net_virtio_user", .package = "librte-net-virtio23", .files = {"path"}, .dma = true},
};
static const struct dpdk_driver pci_driver = {
    .name = "pci", .package = "librte-meta-net", .dma = true};

/* ---- one device -------------------------------------------------------------------------- */

/* 0000:3b:00.0, or 3b:00.0 for short. */
static bool is_pci_address(const char *name)
{
    unsigned domain = 0, bus, slot, function;
    int end = 0;

    if (sscanf(name, "%4x:%2x:%2x.%1u%n", &domain, &bus, &slot, &function, &end) == 4 &&
        name[end] == '\0')
        return slot < 32 && function < 8;
    end = 0;
    return sscanf(name, "%2x:%2x.%1u%n", &bus, &slot, &function, &end) == 3 && name[end] == '\0' &&
           slot < 32 && function < 8;
}

static const struct dpdk_driver *find_driver(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
        size_t len = strlen(drivers[i].name);
        const char *rest = name + len;

        /* What follows must be a number or a word of its own: net_tap0, net_tap_lab, not net_tapx.
         */
        if (strncmp(name, drivers[i].name, len) == 0 &&
            (*rest == '\0' || isdigit((unsigned char)*rest) || *rest == '_'))
            return &drivers[i];
    }
    return NULL;
}

static int refuse_driver(const char *name, const char *field, struct vsw_err *err)
{
    vsw_err_set(err, -ENOTSUP, field, "'%s' is no device that a port may be", name);
    if (strncmp(name, "net_af_xdp", 10) == 0)
        vsw_err_hint(err, "type=netdev iface=NAME goes by AF_XDP, and the host keeps its network");
    else
        vsw_err_hint(err,
                     "a PCI address such as 0000:3b:00.0, or a name that begins with net_bonding, "
                     "net_memif, net_pcap, net_af_packet, net_tap, net_ring, net_null "
                     "or net_virtio_user");
    return -ENOTSUP;
}

/* The name as the buses know it. */
static int set_name(const char *name, const char *field, struct dpdk_device_name *d,
                    struct vsw_err *err)
{
    if (is_pci_address(name)) {
        d->driver = &pci_driver;
        snprintf(d->name, sizeof(d->name), "%s%s", strlen(name) < 9 ? "0000:" : "", name);
        return 0;
    }
    d->driver = find_driver(name);
    if (d->driver == NULL)
        return refuse_driver(name, field, err);
    memcpy(d->name, name, strlen(name) + 1);
    return 0;
}

/* ---- files ------------------------------------------------------------------------------- */
bool dpdk_arg(const char *args, const char *key, char *ret, size_t size)
{
    size_t len = strlen(key);

    for (const char *p = strchr(args, ','); p != NULL; p = strchr(p, ',')) {
        size_t bytes;

        p++;
        if (strncmp(p, key, len) != 0 || p[len] != '=')
            continue;
        p += len + 1;
        bytes = strcspn(p, ",");
        if (bytes >= size)
            return false;
        memcpy(ret, p, bytes);
        ret[bytes] = '\0';
        return true;
    }
    return false;
}

static int refuse_file(const char *field, const char *path, const char *run_dir, const char *why,
                       struct vsw_err *err)
{
    vsw_err_set(err, -EPERM, field, "%.120s may not be used: %s", path, why);
    vsw_err_hint(err, "files and sockets of devices lie in %s or below", run_dir);
    return -EPERM;
}

/* No way out of the folder by "..", nor by a symbolic link on the way or at the end. */
static int check_file(const char *path, const char *field, const char *run_dir, struct vsw_err *err)
{
    char folder[PATH_MAX], root[PATH_MAX], parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    struct stat st;

    if (path[0] != '/')
        return refuse_file(field, path, run_dir, "it is no absolute path", err);
    snprintf(folder, sizeof(folder), "%.*s/", (int)(slash - path), path);
    if (realpath(run_dir, root) == NULL || realpath(folder, parent) == NULL)
        return refuse_file(field, path, run_dir, "its folder is not there", err);
    if (strncmp(parent, root, strlen(root)) != 0 ||
        (parent[strlen(root)] != '/' && parent[strlen(root)] != '\0'))
        return refuse_file(field, path, run_dir, "it is outside of the switch's folder", err);
    if (lstat(path, &st) < 0)
        return 0;
    if (!S_ISREG(st.st_mode) && !S_ISSOCK(st.st_mode))
        return refuse_file(field, path, run_dir, "it is neither an ordinary file nor a socket",
                           err);
    return 0;
}

static unsigned count_arg(const char *args, const char *key)
{
    size_t len = strlen(key);
    unsigned count = 0;

    for (const char *p = strchr(args, ','); p != NULL; p = strchr(p + 1, ','))
        count += strncmp(p + 1, key, len) == 0 && p[1 + len] == '=';
    return count;
}

static bool is_no_file(const struct dpdk_device_name *d, const char *value)
{
    return strcmp(d->driver->name, "net_virtio_user") == 0 && strcmp(value, "/dev/vhost-net") == 0;
}

/* Abstract, which it is unless told otherwise, anybody on the host could connect to it. */
static int check_memif(const struct dpdk_device_name *d, const char *field, struct vsw_err *err)
{
    char word[8];

    if (!d->driver->memif ||
        (count_arg(d->args, "socket") == 1 &&
         dpdk_arg(d->args, "socket-abstract", word, sizeof(word)) && strcmp(word, "no") == 0))
        return 0;
    vsw_err_set(err, -EINVAL, field, "the socket of a memif must be a file");
    vsw_err_hint(err,
                 "for example %s,role=server,id=0,socket=/run/vswitch/memif.sock,"
                 "socket-abstract=no",
                 d->name);
    return -EINVAL;
}

/* Which of two would count is the driver's secret. */
static int check_keys(const char *args, const char *field, struct vsw_err *err)
{
    for (const char *p = strchr(args, ','); p != NULL; p = strchr(p + 1, ',')) {
        size_t len = strcspn(p + 1, "=,");
        char key[64];

        if (len >= sizeof(key))
            return vsw_err_set(err, -EINVAL, field, "an argument's name is too long");
        memcpy(key, p + 1, len);
        key[len] = '\0';
        if (p[1 + len] == '=' && count_arg(args, key) > 1)
            return vsw_err_set(err, -EINVAL, field, "%s= is given twice", key);
    }
    return 0;
}

static int check_files(const struct dpdk_device_name *d, const char *field, const char *run_dir,
                       struct vsw_err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(d->driver->files); i++) {
        const char *key = d->driver->files[i];
        char value[PATH_MAX];
        int rc;

        if (key == NULL || count_arg(d->args, key) == 0)
            continue;
        if (!dpdk_arg(d->args, key, value, sizeof(value)))
            return vsw_err_set(err, -ENAMETOOLONG, field, "the value of %s= is too long", key);
        if (is_no_file(d, value) || run_dir == NULL)
            continue;
        rc = check_file(value, field, run_dir, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- text -------------------------------------------------------------------------------- */

/* Nothing that could end the argument early or hide in a log. */
static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f || *text == '"' || *text == '\'')
            return false;
    }
    return true;
}

int dpdk_device_parse(const char *text, const char *field, const char *run_dir,
                      struct dpdk_device_name *ret, struct vsw_err *err)
{
    struct dpdk_device_name d = {0};
    char name[DPDK_NAME_BYTES - sizeof("0000:")];
    size_t len;
    int rc;

    if (strncmp(text, "pci:", 4) == 0)
        text += 4;
    else if (strncmp(text, "vdev:", 5) == 0)
        text += 5;
    len = strcspn(text, ",");
    if (len == 0 || !is_printable(text) || memchr(text, '/', len) != NULL) {
        vsw_err_set(err, -EINVAL, field, "'%.100s' is no device", text);
        vsw_err_hint(err, "for example 0000:3b:00.0 or net_af_packet0,iface=eth1; no blanks or "
                          "quotes inside");
        return -EINVAL;
    }
    if (len >= sizeof(name))
        return vsw_err_set(err, -ENAMETOOLONG, field,
                           "the name of a device has %zu characters "
                           "at most",
                           sizeof(name) - 1);
    if (strlen(text) >= sizeof(d.args) - sizeof("0000:"))
        return vsw_err_set(err, -ENAMETOOLONG, field, "a device has %zu characters at most",
                           sizeof(d.args) - sizeof("0000:") - 1);
    memcpy(name, text, len);
    name[len] = '\0';
    rc = set_name(name, field, &d, err);
    if (rc < 0)
        return rc;
    snprintf(d.args, sizeof(d.args), "%s%s", d.name, text + len);
    rc = check_keys(d.args, field, err);
    if (rc == 0)
        rc = check_memif(&d, field, err);
    if (rc == 0)
        rc = check_files(&d, field, run_dir, err);
    if (rc == 0)
        *ret = d;
    return rc;
}

/* ---- members of a bond ------------------------------------------------------------------- */
static int add_member(struct dpdk_config *c, const char *text, const char *run_dir,
                      struct vsw_err *err)
{
    struct dpdk_device_name *m = &c->member[c->member_count];
    int rc;

    if (c->member_count == DPDK_MEMBERS_MAX)
        return vsw_err_set(err, -ERANGE, "members", "more than %d members", DPDK_MEMBERS_MAX);
    rc = dpdk_device_parse(text, "members", run_dir, m, err);
    if (rc < 0)
        return rc;
    if (m->driver->bond || m->driver->memif)
        return vsw_err_set(err, -EINVAL, "members", "%s cannot be a member of a bond", m->name);
    for (uint16_t i = 0; i < c->member_count; i++) {
        if (strcmp(c->member[i].name, m->name) == 0)
            return vsw_err_set(err, -EINVAL, "members", "%s is a member twice", m->name);
    }
    c->dma |= m->driver->dma;
    c->member_count++;
    return 0;
}

/* DPDK's bond takes its members from its own arguments, when it is configured. */
static int append_member_args(struct dpdk_config *c, struct vsw_err *err)
{
    char *args = c->device.args;

    for (uint16_t i = 0; i < c->member_count; i++) {
        size_t len = strlen(args);

        if ((size_t)snprintf(args + len, sizeof(c->device.args) - len, ",slave=%s",
                             c->member[i].name) >= sizeof(c->device.args) - len)
            return vsw_err_set(err, -ENAMETOOLONG, "members",
                               "the names of the members are too long");
    }
    return 0;
}

static int parse_members(const struct dpdk_options *o, const char *run_dir, struct dpdk_config *c,
                         struct vsw_err *err)
{
    char list[sizeof(o->members)];
    char *save = NULL;
    int rc = 0;

    memcpy(list, o->members, sizeof(list));
    for (char *t = strtok_r(list, "; ", &save); t != NULL && rc == 0;
         t = strtok_r(NULL, "; ", &save))
        rc = add_member(c, t, run_dir, err);
    if (rc < 0)
        return rc;
    if (!c->device.driver->bond && c->member_count > 0)
        return vsw_err_set(err, -EINVAL, "members", "only a net_bonding device has members");
    if (!c->device.driver->bond)
        return 0;
    if (c->member_count == 0 || count_arg(c->device.args, "slave") > 0) {
        vsw_err_set(err, -EINVAL, "members", "the legs of a bond are given by members=");
        vsw_err_hint(err, "for example devargs=net_bonding0,mode=1 members='0000:3b:00.0;"
                          "0000:3b:00.1'");
        return -EINVAL;
    }
    return append_member_args(c, err);
}

/* ---- all of it --------------------------------------------------------------------------- */
static uint16_t queues_auto(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    return cpus < 1 ? 1 : cpus > QUEUES_AUTO_MAX ? QUEUES_AUTO_MAX : (uint16_t)cpus;
}

static int check_numbers(const struct dpdk_options *o, uint16_t mtu, struct vsw_err *err)
{
    if (o->descriptors != 0 && o->descriptors < DPDK_DESCRIPTORS_MIN)
        return vsw_err_set(err, -ERANGE, "descriptors", "at least %d, or 0 for automatic",
                           DPDK_DESCRIPTORS_MIN);
    if (o->buffer_bytes != 0 && o->buffer_bytes < mtu + VLAN_ETH_BYTES + 2u * VLAN_TAG_BYTES)
        return vsw_err_set(err, -ERANGE, "buffer_bytes",
                           "a frame with two tags and MTU %u has %u bytes", mtu,
                           mtu + VLAN_ETH_BYTES + 2u * VLAN_TAG_BYTES);
    if (mtu < DPDK_MTU_MIN)
        return vsw_err_set(err, -ERANGE, "mtu", "%u is no MTU for a device: at least %d", mtu,
                           DPDK_MTU_MIN);
    return 0;
}

int dpdk_config_parse(const struct port_config *config, const char *run_dir,
                      struct dpdk_config *ret, struct vsw_err *err)
{
    const struct dpdk_options *o = config->options;
    struct dpdk_config c = {
        .queues = (uint16_t)o->queues,
        .queues_want = o->queues == 0 ? queues_auto() : (uint16_t)o->queues,
        .descriptors = (uint16_t)o->descriptors,
        .buffer_bytes = o->buffer_bytes,
        .poll_max_ns = o->poll_us * NS_PER_US,
        .mtu = config->mtu,
        .promiscuous = o->promiscuous,
        .up = config->up,
    };
    int rc = check_numbers(o, config->mtu, err);

    memcpy(c.port_name, config->name, sizeof(c.port_name));
    if (rc == 0)
        rc = dpdk_device_parse(o->devargs, "devargs", run_dir, &c.device, err);
    if (rc < 0)
        return rc;
    c.dma = c.device.driver->dma;
    /* The peer of a memif may have fewer, and what is sent to the others is lost. */
    if (c.device.driver->memif && c.queues == 0)
        c.queues_want = 1;
    rc = parse_members(o, run_dir, &c, err);
    if (rc == 0)
        *ret = c;
    return rc;
}

bool dpdk_config_same_device(const struct dpdk_config *now, const struct dpdk_config *next)
{
    for (uint16_t i = 0; i < now->member_count; i++) {
        if (strcmp(now->member[i].args, next->member[i].args) != 0)
            return false;
    }
    return strcmp(now->device.args, next->device.args) == 0 &&
           now->member_count == next->member_count && now->queues == next->queues &&
           now->descriptors == next->descriptors && now->buffer_bytes == next->buffer_bytes &&
           now->mtu == next->mtu && now->promiscuous == next->promiscuous;
}
