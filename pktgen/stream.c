/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/stream.h"

#include "pktgen/tag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES   1024
#define PORT_MAX     (PG_PORT_NONE - 1)
#define VLAN_MAX     4094
#define MACS_MAX     (1u << 24)
#define DEFAULT_PORT 9 /* discard, RFC 863 */
#define DEFAULT_FROM 49152

enum key {
    KEY_TX,
    KEY_RX,
    KEY_SIZE,
    KEY_RATE,
    KEY_FLOWS,
    KEY_SMAC,
    KEY_SMACS,
    KEY_DMAC,
    KEY_DMACS,
    KEY_VLAN,
    KEY_QINQ,
    KEY_PCP,
    KEY_IP,
    KEY_SRC,
    KEY_DST,
    KEY_L4,
    KEY_SPORT,
    KEY_DPORT,
    KEY_CSUM,
    KEY_TSO,
    KEY_BURST,
    KEYS,
};

static const struct {
    const char *name, *help;
} keys[KEYS] = {
    [KEY_TX] = {"tx", "port that sends, counted from 0; must be given"},
    [KEY_RX] = {"rx", "port that should receive; none when not given"},
    [KEY_SIZE] = {"size", "bytes with FCS: 64, a mix 64,1518, weights 64:7,570:4, or imix"},
    [KEY_RATE] = {"rate", "10kpps, 1.5Mpps, 10Gbps, 50% of the best rate, or max"},
    [KEY_FLOWS] = {"flows", "source addresses, one after the other: 1, 1k, 1M"},
    [KEY_SMAC] = {"smac", "source MAC of the first flow"},
    [KEY_SMACS] = {"smacs", "source MACs, counting up from smac: 1, 64k"},
    [KEY_DMAC] = {"dmac", "destination MAC of the first flow"},
    [KEY_DMACS] = {"dmacs", "destination MACs, counting up from dmac"},
    [KEY_VLAN] = {"vlan", "VLAN tag: 10, or a range 10-20"},
    [KEY_QINQ] = {"qinq", "outer VLAN tag (802.1ad) around that of vlan"},
    [KEY_PCP] = {"pcp", "priority in the VLAN tag, 0 to 7"},
    [KEY_IP] = {"ip", "4 or 6"},
    [KEY_SRC] = {"src", "source address of the first flow"},
    [KEY_DST] = {"dst", "destination address"},
    [KEY_L4] = {"l4", "udp or tcp"},
    [KEY_SPORT] = {"sport", "source port of UDP or TCP"},
    [KEY_DPORT] = {"dport", "destination port"},
    [KEY_CSUM] = {"csum", "full, none, or offload: asked of the switch"},
    [KEY_TSO] = {"tso", "payload bytes per segment that the switch should make, like 1448"},
    [KEY_BURST] = {"burst", "frames sent at once, then a pause that makes up for it"},
};

const char *pg_stream_help(unsigned i, const char **ret_key)
{
    if (i >= KEYS)
        return NULL;
    *ret_key = keys[i].name;
    return keys[i].help;
}

struct mac pg_stream_port_mac(uint16_t port, uint32_t k)
{
    return mac_from_u64(0x020000000000ull | (uint64_t)port << 24 | (k & 0xffffff));
}

/* 10.0.0.1 and up for port 0, 11.0.0.1 for port 1; fd00:0:0:<port>::1. */
static struct pg_addr port_addr(uint16_t port, uint8_t version)
{
    struct pg_addr addr = {.version = version};

    if (version == 4) {
        addr.b[12] = (uint8_t)(10 + port % 100);
        addr.b[15] = 1;
        return addr;
    }
    addr.b[0] = 0xfd;
    store_be16(addr.b + 6, port);
    addr.b[15] = 1;
    return addr;
}

void pg_stream_init(struct pg_stream *stream, uint16_t id, uint16_t tx, uint16_t rx)
{
    *stream = (struct pg_stream){
        .id = id,
        .tx = tx,
        .rx = rx,
        .flows = 1,
        .smacs = 1,
        .dmacs = 1,
        .smac = pg_stream_port_mac(tx, 0),
        .dmac = pg_stream_port_mac(rx, 0),
        .src = port_addr(tx, 4),
        .dst = port_addr(rx, 4),
        .l4 = PG_UDP,
        .sport = DEFAULT_FROM,
        .dport = DEFAULT_PORT,
        .csum = PG_CSUM_FULL,
        .burst = 1,
    };
    pg_text_sizes("size", "64", &stream->sizes, NULL);
}

