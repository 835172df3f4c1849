/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The saved document. A file is replaced as a whole or not at all: temporary file, fsync, rename,
 * fsync of the folder; the copy before it is kept beside it. Its first line is a comment with the
 * revision, so that the file is also what `config apply` and --config take.
 */
#ifndef CONTROL_STORE_H
#define CONTROL_STORE_H

#include "api/api.h"

#define STORE_FILE "config.json"
#define STORE_PREV "config.json.prev"
#define STORE_TEMP "config.json.tmp"

/**
 * store_write() - replace the saved document
 * @dir: folder, must exist
 * @config: the document as JSON, borrowed
 * @revision: its revision
 * @err: filled on failure; the old file is then as it was
 *
 * Return: 0 or negative errno.
 * Context: helper; blocks for two fsyncs.
 * Source: rename(2), fsync(2)
 */
int store_write(const char *dir, const struct json *config, uint64_t revision, struct vsw_err *err);

/* A document from a file. */
struct store_loaded {
    struct api_config config; /* api_free() it */
    uint64_t revision;        /* 0 when the file names none */
    bool found;               /* false: there is no file, and config is empty */
    bool fell_back;           /* the newest copy could not be read: it is the one before */
};

/**
 * store_read() - read a document from any file
 * @path: file
 * @ret_loaded: untouched on failure
 * @err: line and column, or path of the field with its line and column
 *
 * Return: 0; -ENOENT; -EINVAL; -E2BIG; another negative errno.
 * Context: before the loop runs, or helper; blocks.
 * Source: none
 */
int store_read(const char *path, struct store_loaded *ret_loaded, struct vsw_err *err);

/**
 * store_load() - read the saved document of a folder
 * @dir: folder
 * @ret_loaded: found is false when nothing was saved yet
 * @err: why neither the file nor the copy before it can be read; also filled, with return 0, when
 *       fell_back is set
 *
 * Return: 0 or what store_read() returns.
 * Context: before the loop runs; blocks.
 * Source: none
 */
int store_load(const char *dir, struct store_loaded *ret_loaded, struct vsw_err *err);

/**
 * store_locate() - put file, line and column in front of an error about a field of a file
 * @path: the file the document came from
 * @err: its field is a path in the document; left as it is when the file cannot be read
 *
 * Context: before the loop runs, or helper; blocks.
 * Source: none
 */
void store_locate(const char *path, struct vsw_err *err);

#endif
