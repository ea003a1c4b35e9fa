#include <errno.h>
#include <fcntl.h>
#include <readpassphrase.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ui.h"

static enum ui_level level = UI_NORMAL;
static int status_fd = -1;
static char last_failure[1024];

#define BAR_MAX 79
static size_t bar_len; /* of the bar that is on the terminal */

void
ui_setlevel(enum ui_level l)
{
	level = l;
}

int
ui_has_terminal(void)
{
	return level != UI_QUIET && isatty(STDERR_FILENO);
}

static void
put_all(const char *p, size_t len)
{
	while (write(STDERR_FILENO, p, len) == -1 && errno == EINTR)
		continue;
}

void
ui_bar(const char *line)
{
	char out[256];
	int n = 0;

	if (bar_len == 0 && (line == NULL || !ui_has_terminal()))
		return;
	/* Blanks over what is longer than the new one: no terminal is too simple for that. */
	if (bar_len > 0)
		n = snprintf(out, sizeof(out), "\r%*s\r", (int)bar_len, "");
	bar_len = line != NULL ? strnlen(line, BAR_MAX) : 0;
	n += snprintf(out + n, sizeof(out) - (size_t)n, "%.*s", (int)bar_len,
	    line != NULL ? line : "");
	put_all(out, (size_t)n);
}

/* U+0080 to U+009F, which some terminals obey as they do ESC. */
static int
control_beyond_ascii(const char *s, int i)
{
	unsigned char c = (unsigned char)s[i];

	return i > 0 && (unsigned char)s[i - 1] == 0xc2 && c >= 0x80 && c < 0xa0;
}

/* One write a line, and nothing in it that could play tricks with a terminal. */
static void __attribute__((format(printf, 2, 0)))
say(const char *prefix, const char *fmt, va_list ap)
{
	char line[2048];
	int n, m;

	ui_bar(NULL);
	n = snprintf(line, sizeof(line) - 1, "%s", prefix);
	m = vsnprintf(line + n, sizeof(line) - 1 - (size_t)n, fmt, ap);
	if (m < 0)
		return;
	n += m;
	if ((size_t)n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	for (int i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f ||
		    control_beyond_ascii(line, i))
			line[i] = '?';
	line[n++] = '\n';
	put_all(line, (size_t)n);
}

int
ui_fail(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(last_failure, sizeof(last_failure), fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	say("mixminion: ", fmt, ap);
	va_end(ap);
	return status;
}

const char *
ui_last_failure(void)
{
	return last_failure;
}

void
ui_warn(const char *fmt, ...)
{
	va_list ap;

	if (level == UI_QUIET)
		return;
	va_start(ap, fmt);
	say("mixminion: warning: ", fmt, ap);
	va_end(ap);
}

void
ui_info(const char *fmt, ...)
{
	va_list ap;

	if (level == UI_QUIET)
		return;
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void
ui_verbose(const char *fmt, ...)
{
	va_list ap;

	if (level != UI_VERBOSE)
		return;
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

int
ui_confirm(const char *question)
{
	char answer[16];

	if (readpassphrase(question, answer, sizeof(answer), RPP_REQUIRE_TTY | RPP_ECHO_ON) ==
	    NULL)
		return -1;
	return answer[0] == 'y' || answer[0] == 'Y';
}

int
ui_set_status_fd(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || (flags & O_ACCMODE) == O_RDONLY)
		return -1;
	status_fd = fd;
	return 0;
}

void
ui_status(const char *fmt, ...)
{
	va_list ap;

	if (status_fd == -1)
		return;
	va_start(ap, fmt);
	(void)dprintf(status_fd, "[MIXMINION:] ");
	(void)vdprintf(status_fd, fmt, ap);
	(void)dprintf(status_fd, "\n");
	va_end(ap);
}