/* One of a few words; its place among them. */
static int choice_read(const char *field, const char *text, const char *const *words,
                       unsigned count, unsigned *ret_choice, struct vsw_err *err)
{
    char list[64] = "";

    for (unsigned i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret_choice = i;
            return 0;
        }
        snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "", words[i]);
    }
    vsw_err_set(err, -EINVAL, field, "there is no choice \"%.40s\"", text);
    vsw_err_hint(err, "one of: %s", list);
    return -EINVAL;
}

static int u32_read(const char *field, const char *text, uint64_t first, uint64_t last,
                    uint32_t *ret_value, struct vsw_err *err)
{
    uint64_t value;
    int rc = pg_text_count(field, text, (struct pg_range){first, last}, &value, err);

    if (rc == 0)
        *ret_value = (uint32_t)value;
    return rc;
}

static int u16_read(const char *field, const char *text, uint64_t first, uint64_t last,
                    uint16_t *ret_value, struct vsw_err *err)
{
    uint32_t value;
    int rc = u32_read(field, text, first, last, &value, err);

    if (rc == 0)
        *ret_value = (uint16_t)value;
    return rc;
}

static int qinq_read(const char *text, struct pg_stream *s, struct vsw_err *err)
{
    uint32_t vlan;
    int rc = u32_read("qinq", text, 1, VLAN_MAX, &vlan, err);

    if (rc == 0)
        s->qinq = (struct pg_range){vlan, vlan};
    return rc;
}

static int version_read(const char *text, struct pg_stream *s, struct vsw_err *err)
{
    static const char *const words[] = {"4", "6"};
    unsigned choice;
    int rc = choice_read("ip", text, words, 2, &choice, err);

    if (rc == 0) {
        s->src = port_addr(s->tx, choice ? 6 : 4);
        s->dst = port_addr(s->rx, choice ? 6 : 4);
    }
    return rc;
}

static int l4_read(const char *text, struct pg_stream *s, struct vsw_err *err)
{
    static const char *const words[] = {[PG_UDP] = "udp", [PG_TCP] = "tcp"};
    unsigned choice;
    int rc = choice_read("l4", text, words, 2, &choice, err);

    if (rc == 0)
        s->l4 = (enum pg_l4)choice;
    return rc;
}

static int csum_read(const char *text, struct pg_stream *s, struct vsw_err *err)
{
    static const char *const words[] = {
        [PG_CSUM_FULL] = "full", [PG_CSUM_NONE] = "none", [PG_CSUM_OFFLOAD] = "offload"};
    unsigned choice;
    int rc = choice_read("csum", text, words, 3, &choice, err);

    if (rc == 0)
        s->csum = (enum pg_csum)choice;
    return rc;
}

static int pcp_read(const char *text, struct pg_stream *s, struct vsw_err *err)
{
    uint32_t pcp;
    int rc = u32_read("pcp", text, 0, 7, &pcp, err);

    if (rc == 0)
        s->pcp = (uint8_t)pcp;
    return rc;
}

/* Any key but tx and rx. */
static int value_read(enum key key, const char *text, struct pg_stream *s, struct vsw_err *err)
{
    const char *name = keys[key].name;

    switch (key) {
    case KEY_SIZE: return pg_text_sizes(name, text, &s->sizes, err);
    case KEY_RATE: return pg_text_rate(name, text, &s->rate, err);
    case KEY_FLOWS: return u32_read(name, text, 1, PG_FLOWS_MAX, &s->flows, err);
    case KEY_SMAC: return pg_text_mac(name, text, &s->smac, err);
    case KEY_SMACS: return u32_read(name, text, 1, MACS_MAX, &s->smacs, err);
    case KEY_DMAC: return pg_text_mac(name, text, &s->dmac, err);
    case KEY_DMACS: return u32_read(name, text, 1, MACS_MAX, &s->dmacs, err);
    case KEY_VLAN: return pg_text_range(name, text, (struct pg_range){1, VLAN_MAX}, &s->vlan, err);
    case KEY_QINQ: return qinq_read(text, s, err);
    case KEY_PCP: return pcp_read(text, s, err);
    case KEY_IP: return version_read(text, s, err);
    case KEY_SRC: return pg_text_addr(name, text, &s->src, err);
    case KEY_DST: return pg_text_addr(name, text, &s->dst, err);
    case KEY_L4: return l4_read(text, s, err);
    case KEY_SPORT: return u16_read(name, text, 1, UINT16_MAX, &s->sport, err);
    case KEY_DPORT: return u16_read(name, text, 1, UINT16_MAX, &s->dport, err);
    case KEY_CSUM: return csum_read(text, s, err);
    case KEY_TSO: return u16_read(name, text, 64, 65495, &s->tso_mss, err);
    case KEY_BURST: return u32_read(name, text, 1, PG_BURST_MAX, &s->burst, err);
    default: return 0;
    }
}

