/* count-packets: how many packets, and so reply blocks, a message takes. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "address.h"
#include "client.h"
#include "message.h"
#include "packetize.h"
#include "result.h"
#include "ui.h"

static int
tell(size_t n)
{
	ui_status("COUNT_PACKETS %zu", n);
	if (result() != NULL)
		result_number("packets", (int64_t)n);
	else
		printf("%zu packet%s needed\n", n, n == 1 ? "" : "s");
	return fflush(stdout) == 0 ? 0 : ui_fail(EX_IOERR, "standard output cannot be written");
}

static int
count(const struct cli *cli, const struct address *to, struct buf *msg)
{
	struct buf prefix = { 0 };
	struct packetized pz;
	struct errmsg e;
	int r = message_body(msg, cli);

	if (r != 0)
		return r;
	if (to != NULL && !cli->deliver_fragments && cli->encrypt_to == NULL)
		server_side_prefix(&prefix, to->type, to->info.p, to->info.len);
	r = packetize(&pz, msg->p, msg->len, cli->encrypt_to != NULL ? ENC_FWD_OVERHEAD : 0,
	    prefix.p, prefix.len, &rng_system, &e);
	buf_wipe(&prefix);
	if (r == -1)
		return ui_fail(EX_DATAERR, "%s", e.s);
	r = tell(pz.n);
	packetized_free(&pz);
	return r;
}

static int
check_usage(const struct cli *cli)
{
	if (cli->nto == 0 && !cli->as_reply)
		return ui_fail(EX_USAGE, "no recipient: give one with -t, or --reply for a reply");
	if (cli->nto != 0 && cli->as_reply)
		return ui_fail(EX_USAGE, "-t and --reply exclude one another");
	return 0;
}

int
cmd_count_packets(struct cli *cli)
{
	struct address to = { 0 };
	struct buf msg = { 0 };
	struct client c;
	int r;

	if ((r = check_usage(cli)) != 0 || (r = address_parse_all(&to, cli)) != 0)
		return r;
	/* A wrong configuration is told here as by every other command. */
	if ((r = message_headers(&msg, cli)) == 0 &&
	    (r = client_open(&c, cli, CLIENT_NO_DIR)) == 0) {
		r = cli->nto != 0 && to.type == RT_DROP ? tell(1) :
		    count(cli, cli->as_reply ? NULL : &to, &msg);
		client_close(&c);
	}
	buf_wipe(&msg);
	address_free(&to);
	return r;
}
