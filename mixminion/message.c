#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "io.h"
#include "message.h"
#include "msghdr.h"
#include "ui.h"

int
message_headers(struct buf *out, const struct cli *cli)
{
	/* The encoder does not change them. */
	struct msghdrs h = { 0 };
	struct buf copies[4] = { { 0 } };
	const char *const given[4] = { cli->subject, cli->from, cli->in_reply_to,
		cli->references };
	char **const fields[4] = { &h.subject, &h.from, &h.in_reply_to, &h.references };
	struct errmsg e;
	int r = 0, any = 0;

	for (size_t i = 0; i < 4; i++) {
		if (given[i] == NULL)
			continue;
		any = 1;
		buf_str(&copies[i], given[i]);
		*fields[i] = buf_cstr(&copies[i]);
	}
	if (cli->deliver_fragments && any)
		r = ui_fail(EX_USAGE, "--deliver-fragments takes no message headers");
	else if (!cli->deliver_fragments && msghdrs_encode(out, &h, &e) == -1)
		r = ui_fail(EX_USAGE, "message headers: %s", e.s);
	for (size_t i = 0; i < 4; i++)
		buf_wipe(&copies[i]);
	return r;
}

int
message_body(struct buf *out, const struct cli *cli)
{
	const char *file = cli->input != NULL ? cli->input : "-";
	struct errmsg e;

	if (strcmp(file, "-") == 0 && isatty(STDIN_FILENO))
		ui_info("Enter your message. Type Ctrl-D at the start of a line to end it.");
	if (input_read(file, out, INPUT_MAX, &e) == -1)
		return ui_fail(EX_NOINPUT, "%s", e.s);
	return 0;
}
