/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/pcapng.h"

#include <string.h>

enum { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_STATISTICS = 5, BLOCK_PACKET = 6 };
enum { OPT_END = 0, OPT_COMMENT = 1 };
enum { SHB_USERAPPL = 4 };
enum { IF_NAME = 2, IF_TSRESOL = 9, IF_FILTER = 11 };
enum { EPB_FLAGS = 2 };
enum { ISB_STARTTIME = 2, ISB_ENDTIME = 3, ISB_IFRECV = 4, ISB_IFDROP = 5 };

#define BYTE_ORDER_MAGIC  0x1a2b3c4du
#define LINKTYPE_ETHERNET 1
#define TSRESOL_NS        9 /* 10^-9 s */
#define FILTER_TEXT       0 /* in front of if_filter: a libpcap expression follows */

/* A block under construction: what does not fit makes it fail as a whole. */
struct block {
    struct pcapng_buf *buf;
    size_t start;
    bool failed;
};

/* ---- pieces ------------------------------------------------------------------------------ */

/* Everything is padded to 32 bits. Numbers are in our own byte order: the section says which. */
static void put(struct block *b, const void *bytes, size_t len)
{
    struct pcapng_buf *buf = b->buf;
    size_t padded = (len + 3) / 4 * 4;

    if (b->failed || buf->size - buf->used < padded) {
        b->failed = true;
        return;
    }
    if (len > 0)
        memcpy(buf->data + buf->used, bytes, len);
    memset(buf->data + buf->used + len, 0, padded - len);
    buf->used += padded;
}

static void put_u32(struct block *b, uint32_t value)
{
    put(b, &value, sizeof(value));
}

static void put_time(struct block *b, uint64_t ns)
{
    put_u32(b, (uint32_t)(ns >> 32));
    put_u32(b, (uint32_t)ns);
}

static void put_option(struct block *b, uint16_t code, const void *bytes, size_t len)
{
    const uint16_t head[] = {code, (uint16_t)len};

    put(b, head, sizeof(head));
    put(b, bytes, len);
}

static void put_text(struct block *b, uint16_t code, const char *text)
{
    if (text[0] != '\0')
        put_option(b, code, text, strlen(text));
}

static void put_option_u64(struct block *b, uint16_t code, uint64_t value)
{
    put_option(b, code, &value, sizeof(value));
}

static void put_option_time(struct block *b, uint16_t code, uint64_t ns)
{
    const uint32_t halves[] = {(uint32_t)(ns >> 32), (uint32_t)ns};

    put_option(b, code, halves, sizeof(halves));
}

static struct block begin(struct pcapng_buf *buf, uint32_t type)
{
    struct block b = {.buf = buf, .start = buf->used};

    put_u32(&b, type);
    put_u32(&b, 0); /* the length, known at the end */
    return b;
}

static bool end(struct block *b)
{
    uint32_t len;

    put_option(b, OPT_END, NULL, 0);
    len = (uint32_t)(b->buf->used - b->start + sizeof(len));
    put_u32(b, len);
    if (b->failed) {
        b->buf->used = b->start;
        return false;
    }
    memcpy(b->buf->data + b->start + 4, &len, sizeof(len));
    return true;
}

/* ---- blocks ------------------------------------------------------------------------------ */

static bool section(struct pcapng_buf *buf, const char *application)
{
    struct block b = begin(buf, BLOCK_SECTION);
    const uint16_t version[] = {1, 0};
    const int64_t unknown_length = -1;

    put_u32(&b, BYTE_ORDER_MAGIC);
    put(&b, version, sizeof(version));
    put(&b, &unknown_length, sizeof(unknown_length));
    put_text(&b, SHB_USERAPPL, application);
    return end(&b);
}

static void put_filter(struct block *b, const char *filter)
{
    char value[2048] = {FILTER_TEXT};
    size_t len = strlen(filter);

    if (len == 0 || len >= sizeof(value))
        return;
    memcpy(value + 1, filter, len);
    put_option(b, IF_FILTER, value, 1 + len);
}

static bool interface(struct pcapng_buf *buf, const struct pcapng_interface *i)
{
    struct block b = begin(buf, BLOCK_INTERFACE);
    const uint16_t link[] = {LINKTYPE_ETHERNET, 0};
    const uint8_t resolution = TSRESOL_NS;

    put(&b, link, sizeof(link));
    put_u32(&b, i->snaplen_bytes);
    put_text(&b, IF_NAME, i->name);
    put_option(&b, IF_TSRESOL, &resolution, sizeof(resolution));
    put_filter(&b, i->filter);
    return end(&b);
}

bool pcapng_begin(struct pcapng_buf *buf, const struct pcapng_interface *i)
{
    size_t before = buf->used;

    if (section(buf, i->application) && interface(buf, i))
        return true;
    buf->used = before;
    return false;
}

bool pcapng_packet(struct pcapng_buf *buf, const struct pcapng_packet *p)
{
    struct block b = begin(buf, BLOCK_PACKET);

    put_u32(&b, 0); /* the interface */
    put_time(&b, p->at_ns);
    put_u32(&b, p->kept);
    put_u32(&b, p->len);
    put(&b, p->bytes, p->kept);
    put_option(&b, EPB_FLAGS, &p->flags, sizeof(p->flags));
    put_text(&b, OPT_COMMENT, p->comment);
    return end(&b);
}

bool pcapng_end(struct pcapng_buf *buf, const struct pcapng_totals *t)
{
    struct block b = begin(buf, BLOCK_STATISTICS);

    put_u32(&b, 0); /* the interface */
    put_time(&b, t->end_ns);
    put_option_time(&b, ISB_STARTTIME, t->start_ns);
    put_option_time(&b, ISB_ENDTIME, t->end_ns);
    put_option_u64(&b, ISB_IFRECV, t->received);
    put_option_u64(&b, ISB_IFDROP, t->missed);
    return end(&b);
}
