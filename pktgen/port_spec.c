/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The words of a --port.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mac.h"
#include "pktgen/port.h"

#define TEXT_MAX 512

enum word_type { W_FLAG, W_ONOFF, W_U16, W_U32, W_SHARE, W_MAC };

#define ON_VHOST (1u << PG_PORT_VHOST)
#define ON_IF    (1u << PG_PORT_IF)
#define ON_TAP   (1u << PG_PORT_TAP)
#define ON_RING  (1u << PG_PORT_RING)
#define ON_ANY   (ON_VHOST | ON_IF | ON_TAP | ON_RING)

struct word {
    const char *name;
    enum word_type type;
    unsigned kinds;
    size_t offset;
};

#define AT(field) offsetof(struct pg_port_spec, field)

static const struct word words[] = {
    {"server", W_FLAG, ON_VHOST, AT(server)},
    {"packed", W_FLAG, ON_VHOST, AT(packed)},
    {"in_order", W_ONOFF, ON_VHOST, AT(in_order)},
    {"mrg", W_ONOFF, ON_VHOST, AT(mergeable)},
    {"vec", W_ONOFF, ON_VHOST, AT(vectors)},
    {"csum", W_FLAG, ON_VHOST, AT(csum)},
    {"tso", W_FLAG, ON_VHOST, AT(tso)},
    {"entries", W_U16, ON_VHOST, AT(entries)},
    {"queues", W_U16, ON_VHOST, AT(queues)},
    {"mac", W_MAC, ON_VHOST | ON_TAP, AT(mac)},
    {"rxbuf", W_U32, ON_VHOST, AT(rxbuf_bytes)},
    {"xdp", W_FLAG, ON_IF, AT(xdp)},
    {"drop", W_SHARE, ON_RING, AT(drop)},
    {"dup", W_SHARE, ON_RING, AT(dup)},
    {"corrupt", W_SHARE, ON_RING, AT(corrupt)},
    {"reorder", W_SHARE, ON_RING, AT(reorder)},
};

static const char *const kinds[] = {"vhost", "if", "tap", "ring"};

static int number_read(const char *text, double max, double *ret)
{
    char *end;

    *ret = strtod(text, &end);
    return end == text || *end != '\0' || !(*ret >= 0 && *ret <= max) ? -EINVAL : 0;
}

static int onoff_read(const char *text, bool *ret)
{
    if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
        return -EINVAL;
    *ret = strcmp(text, "on") == 0;
    return 0;
}

static int value_read(const struct word *w, const char *value, struct pg_port_spec *spec)
{
    void *field = (char *)spec + w->offset;
    struct mac mac;
    double number = 0;
    int rc = 0;

    if ((w->type == W_FLAG) != (value == NULL))
        return -EINVAL;
    if (w->type == W_U16 || w->type == W_U32 || w->type == W_SHARE)
        rc = number_read(value, w->type == W_U16 ? 32768 : w->type == W_U32 ? 65535 : 1, &number);
    if (rc != 0)
        return rc;
    switch (w->type) {
    case W_FLAG: *(bool *)field = true; break;
    case W_ONOFF: return onoff_read(value, field);
    case W_U16: *(uint16_t *)field = (uint16_t)number; break;
    case W_U32: *(uint32_t *)field = (uint32_t)number; break;
    case W_SHARE: *(double *)field = number; break;
    case W_MAC:
        if (mac_parse(value, &mac) != 0)
            return -EINVAL;
        memcpy(spec->mac, &mac, sizeof(spec->mac));
        spec->has_mac = true;
        break;
    }
    return 0;
}

static int word_read(char *text, struct pg_port_spec *spec, struct vsw_err *err)
{
    char *value = strchr(text, '=');

    if (value != NULL)
        *value++ = '\0';
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i].name) != 0)
            continue;
        if (!(words[i].kinds & 1u << spec->kind))
            return vsw_err_set(err, -EINVAL, "port", "a port %s: has no %s", kinds[spec->kind],
                               text);
        if (value_read(&words[i], value, spec) == 0)
            return 0;
        return vsw_err_set(err, -EINVAL, "port", "%s%s%s is no value for %s", text,
                           value ? "=" : "", value ? value : "", text);
    }
    vsw_err_set(err, -EINVAL, "port", "a port has no %.40s", text);
    vsw_err_hint(err, "see: pktgen --help ports");
    return -EINVAL;
}

static int spec_check(struct pg_port_spec *spec, struct vsw_err *err)
{
    if (spec->entries < 16 || (spec->entries & (spec->entries - 1)) != 0)
        return vsw_err_set(err, -EINVAL, "port", "entries=%u is no power of two from 16 to 32768",
                           spec->entries);
    if (spec->queues < 1 || spec->queues > 8)
        return vsw_err_set(err, -EINVAL, "port", "queues=%u is not 1 to 8", spec->queues);
    if (spec->rxbuf_bytes < 256 || spec->rxbuf_bytes > 65407)
        return vsw_err_set(err, -EINVAL, "port", "rxbuf=%u is not 256 to 65407", spec->rxbuf_bytes);
    if (spec->target[0] == '\0' && spec->kind != PG_PORT_RING)
        return vsw_err_set(err, -EINVAL, "port", "%s: wants a %s", kinds[spec->kind],
                           spec->kind == PG_PORT_VHOST ? "path" : "name");
    if (spec->kind != PG_PORT_VHOST && spec->kind != PG_PORT_RING && strlen(spec->target) > 15)
        return vsw_err_set(err, -EINVAL, "port", "%s is no name of an interface", spec->target);
    return 0;
}

static int kind_read(const char *text, size_t len, enum pg_port_kind *ret_kind)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strlen(kinds[i]) == len && strncmp(text, kinds[i], len) == 0) {
            *ret_kind = (enum pg_port_kind)i;
            return 0;
        }
    return -EINVAL;
}

int pg_port_parse(const char *text, struct pg_port_spec *ret_spec, struct vsw_err *err)
{
    struct pg_port_spec spec = {.entries = 1024, .queues = 1, .rxbuf_bytes = 2048, .vectors = true};
    char copy[TEXT_MAX], *rest = copy, *word;
    const char *colon = strchr(text, ':');
    int rc = 0;

    if (colon == NULL || kind_read(text, (size_t)(colon - text), &spec.kind) != 0) {
        vsw_err_set(err, -EINVAL, "port", "%.60s is no port", text);
        vsw_err_hint(err, "vhost:PATH, if:NAME, tap:NAME or ring:NAME; see: pktgen --help ports");
        return -EINVAL;
    }
    if (snprintf(copy, sizeof(copy), "%s", colon + 1) >= (int)sizeof(copy))
        return vsw_err_set(err, -EINVAL, "port", "the text of a port is too long");
    word = strsep(&rest, ",");
    if (snprintf(spec.target, sizeof(spec.target), "%s", word) >= (int)sizeof(spec.target))
        return vsw_err_set(err, -EINVAL, "port", "the path %.60s... is too long", word);
    while (rc == 0 && (word = strsep(&rest, ",")) != NULL)
        rc = word_read(word, &spec, err);
    if (rc == 0)
        rc = spec_check(&spec, err);
    if (rc != 0)
        return rc;
    /* DPDK 22.11's vector path for packed rings counts the header as part of some frames. */
    spec.vectors &= !spec.packed;
    spec.csum |= spec.tso;
    spec.mergeable |= spec.tso;
    *ret_spec = spec;
    return 0;
}