/* The words of a spec, by key; a value is NULL when its key was not given. */
struct words {
    char text[TEXT_BYTES];
    char *value[KEYS];
};

static int key_find(const char *name, enum key *ret_key, struct vsw_err *err)
{
    char list[200] = "";

    for (unsigned i = 0; i < KEYS; i++) {
        if (strcmp(name, keys[i].name) == 0) {
            *ret_key = (enum key)i;
            return 0;
        }
        snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
                 keys[i].name);
    }
    vsw_err_set(err, -EINVAL, "stream", "there is no key \"%.40s\"", name);
    vsw_err_hint(err, "one of: %s", list);
    return -EINVAL;
}

/* Takes "key=value" apart; @word stays in place. */
static int word_take(struct words *w, char *word, enum key *ret_key, struct vsw_err *err)
{
    char *equals = strchr(word, '=');
    int rc;

    if (equals != NULL)
        *equals = '\0';
    rc = key_find(word, ret_key, err);
    if (rc != 0)
        return rc;
    if (equals == NULL || equals[1] == '\0') {
        vsw_err_set(err, -EINVAL, keys[*ret_key].name, "needs a value");
        vsw_err_hint(err, "%s=...: %s", keys[*ret_key].name, keys[*ret_key].help);
        return -EINVAL;
    }
    if (w->value[*ret_key] != NULL)
        return vsw_err_set(err, -EINVAL, keys[*ret_key].name, "is there twice");
    w->value[*ret_key] = equals + 1;
    return 0;
}

