/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the tables of the API cannot know by themselves: port types and drop reasons. Before
 * anything else runs.
 */
#include "control/reference.h"

#include "api/api.h"
#include "port/frame.h"
#include "port/port.h"

#define TYPES_MAX 16

static size_t types_collect(struct api_type *types)
{
    const struct port_type *type;
    size_t count = 0;

    while (count < TYPES_MAX && (type = port_type_at(count)) != NULL)
        types[count++] = (struct api_type){type->name, type->help, type->options};
    return count;
}

static void drops_print(FILE *out)
{
    fputs("## Drop reasons\n\n"
          "What `stats drops` counts. A *frame* is dropped before look-up and counted on the port "
          "it came in by; a *copy* is dropped on its way out and counted on the port it was meant "
          "for.\n\n"
          "| Reason | Dropped | Meaning |\n|---|---|---|\n",
          out);
    for (int i = DROP_NONE + 1; i < DROP_COUNT; i++) {
        enum drop_reason reason = (enum drop_reason)i;

        fprintf(out, "| `%s` | %s | %s |\n", drop_name(reason),
                drop_is_copy(reason) ? "copy" : "frame", drop_help(reason));
    }
}

void reference_print(FILE *out)
{
    struct api_type types[TYPES_MAX];

    api_describe(out, types, types_collect(types));
    drops_print(out);
}
