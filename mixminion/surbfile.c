#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "io.h"
#include "log.h"
#include "surbfile.h"
#include "ui.h"

#define SURB_FILE_MAX (256UL * 1024 * 1024)
#define SHORT_LIVED   (3 * 3600) /* seconds: what is left is not enough to cross the network */

static void
warn(const char *text)
{
	ui_warn("%s", text);
}

static void
add(struct surbs *s, struct surb *more, size_t n)
{
	struct surb *p = reallocarray(s->p, s->n + n + 1, sizeof(*p));

	if (p == NULL)
		fatal("reallocarray");
	if (n != 0)
		memcpy(p + s->n, more, n * sizeof(*p));
	s->p = p;
	s->n += n;
	freezero(more, n * sizeof(*more));
}

int
surbs_read(struct surbs *s, const char *file, int fd)
{
	struct buf b = { 0 };
	struct surb *found = NULL;
	struct errmsg e;
	char what[64];
	size_t n = 0;
	int r;

	(void)snprintf(what, sizeof(what), "file descriptor %d", fd);
	r = file != NULL ? input_read(file, &b, SURB_FILE_MAX, &e)
			 : input_read_fd(fd, what, &b, SURB_FILE_MAX, &e);
	if (r == -1) {
		buf_wipe(&b);
		return ui_fail(EX_NOINPUT, "%s", e.s);
	}
	r = surb_parse_all(&found, &n, b.p, b.len, SURBFILE_MAX, warn, &e);
	buf_wipe(&b);
	if (file == NULL)
		file = what;
	if (r == -1)
		return ui_fail(EX_DATAERR, "%s: %s", file, e.s);
	if (n == 0)
		return ui_fail(EX_DATAERR, "%s: there is no reply block in it", file);
	add(s, found, n);
	return 0;
}

int
surbs_read_all(struct surbs *s, const struct cli *cli)
{
	int r = 0;

	for (size_t i = 0; i < cli->nreply && r == 0; i++)
		r = surbs_read(s, cli->reply[i].file, cli->reply[i].fd);
	return r;
}

void
surbs_free(struct surbs *s)
{
	if (s->p != NULL)
		freezero(s->p, s->n * sizeof(*s->p));
	s->p = NULL;
	s->n = 0;
}

static int
listed(const struct surb *s, const struct surb **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(s->header, list[i]->header, HEADER_LEN) == 0)
			return 1;
	return 0;
}

size_t
surbs_usable(const struct surbs *s, const struct surblog *l, int64_t now,
    const struct surb **out, size_t want, int say)
{
	size_t n = 0, used = 0, expired = 0;

	for (size_t i = 0; i < s->n && n < want; i++) {
		const struct surb *one = &s->p[i];

		if (surblog_used(l, one) || listed(one, out, n))
			used++;
		else if (surb_expired(one, now + SHORT_LIVED))
			expired++;
		else
			out[n++] = one;
	}
	if (used > 0 && say)
		ui_warn("%zu reply blocks were used before", used);
	if (expired > 0 && say)
		ui_warn("%zu reply blocks have expired or are about to", expired);
	return n;
}