static int words_split(struct words *w, const char *text, struct vsw_err *err)
{
    enum key key = KEYS;
    char *next;

    if (strlen(text) >= sizeof(w->text))
        return vsw_err_set(err, -EINVAL, "stream", "the text is longer than %d characters",
                           TEXT_BYTES - 1);
    strcpy(w->text, text);
    for (char *word = w->text; word != NULL; word = next) {
        int rc;

        next = strchr(word, ',');
        if (next != NULL)
            *next++ = '\0';
        /* "size=64,128": the second word goes on with the value of the first */
        if (key != KEYS && *word >= '0' && *word <= '9' && strchr(word, '=') == NULL) {
            word[-1] = ',';
            continue;
        }
        rc = word_take(w, word, &key, err);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* What follows from what was given, where nothing else was said. */
static void defaults_derive(const struct words *w, struct pg_stream *s)
{
    uint64_t vlans = s->vlan.last - s->vlan.first + 1;

    if (w->value[KEY_FLOWS] == NULL)
        s->flows = (uint32_t)u64_max(vlans, u64_max(s->smacs, s->dmacs));
    if (w->value[KEY_IP] == NULL && w->value[KEY_DST] == NULL && w->value[KEY_SRC] != NULL)
        s->dst = port_addr(s->rx, s->src.version);
    if (w->value[KEY_IP] == NULL && w->value[KEY_SRC] == NULL && w->value[KEY_DST] != NULL)
        s->src = port_addr(s->tx, s->dst.version);
    if (s->tso_mss != 0 && w->value[KEY_L4] == NULL)
        s->l4 = PG_TCP;
    if (s->tso_mss != 0 && w->value[KEY_CSUM] == NULL)
        s->csum = PG_CSUM_OFFLOAD;
}

static int port_read(const struct words *w, enum key key, uint16_t *ret_port, struct vsw_err *err)
{
    return w->value[key] ? u16_read(keys[key].name, w->value[key], 0, PORT_MAX, ret_port, err) : 0;
}

int pg_stream_parse(const char *text, uint16_t id, struct pg_stream *ret_stream,
                    struct vsw_err *err)
{
    struct words w = {0};
    struct pg_stream s;
    uint16_t tx = 0, rx = PG_PORT_NONE;
    int rc = words_split(&w, text, err);

    if (rc == 0 && w.value[KEY_TX] == NULL) {
        rc = vsw_err_set(err, -EINVAL, "tx", "the stream names no port that sends");
        vsw_err_hint(err, "like tx=0,rx=1");
    }
    rc = rc ? rc : port_read(&w, KEY_TX, &tx, err);
    rc = rc ? rc : port_read(&w, KEY_RX, &rx, err);
    if (rc != 0)
        return rc;
    pg_stream_init(&s, id, tx, rx);
    for (unsigned i = 0; i < KEYS && rc == 0; i++)
        if (w.value[i] != NULL)
            rc = value_read((enum key)i, w.value[i], &s, err);
    if (rc == 0) {
        defaults_derive(&w, &s);
        rc = pg_stream_check(&s, false, err);
    }
    if (rc == 0)
        *ret_stream = s;
    return rc;
}

uint32_t pg_stream_min_size(const struct pg_stream *stream, bool has_tag)
{
    uint32_t headers = 14 + (stream->vlan.first ? 4 : 0) + (stream->qinq.first ? 4 : 0) +
                       (stream->src.version == 6 ? 40 : 20) + (stream->l4 == PG_TCP ? 20 : 8);
    uint32_t bytes = headers + (has_tag ? PG_TAG_BYTES : 0) + PG_FCS_BYTES;

    return bytes < PG_SIZE_MIN ? PG_SIZE_MIN : bytes;
}

static int sizes_check(const struct pg_stream *s, bool has_tag, struct vsw_err *err)
{
    uint32_t min = pg_stream_min_size(s, has_tag);
    uint32_t max = s->tso_mss ? PG_SIZE_MAX_TSO : PG_SIZE_MAX;

    for (uint32_t i = 0; i < s->sizes.count; i++) {
        uint32_t bytes = s->sizes.item[i].bytes;

        if (bytes < min) {
            vsw_err_set(err, -EINVAL, "size", "%" PRIu32 " bytes are too short for the headers%s",
                        bytes, has_tag ? " and the signature" : "");
            vsw_err_hint(err, "these headers need size=%" PRIu32 " or more", min);
            return -EINVAL;
        }
        if (bytes > max) {
            vsw_err_set(err, -EINVAL, "size", "%" PRIu32 " bytes are too long", bytes);
            vsw_err_hint(err, "at most %" PRIu32 "%s", max,
                         s->tso_mss ? "" : "; up to 65553 with tso");
            return -EINVAL;
        }
    }
    return 0;
}

static int flows_check(const struct pg_stream *s, struct vsw_err *err)
{
    uint64_t vlans = s->vlan.last - s->vlan.first + 1;
    uint64_t most = u64_max(vlans, u64_max(s->smacs, s->dmacs));

    if (s->flows < most) {
        vsw_err_set(err, -EINVAL, "flows",
                    "%" PRIu32 " flows cannot show %" PRIu64 " MACs or VLANs", s->flows, most);
        vsw_err_hint(err, "flows=%" PRIu64 " or more, or leave flows out", most);
        return -EINVAL;
    }
    if (mac_is_group(s->smac.b)) {
        vsw_err_set(err, -EINVAL, "smac", "is a group address, which cannot send");
        vsw_err_hint(err, "the first byte must be even, like 02:00:00:00:00:01");
        return -EINVAL;
    }
    if (mac_to_u64(s->smac.b) + s->smacs - 1 > 0xffffffffffffull)
        return vsw_err_set(err, -EINVAL, "smacs", "there are not that many addresses above smac");
    if (mac_to_u64(s->dmac.b) + s->dmacs - 1 > 0xffffffffffffull)
        return vsw_err_set(err, -EINVAL, "dmacs", "there are not that many addresses above dmac");
    return 0;
}

static int hint_set(struct vsw_err *err, const char *field, const char *msg, const char *hint)
{
    vsw_err_set(err, -EINVAL, field, "%s", msg);
    vsw_err_hint(err, "%s", hint);
    return -EINVAL;
}

int pg_stream_check(const struct pg_stream *stream, bool has_tag, struct vsw_err *err)
{
    const struct pg_stream *s = stream;
    int rc;

    if (s->id >= PG_STREAMS_MAX)
        return vsw_err_set(err, -EINVAL, "stream", "there are more than %d streams",
                           PG_STREAMS_MAX);
    if (s->qinq.first != 0 && s->vlan.first == 0)
        return hint_set(err, "qinq", "an outer tag needs an inner one", "like vlan=10,qinq=100");
    if (s->pcp != 0 && s->vlan.first == 0)
        return hint_set(err, "pcp", "there is no VLAN tag to hold it", "like vlan=10,pcp=5");
    if (s->src.version != s->dst.version)
        return hint_set(err, "dst", "src and dst are not of the same IP version",
                        "give both as IPv4 or both as IPv6");
    if (s->csum == PG_CSUM_NONE && (s->l4 != PG_UDP || s->src.version != 4))
        return hint_set(err, "csum", "only UDP over IPv4 goes without a checksum",
                        "csum=full or csum=offload");
    if (s->tso_mss != 0 && s->l4 != PG_TCP)
        return hint_set(err, "tso", "only TCP is cut into segments", "l4=tcp, or leave l4 out");
    if (s->tso_mss != 0 && s->csum != PG_CSUM_OFFLOAD)
        return hint_set(err, "tso", "segments get their checksums from the switch",
                        "csum=offload, or leave csum out");
    if (s->tso_mss != 0 && has_tag)
        return hint_set(err, "tso", "a segment cannot carry the signature of a whole frame",
                        "use tso with the commands that only count");
    rc = flows_check(s, err);
    return rc ? rc : sizes_check(s, has_tag, err);
}

/* ",key=value" behind what is there. */
__attribute__((format(printf, 3, 4))) static void add(char *buf, size_t size, const char *fmt, ...)
{
    size_t used = strlen(buf);
    va_list args;

    va_start(args, fmt);
    vsnprintf(buf + used, size - used, fmt, args);
    va_end(args);
}

static void addr_add(char *buf, size_t size, const char *key, const struct pg_addr *addr)
{
    char text[INET6_ADDRSTRLEN];

    inet_ntop(addr->version == 6 ? AF_INET6 : AF_INET, addr->b + (addr->version == 6 ? 0 : 12),
              text, sizeof(text));
    add(buf, size, ",%s=%s", key, text);
}

static void vlan_add(char *buf, size_t size, const struct pg_stream *s)
{
    if (s->vlan.first != 0)
        add(buf, size, ",vlan=%" PRIu64, s->vlan.first);
    if (s->vlan.last != s->vlan.first)
        add(buf, size, "-%" PRIu64, s->vlan.last);
    if (s->qinq.first != 0)
        add(buf, size, ",qinq=%" PRIu64, s->qinq.first);
    if (s->pcp != 0)
        add(buf, size, ",pcp=%u", s->pcp);
}

static void macs_add(char *buf, size_t size, const struct pg_stream *s,
                     const struct pg_stream *usual)
{
    char text[MAC_TEXT_LEN];

    if (mac_to_u64(s->smac.b) != mac_to_u64(usual->smac.b))
        add(buf, size, ",smac=%s", mac_format(&s->smac, text));
    if (s->smacs != 1)
        add(buf, size, ",smacs=%" PRIu32, s->smacs);
    if (mac_to_u64(s->dmac.b) != mac_to_u64(usual->dmac.b))
        add(buf, size, ",dmac=%s", mac_format(&s->dmac, text));
    if (s->dmacs != 1)
        add(buf, size, ",dmacs=%" PRIu32, s->dmacs);
}

static void l4_add(char *buf, size_t size, const struct pg_stream *s)
{
    static const char *const csums[] = {
        [PG_CSUM_FULL] = "full", [PG_CSUM_NONE] = "none", [PG_CSUM_OFFLOAD] = "offload"};

    if (s->l4 == PG_TCP)
        add(buf, size, ",l4=tcp");
    if (s->sport != DEFAULT_FROM)
        add(buf, size, ",sport=%u", s->sport);
    if (s->dport != DEFAULT_PORT)
        add(buf, size, ",dport=%u", s->dport);
    if (s->csum != PG_CSUM_FULL)
        add(buf, size, ",csum=%s", csums[s->csum]);
    if (s->tso_mss != 0)
        add(buf, size, ",tso=%u", s->tso_mss);
}

void pg_stream_format(const struct pg_stream *stream, char *buf, size_t size)
{
    const struct pg_stream *s = stream;
    struct pg_addr src = port_addr(s->tx, s->src.version), dst = port_addr(s->rx, s->src.version);
    struct pg_stream usual;
    char text[256];

    if (size == 0)
        return;
    pg_stream_init(&usual, s->id, s->tx, s->rx);
    snprintf(buf, size, "tx=%u", s->tx);
    if (s->rx != PG_PORT_NONE)
        add(buf, size, ",rx=%u", s->rx);
    pg_text_sizes_format(&s->sizes, text, sizeof(text));
    add(buf, size, ",size=%s", text);
    if (s->rate.unit != PG_RATE_MAX)
        add(buf, size, ",rate=%s", pg_text_rate_format(&s->rate, text, sizeof(text)));
    if (s->flows != 1)
        add(buf, size, ",flows=%" PRIu32, s->flows);
    macs_add(buf, size, s, &usual);
    vlan_add(buf, size, s);
    if (s->src.version == 6)
        add(buf, size, ",ip=6");
    if (memcmp(&s->src, &src, sizeof(src)) != 0)
        addr_add(buf, size, "src", &s->src);
    if (memcmp(&s->dst, &dst, sizeof(dst)) != 0)
        addr_add(buf, size, "dst", &s->dst);
    l4_add(buf, size, s);
    if (s->burst != 1)
        add(buf, size, ",burst=%" PRIu32, s->burst);
}
