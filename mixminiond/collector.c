#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "stats.h"

#define ASK_EVERY     600 /* seconds */
#define METRICS_EVERY 60
#define READ_MS	      500 /* for whoever asks for metrics to say so */

struct collector {
	struct loop *loop;
	const struct server_conf *conf;
	struct stats stats;
	struct loop_timer *ask, *measure;
	struct loop_io *io; /* MetricsSocket; NULL: none */
	int fd;
	char path[108];
	struct buf metrics; /* of the last time */
	unsigned restarts[P_COUNT];
	struct log_state trouble;
};

/* --- StatsFile --- */

static void
ask_again(struct collector *x)
{
	int64_t every = x->conf->stats_interval / 4;

	loop_timer_set(x->ask, (every < ASK_EVERY ? every : ASK_EVERY) * 1000);
}

static void
asking(void *arg)
{
	struct collector *x = arg;
	int64_t now = time(NULL);

	if (!x->conf->log_stats)
		return;
	stats_ask(&x->stats, x->conf, now, 0);
	if (now >= stats_due(&x->stats, x->conf->stats_interval, now) &&
	    stats_rotate(&x->stats, x->conf, now) == -1)
		log_warn("%s", x->conf->stats_file);
	stats_save(&x->stats, x->conf);
	ask_again(x);
}

/* --- metrics --- */

/* A file that a collector of textfiles reads: whole at any moment. */
static void
write_metrics(struct collector *x)
{
	char tmp[512];
	int fd, n = snprintf(tmp, sizeof(tmp), "%s.new", x->conf->metrics_file);

	if (n >= (int)sizeof(tmp))
		return;
	unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1 || write(fd, x->metrics.p, x->metrics.len) != (ssize_t)x->metrics.len ||
	    rename(tmp, x->conf->metrics_file) == -1) {
		if (log_once(&x->trouble))
			log_warn("%s", x->conf->metrics_file);
	} else
		log_again(&x->trouble);
	if (fd != -1)
		close(fd);
}

static void
measure(void *arg)
{
	struct collector *x = arg;

	if (x->io == NULL && x->conf->metrics_file == NULL)
		return;
	buf_reset(&x->metrics);
	metrics_format(&x->metrics, x->conf, x->restarts);
	if (x->conf->metrics_file != NULL)
		write_metrics(x);
	loop_timer_set(x->measure, METRICS_EVERY * 1000);
}

/* Whatever is asked for, this is the answer; HTTP, since that is what they speak. */
static void
asked(int fd, short revents, void *arg)
{
	struct collector *x = arg;
	const struct timeval soon = { 0, READ_MS * 1000L };
	char question[1024];
	struct buf b = { 0 };
	int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)revents;
	if (c == -1)
		return;
	setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon));
	buf_printf(&b,
	    "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    x->metrics.len);
	buf_put(&b, x->metrics.p, x->metrics.len);
	if (recv(c, question, sizeof(question), 0) > 0 &&
	    send(c, b.p, b.len, MSG_NOSIGNAL) != (ssize_t)b.len)
		log_debug("metrics were not taken");
	close(c);
	buf_free(&b);
}

static void
close_socket(struct collector *x)
{
	if (x->io == NULL)
		return;
	loop_del(x->io);
	close(x->fd);
	unlink(x->path);
	x->io = NULL;
}

static void
open_socket(struct collector *x)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const char *path = x->conf->metrics_socket;

	close_socket(x);
	if (path == NULL)
		return;
	if (strlen(path) >= sizeof(sa.sun_path)) {
		log_warnx("MetricsSocket: %s is too long", path);
		return;
	}
	memcpy(sa.sun_path, path, strlen(path) + 1);
	memcpy(x->path, sa.sun_path, sizeof(sa.sun_path));
	unlink(path);
	x->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (x->fd == -1 || bind(x->fd, (struct sockaddr *)&sa, sizeof(sa)) == -1 ||
	    chmod(path, 0660) == -1 || listen(x->fd, 4) == -1) {
		log_warn("MetricsSocket: %s", path);
		if (x->fd != -1)
			close(x->fd);
		return;
	}
	x->io = loop_add(x->loop, x->fd, POLLIN, asked, x);
}

void
collector_conf(struct collector *x, const struct server_conf *c)
{
	x->conf = c;
	open_socket(x);
	loop_timer_set(x->measure, 0);
	if (c->log_stats)
		ask_again(x);
}

void
collector_save(struct collector *x)
{
	if (!x->conf->log_stats)
		return;
	stats_ask(&x->stats, x->conf, time(NULL), 1);
	stats_save(&x->stats, x->conf);
}

struct collector *
collector_new(struct loop *l, const struct server_conf *c)
{
	struct collector *x = calloc(1, sizeof(*x));

	if (x == NULL)
		fatal("collector");
	x->loop = l;
	x->ask = loop_timer(l, asking, x);
	x->measure = loop_timer(l, measure, x);
	stats_load(&x->stats, c, time(NULL));
	collector_conf(x, c);
	if (c->log_stats)
		loop_timer_set(x->ask, 0);
	return x;
}

void
collector_restarted(struct collector *x, enum proc_id p)
{
	if (x != NULL)
		x->restarts[p]++;
}

void
collector_free(struct collector *x)
{
	if (x == NULL)
		return;
	close_socket(x);
	loop_timer_free(x->ask);
	loop_timer_free(x->measure);
	buf_free(&x->metrics);
	free(x);
}
