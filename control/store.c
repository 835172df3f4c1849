/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Writing and reading the saved document. Runs on the helper thread, or before there is one.
 */
#include "control/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_MAX_BYTES (64u << 20)

static int write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        text += n;
        len -= (size_t)n;
    }
    return 0;
}

/* A crash may have left a temporary file of any content: it is begun anew. */
static int write_temp(int dir_fd, const char *head, const char *text)
{
    int fd =
        openat(dir_fd, STORE_TEMP, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int rc;

    if (fd < 0)
        return -errno;
    rc = write_all(fd, head, strlen(head));
    if (rc == 0)
        rc = write_all(fd, text, strlen(text));
    if (rc == 0)
        rc = write_all(fd, "\n", 1);
    if (rc == 0 && fsync(fd) < 0)
        rc = -errno;
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    return rc;
}

/* The copy before is a second name of the present file, so there is never no file at all. */
static int swap_in(int dir_fd)
{
    unlinkat(dir_fd, STORE_PREV, 0);
    if (linkat(dir_fd, STORE_FILE, dir_fd, STORE_PREV, 0) < 0 && errno != ENOENT &&
        errno != EPERM && errno != EEXIST)
        return -errno;
    if (renameat(dir_fd, STORE_TEMP, dir_fd, STORE_FILE) < 0)
        return -errno;
    return fsync(dir_fd) < 0 ? -errno : 0;
}

int store_write(const char *dir, const struct json *config, uint64_t revision, struct vsw_err *err)
{
    char head[96];
    char *text = json_print(config, true);
    int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = text == NULL ? -ENOMEM : dir_fd < 0 ? -errno : 0;

    snprintf(head, sizeof(head), "/* vswitchd configuration, revision %" PRIu64 " */\n", revision);
    if (rc == 0)
        rc = write_temp(dir_fd, head, text);
    if (rc == 0)
        rc = swap_in(dir_fd);
    if (dir_fd >= 0)
        close(dir_fd);
    free(text);
    if (rc < 0)
        vsw_err_set(err, rc, NULL, "cannot write %s/%s: %s", dir, STORE_FILE, strerrordesc_np(-rc));
    return rc;
}

/* ---- reading ----------------------------------------------------------------------------- */
static int read_fd(int fd, char *text, size_t size, size_t *ret_len)
{
    size_t len = 0;

    while (len < size) {
        ssize_t n = read(fd, text + len, size - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    text[len] = '\0';
    *ret_len = len;
    return 0;
}

static int read_sized(int fd, char **ret_text, size_t *ret_len)
{
    struct stat st;
    char *text;
    int rc;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if ((uint64_t)st.st_size > STORE_MAX_BYTES)
        return -E2BIG;
    text = malloc((size_t)st.st_size + 1);
    if (text == NULL)
        return -ENOMEM;
    rc = read_fd(fd, text, (size_t)st.st_size, ret_len);
    if (rc < 0)
        free(text);
    else
        *ret_text = text;
    return rc;
}

/* Ends the text with NUL. */
static int read_file(const char *path, char **ret_text, size_t *ret_len, struct vsw_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return vsw_err_set(err, -errno, NULL, "cannot open %s: %s", path, strerrordesc_np(errno));
    rc = read_sized(fd, ret_text, ret_len);
    close(fd);
    if (rc < 0)
        vsw_err_set(err, rc, NULL, "cannot read %s: %s", path, strerrordesc_np(-rc));
    return rc;
}

static const struct json_limits limits = {.max_bytes = STORE_MAX_BYTES, .comments = true};

/* Says where in the text the field is. */
static void add_position(const char *path, const char *text, size_t len, struct vsw_err *err)
{
    struct vsw_err inner = *err;
    struct vsw_err ignored = {0};
    unsigned line, column;
    size_t offset = 0;

    if (json_scan(text, len, &limits, inner.field, &offset, &ignored) < 0)
        return;
    json_position(text, offset, &line, &column);
    *err = (struct vsw_err){0};
    vsw_err_set(err, inner.code, inner.field, "%s:%u:%u: %.150s", path, line, column, inner.msg);
    vsw_err_hint(err, "%s", inner.hint);
}

static int parse(const char *path, const char *text, size_t len, struct store_loaded *ret_loaded,
                 struct vsw_err *err)
{
    struct store_loaded loaded = {.found = true};
    struct json *json;
    struct vsw_err inner = {0};
    int rc = json_parse(text, len, &limits, &json, &inner);

    if (rc < 0) {
        vsw_err_set(err, rc, inner.field, "%s: %.200s", path, inner.msg);
        vsw_err_hint(err, "%s", inner.hint);
        return rc;
    }
    rc = api_decode(&api_config_object, json, API_DECODE_DOCUMENT, &loaded.config, &inner);
    json_free(json);
    if (rc < 0) {
        add_position(path, text, len, &inner);
        *err = inner;
        return rc;
    }
    if (sscanf(text, "/* vswitchd configuration, revision %" SCNu64, &loaded.revision) != 1)
        loaded.revision = 0;
    *ret_loaded = loaded;
    return 0;
}

int store_read(const char *path, struct store_loaded *ret_loaded, struct vsw_err *err)
{
    struct vsw_err inner = {0};
    char *text = NULL;
    size_t len = 0;
    int rc = read_file(path, &text, &len, &inner);

    if (rc == 0)
        rc = parse(path, text, len, ret_loaded, &inner);
    free(text);
    if (rc < 0 && err != NULL && err->code == 0)
        *err = inner;
    return rc;
}

int store_load(const char *dir, struct store_loaded *ret_loaded, struct vsw_err *err)
{
    char path[512];
    int rc, rc_prev;

    snprintf(path, sizeof(path), "%s/%s", dir, STORE_FILE);
    rc = store_read(path, ret_loaded, err);
    if (rc == 0)
        return 0;
    if (rc == -ENOENT) {
        *err = (struct vsw_err){0};
        *ret_loaded = (struct store_loaded){0};
        api_init(&api_config_object, &ret_loaded->config);
        ret_loaded->config.version = API_CONFIG_VERSION;
        api_give(&ret_loaded->config, api_config, version);
        return 0;
    }
    snprintf(path, sizeof(path), "%s/%s", dir, STORE_PREV);
    rc_prev = store_read(path, ret_loaded, NULL);
    if (rc_prev == 0)
        ret_loaded->fell_back = true;
    return rc_prev == 0 ? 0 : rc;
}

void store_locate(const char *path, struct vsw_err *err)
{
    char *text = NULL;
    size_t len = 0;

    if (read_file(path, &text, &len, NULL) == 0)
        add_position(path, text, len, err);
    free(text);
}
