#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "armor.h"
#include "compress.h"
#include "contents.h"
#include "io.h"
#include "msghdr.h"
#include "ui.h"

static void
show_header(const char *name, const char *value)
{
	if (value != NULL)
		ui_info("%s: %s", name, value);
}

/*
 * Header block off, body to the output; the headers are shown, so that the file is what was sent.
 */
static void
put_message(struct buf *out, const uint8_t *msg, size_t len)
{
	struct msghdrs h;
	const uint8_t *body;
	size_t bodylen;

	msghdrs_parse(&h, msg, len, &body, &bodylen);
	show_header("From", h.from);
	show_header("Subject", h.subject);
	show_header("In-Reply-To", h.in_reply_to);
	show_header("References", h.references);
	buf_put(out, body, bodylen);
	msghdrs_free(&h);
}

int
contents_add(struct buf *out, const uint8_t *p, size_t len, const char *where, int force)
{
	struct buf msg = { 0 };
	struct errmsg e;
	int r;

	r = mix_uncompress(&msg, p, len, force ? 0 : overcompression_limit(len), &e);
	if (r == UNCOMPRESS_OVER)
		r = ui_fail(EX_DATAERR,
		    "%s: a message that would grow enormously when uncompressed: -F does it anyway",
		    where);
	else if (r == UNCOMPRESS_BAD)
		r = ui_fail(EX_DATAERR, "%s: a damaged message: %s", where, e.s);
	else
		put_message(out, msg.p, msg.len);
	buf_wipe(&msg);
	return r;
}

int
contents_to_dir(const struct cli *cli)
{
	struct stat st;

	return cli->output != NULL && stat(cli->output, &st) == 0 && S_ISDIR(st.st_mode);
}

/* DIR/1, DIR/2, ...: the first that there is not. */
int
contents_write_next(const uint8_t *p, size_t len, unsigned *number, const struct cli *cli)
{
	char path[PATH_MAX];
	struct errmsg e;

	do {
		if ((size_t)snprintf(path, sizeof(path), "%s/%u", cli->output, ++*number) >=
		    sizeof(path))
			return ui_fail(EX_CANTCREAT, "%s: the name is too long", cli->output);
	} while (access(path, F_OK) == 0);
	if (output_write(path, p, len, &e) == -1)
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	ui_info("Written: %s", path);
	return 0;
}

/*
 * Text, and none of the control characters beyond ASCII, which terminals may obey: alone, or as
 * UTF-8 writes them.
 */
static int
fit_for_terminal(const uint8_t *p, size_t len)
{
	int foreign = 0, c1 = 0, utf8_c1 = 0;

	for (size_t i = 0; i < len; i++) {
		int control = p[i] >= 0x80 && p[i] < 0xa0;

		foreign |= p[i] >= 0x80;
		c1 |= control;
		utf8_c1 |= control && i > 0 && p[i - 1] == 0xc2;
	}
	if (!is_text(p, len) || utf8_c1)
		return 0;
	return !foreign || !c1 || utf8_valid(p, len);
}

int
contents_write(const struct buf *out, const struct cli *cli)
{
	const char *file = cli->output != NULL ? cli->output : "-";
	struct errmsg e;

	if (strcmp(file, "-") == 0 && isatty(STDOUT_FILENO) && !cli->force &&
	    !fit_for_terminal(out->p, out->len))
		return ui_fail(EX_DATAERR,
		    "the contents are binary: use -o FILE, or -F to have them on the terminal");
	if (output_write(file, out->p, out->len, &e) == -1)
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	return 0;
}
