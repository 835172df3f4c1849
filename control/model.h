/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The wanted state: what makes a configuration document valid beyond the types of its fields, and
 * how its rows are found. Pure.
 */
#ifndef CONTROL_MODEL_H
#define CONTROL_MODEL_H

#include "api/api.h"
#include "control/namemap.h"
#include "port/port.h"

/* What a document may rely on. Tests bring their own port types. */
struct model_env {
    const struct port_type *(*type_find)(const char *name);
    const struct port_type *(*type_at)(size_t i);
    const char *run_dir; /* where option `path` of a port lies by default */
    uint32_t max_ports;  /* ports of all tenants */
    uint32_t max_tenants;
    uint32_t max_networks; /* of all tenants */
    uint32_t workers;      /* 0 = unknown: rows that name a worker are not checked */
};

/* Where the rows of a document are; valid as long as the rows stay where they are. */
struct model_index {
    struct namemap tenants;  /* name */
    struct namemap networks; /* tenant, name */
    struct namemap ports;    /* name */
};

/**
 * model_index_build() - find rows by name
 * @config: borrowed as long as the index is used
 * @ret_index: model_index_free() it
 *
 * Of two rows with one name the first is found.
 * Return: 0 or -ENOMEM.
 * Context: any thread; does not block.
 * Source: none
 */
int model_index_build(const struct api_config *config, struct model_index *ret_index);
void model_index_free(struct model_index *index);

/* NULL when there is none. */
const struct api_tenant *model_tenant(const struct api_config *config,
                                      const struct model_index *index, const char *name);
const struct api_network *model_network(const struct api_config *config,
                                        const struct model_index *index, const char *tenant,
                                        const char *name);
const struct api_port *model_port(const struct api_config *config, const struct model_index *index,
                                  const char *name);

/* Is a port in a network? */
bool model_port_carries(const struct api_port *port, const char *tenant, const char *network);
/* Is it a tenant's, or an uplink that carries a network of it? */
bool model_port_serves(const struct api_port *port, const char *tenant);

/**
 * model_check() - is this document a state the switch can be in?
 * @config: decoded
 * @env: limits and port types
 * @err: names the field as a path ("ports[2].networks[0]"), with a hint
 *
 * Linear in the size of the document.
 * Return: 0; -EINVAL; -EEXIST two rows with one name; -ENOENT a name that is no object; -E2BIG too
 * many; -EDQUOT over a tenant's quota; -ENOMEM.
 * Context: control; does not block.
 * Source: none
 */
int model_check(const struct api_config *config, const struct model_env *env, struct vsw_err *err);

/* The options of one port, as its type wants them. */
struct model_options {
    const struct port_type *type;
    void *values; /* owned, of the type's option table */
};

/**
 * model_options_decode() - check and fill the options of a port
 * @port: borrowed
 * @env: for port types and the default of `path`
 * @ret_options: model_options_free() it
 * @err: field is "type" or "options.NAME"
 *
 * Return: 0; -ENOENT unknown type; what api_decode() returns.
 * Context: control; does not block.
 * Source: none
 */
int model_options_decode(const struct api_port *port, const struct model_env *env,
                         struct model_options *ret_options, struct vsw_err *err);
void model_options_free(struct model_options *options);

/* The part of a port's configuration that a type sees; borrows from all. */
struct port_config model_port_config(const struct api_port *port,
                                     const struct model_options *options,
                                     const struct port_guard *guard);

/**
 * model_port_guard() - what may a port send?
 * @config: checked
 * @index: of @config
 * @port: a row of @config
 *
 * Return: the guard, with no byte left unset: two of them may be compared with memcmp().
 * Context: control; does not block.
 * Source: none
 */
struct port_guard model_port_guard(const struct api_config *config, const struct model_index *index,
                                   const struct api_port *port);

#endif
