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
contents_add(struct buf *out, const uint8_t *p, size_t len, int force)
{
	struct buf msg = { 0 };
	struct errmsg e;
	int r;

	r = mix_uncompress(&msg, p, len, force ? 0 : overcompression_limit(len), &e);
	if (r == UNCOMPRESS_OVER)
		r = ui_fail(EX_DATAERR,
		    "a message that would grow enormously when uncompressed: -F does it anyway");
	else if (r == UNCOMPRESS_BAD)
		r = ui_fail(EX_DATAERR, "a damaged message: %s", e.s);
	else
		put_message(out, msg.p, msg.len);
	buf_wipe(&msg);
	return r;
}

int
contents_write(const struct buf *out, const struct cli *cli)
{
	const char *file = cli->output != NULL ? cli->output : "-";
	struct errmsg e;

	if (strcmp(file, "-") == 0 && isatty(STDOUT_FILENO) && !cli->force &&
	    !is_text(out->p, out->len))
		return ui_fail(EX_DATAERR,
		    "the contents are binary: use -o FILE, or -F to have them on the terminal");
	if (output_write(file, out->p, out->len, &e) == -1)
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	return 0;
}
