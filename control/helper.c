/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The helper thread: two lists under one lock, a condition variable one way, an eventfd back.
 */
#include "control/helper.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct job {
    struct job *next;
    void (*work)(void *arg);
    void (*done)(void *arg);
    void *arg;
};

struct job_list {
    struct job *head, **tail;
};

struct helper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job_list todo, finished;
    bool ending;
    int event_fd;
    struct loop_watch *watch;
    unsigned pending; /* control only */
};

static void list_init(struct job_list *list)
{
    list->head = NULL;
    list->tail = &list->head;
}

static void list_push(struct job_list *list, struct job *job)
{
    job->next = NULL;
    *list->tail = job;
    list->tail = &job->next;
}

static struct job *list_pop(struct job_list *list)
{
    struct job *job = list->head;

    if (job == NULL)
        return NULL;
    list->head = job->next;
    if (list->head == NULL)
        list->tail = &list->head;
    return job;
}

static struct job *next_job(struct helper *h)
{
    struct job *job;

    pthread_mutex_lock(&h->lock);
    while ((job = list_pop(&h->todo)) == NULL && !h->ending)
        pthread_cond_wait(&h->wake, &h->lock);
    pthread_mutex_unlock(&h->lock);
    return job;
}

static void finish_job(struct helper *h, struct job *job)
{
    uint64_t one = 1;

    pthread_mutex_lock(&h->lock);
    list_push(&h->finished, job);
    pthread_mutex_unlock(&h->lock);
    /* Fails only when the counter is full, and then the reader is being woken already. */
    if (write(h->event_fd, &one, sizeof(one)) < 0)
        return;
}

static void *helper_main(void *arg)
{
    struct helper *h = arg;
    struct job *job;

    pthread_setname_np(pthread_self(), "vsw-helper");
    while ((job = next_job(h)) != NULL) {
        if (job->work != NULL)
            job->work(job->arg);
        finish_job(h, job);
    }
    return NULL;
}

static void complete_jobs(struct helper *h)
{
    for (;;) {
        struct job *job;

        pthread_mutex_lock(&h->lock);
        job = list_pop(&h->finished);
        pthread_mutex_unlock(&h->lock);
        if (job == NULL)
            return;
        h->pending--;
        if (job->done != NULL)
            job->done(job->arg);
        free(job);
    }
}

static void on_event(void *arg, uint32_t events)
{
    struct helper *h = arg;
    uint64_t count;

    if (read(h->event_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        return;
    complete_jobs(h);
}

static int helper_open(struct loop *loop, struct helper *h)
{
    int rc;

    h->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (h->event_fd < 0)
        return -errno;
    rc = loop_watch_new(loop, h->event_fd, EPOLLIN, on_event, h, &h->watch);
    if (rc < 0)
        return rc;
    return -pthread_create(&h->thread, NULL, helper_main, h);
}

int helper_new(struct loop *loop, struct helper **ret_helper, struct vsw_err *err)
{
    struct helper *h = calloc(1, sizeof(*h));
    int rc = -ENOMEM;

    if (h != NULL) {
        pthread_mutex_init(&h->lock, NULL);
        pthread_cond_init(&h->wake, NULL);
        list_init(&h->todo);
        list_init(&h->finished);
        rc = helper_open(loop, h);
    }
    if (rc < 0) {
        if (h != NULL) {
            loop_watch_free(h->watch);
            if (h->event_fd > 0)
                close(h->event_fd);
        }
        free(h);
        return vsw_err_set(err, rc, NULL, "cannot start the helper thread: %s",
                           strerrordesc_np(-rc));
    }
    *ret_helper = h;
    return 0;
}

int helper_run(struct helper *h, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
    struct job *job = malloc(sizeof(*job));

    if (job == NULL)
        return -ENOMEM;
    *job = (struct job){.work = work, .done = done, .arg = arg};
    pthread_mutex_lock(&h->lock);
    list_push(&h->todo, job);
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
    h->pending++;
    return 0;
}

unsigned helper_pending(const struct helper *h)
{
    return h->pending;
}

void helper_free(struct helper *h)
{
    if (h == NULL)
        return;
    pthread_mutex_lock(&h->lock);
    h->ending = true;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    complete_jobs(h);
    loop_watch_free(h->watch);
    close(h->event_fd);
    pthread_cond_destroy(&h->wake);
    pthread_mutex_destroy(&h->lock);
    free(h);
}
