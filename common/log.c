#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define EXIT_PERMANENT 100
#define EXIT_AGAIN     111

static const char *procname = "?";
static enum log_level threshold = LOGL_WARN;
static int to_journal;
static int second = -1;

static const struct {
	const char *name;
	int journal; /* sd-daemon(3) */
} levels[] = {
	[LOGL_TRACE] = { "TRACE", 7 },
	[LOGL_DEBUG] = { "DEBUG", 7 },
	[LOGL_INFO] = { "INFO", 6 },
	[LOGL_WARN] = { "WARN", 4 },
	[LOGL_ERROR] = { "ERROR", 3 },
	[LOGL_FATAL] = { "FATAL", 2 },
	[LOGL_NEVER] = { "NEVER", 0 },
};

void
log_init(const char *name, enum log_level level)
{
	struct tm tm;
	time_t t = 0;

	procname = name;
	threshold = level;
	to_journal = getenv("JOURNAL_STREAM") != NULL;
	/* The first call reads the time zone file: it must not be the one inside the sandbox. */
	gmtime_r(&t, &tm);
}

void
log_setlevel(enum log_level level)
{
	threshold = level;
}

int
log_parselevel(const char *s)
{
	for (int i = LOGL_TRACE; i <= LOGL_NEVER; i++)
		if (strcasecmp(s, levels[i].name) == 0)
			return i;
	return -1;
}

static size_t
put_prefix(char *line, size_t size, enum log_level level)
{
	struct timespec ts;
	struct tm tm;
	char when[32];
	int n;

	if (to_journal)
		return (size_t)snprintf(line, size, "<%d>%s: ", levels[level].journal, procname);
	clock_gettime(CLOCK_REALTIME, &ts);
	if (gmtime_r(&ts.tv_sec, &tm) == NULL ||
	    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		when[0] = '\0';
	n = snprintf(line, size, "%s %s [%s] ", when, procname, levels[level].name);
	return (size_t)n;
}

void
log_lines(const char *text, size_t len)
{
	ssize_t n = write(STDERR_FILENO, text, len);

	if (second != -1)
		n = write(second, text, len);
	(void)n; /* where it cannot be written nobody is left to tell */
}

/* One write a line, so that the lines of several processes on one file do not mix. */
__attribute__((format(printf, 3, 0))) static void
put_line(enum log_level level, int err, const char *fmt, va_list ap)
{
	char line[1024];
	const size_t room = sizeof(line) - 1; /* for the newline */
	size_t start, len;
	int n;

	if (level < threshold)
		return;
	start = len = put_prefix(line, room, level);
	n = vsnprintf(line + len, room - len, fmt, ap);
	if (n > 0)
		len += (size_t)n < room - len ? (size_t)n : room - len - 1;
	if (err != 0) {
		n = snprintf(line + len, room - len, ": %s", strerror(err));
		if (n > 0)
			len += (size_t)n < room - len ? (size_t)n : room - len - 1;
	}
	/* What others chose may be part of it: it must not forge a line or drive a terminal. */
	for (size_t i = start; i < len; i++)
		if (iscntrl((unsigned char)line[i]))
			line[i] = '?';
	line[len++] = '\n';
	log_lines(line, len);
}

#define LOG_FUNCTION(name, level, err)                                                             \
	void name(const char *fmt, ...)                                                            \
	{                                                                                          \
		int saved = errno;                                                                 \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		put_line((level), (err), fmt, ap);                                                 \
		va_end(ap);                                                                        \
		errno = saved;                                                                     \
	}

LOG_FUNCTION(log_warn, LOGL_WARN, saved)
LOG_FUNCTION(log_warnx, LOGL_WARN, 0)
LOG_FUNCTION(log_errorx, LOGL_ERROR, 0)
LOG_FUNCTION(log_info, LOGL_INFO, 0)
LOG_FUNCTION(log_debug, LOGL_DEBUG, 0)
LOG_FUNCTION(log_trace, LOGL_TRACE, 0)

#define FATAL_FUNCTION(name, err, status)                                                          \
	void name(const char *fmt, ...)                                                            \
	{                                                                                          \
		int saved = errno;                                                                 \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		(void)saved;                                                                       \
		put_line(LOGL_FATAL, (err), fmt, ap);                                              \
		va_end(ap);                                                                        \
		exit(status);                                                                      \
	}

FATAL_FUNCTION(fatal, saved, EXIT_AGAIN)
FATAL_FUNCTION(fatalx, 0, EXIT_AGAIN)
FATAL_FUNCTION(fatal_permanent, 0, EXIT_PERMANENT)

int
log_once(struct log_state *s)
{
	struct timespec now;

	if (s->said)
		return 0;
	s->said = 1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (s->when != 0 && now.tv_sec - s->when < LOG_QUIET)
		return 0;
	s->when = now.tv_sec;
	return 1;
}

void
log_again(struct log_state *s)
{
	s->said = 0;
}

void
log_reopen(int fd)
{
	if (dup2(fd, STDERR_FILENO) == -1)
		log_warn("log file is not reopened: dup2");
	close(fd);
}

void
log_second(int fd)
{
	if (second > STDERR_FILENO)
		close(second);
	second = fd;
}
