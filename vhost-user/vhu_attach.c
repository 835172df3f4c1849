/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ready lines for the hypervisor. Control thread.
 */
#include "vhost-user/vhu.h"

#include <errno.h>
#include <stdio.h>

#include "base/mac.h"

static void mac_arg(const struct vhu *v, const char *format, FILE *out)
{
    char text[MAC_TEXT_LEN];

    if (!mac_is_zero(v->options.mac.b))
        fprintf(out, format, mac_format(&v->options.mac, text));
}

/* QEMU's option parser takes a doubled comma for one that belongs to the value. */
static void comma_doubled(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        if (*text == ',')
            fputc(',', out);
        fputc(*text, out);
    }
}

static void attach_qemu(const struct vhu *v, FILE *out)
{
    const char *name = v->port.name;
    unsigned queues = v->port.queue_pairs;

    fprintf(out, "-chardev socket,id=chr-%s,path=", name);
    comma_doubled(v->options.path, out);
    fprintf(out, "%s\n",
            v->options.role == VHU_ROLE_SERVER ? ",reconnect=1" : ",server=on,wait=off");
    fprintf(out, "-netdev vhost-user,id=net-%s,chardev=chr-%s,queues=%u\n", name, name, queues);
    fprintf(out, "-device virtio-net-pci,netdev=net-%s", name);
    mac_arg(v, ",mac=%s", out);
    if (queues > 1)
        fprintf(out, ",mq=on,vectors=%u", 2 * queues + 2);
    fprintf(out, ",host_mtu=%u\n", atomic_load_explicit(&v->port.mtu, memory_order_relaxed));
    /* Once per VM; the size is the VM's own. */
    fprintf(out, "-m 1G -object memory-backend-memfd,id=mem-vsw,size=1G,share=on -machine "
                 "memory-backend=mem-vsw\n");
}

static void xml_escaped(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '\'': fputs("&apos;", out); break;
        default: fputc(*text, out);
        }
    }
}

static void attach_libvirt(const struct vhu *v, FILE *out)
{
    bool server = v->options.role == VHU_ROLE_SERVER;

    fprintf(out, "<interface type='vhostuser'>\n");
    mac_arg(v, "  <mac address='%s'/>\n", out);
    fprintf(out, "  <source type='unix' path='");
    xml_escaped(v->options.path, out);
    fprintf(out, server ? "' mode='client'>\n    <reconnect enabled='yes' timeout='1'/>\n"
                          "  </source>\n"
                        : "' mode='server'/>\n");
    fprintf(out, "  <model type='virtio'/>\n");
    if (v->port.queue_pairs > 1)
        fprintf(out, "  <driver queues='%u'/>\n", v->port.queue_pairs);
    fprintf(out, "  <mtu size='%u'/>\n</interface>\n",
            atomic_load_explicit(&v->port.mtu, memory_order_relaxed));
    fprintf(out, "<!-- once per domain, directly in <domain>:\n"
                 "<memoryBacking>\n  <source type='memfd'/>\n  <access mode='shared'/>\n"
                 "</memoryBacking>\n-->\n");
}

int vhu_attach(const struct port *port, enum port_attach_format format, FILE *out)
{
    const struct vhu *v = vhu_of(port);

    switch (format) {
    case PORT_ATTACH_QEMU: attach_qemu(v, out); return 0;
    case PORT_ATTACH_LIBVIRT: attach_libvirt(v, out); return 0;
    }
    return -ENOTSUP;
}
