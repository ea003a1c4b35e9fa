#include <stdio.h>

#include "dirupdate.h"
#include "expect.h"
#include "result.h"
#include "ui.h"

void
expect_path(struct expectation *x, const struct path *p)
{
	struct expectation one = { 0 };

	for (size_t leg = 0; leg < 2; leg++)
		for (size_t i = 0; i < p->leg[leg].n; i++) {
			int64_t seconds = p->leg[leg].servers[i]->mix_interval;

			one.hops++;
			if (seconds == -1)
				one.untold++;
			else
				one.seconds += seconds;
		}
	if (one.seconds > x->seconds || (one.seconds == x->seconds && one.hops > x->hops))
		*x = one;
}

void
duration_format(char *out, size_t size, int64_t seconds)
{
	if (seconds < 120)
		(void)snprintf(out, size, "%lld second%s", (long long)seconds,
		    seconds == 1 ? "" : "s");
	else
		age_format(out, size, seconds);
}

void
expect_delay(struct buf *out, const struct expectation *x, int reply)
{
	const char *servers = x->hops == 1 ? "server" : "servers";
	char time[32];

	duration_format(time, sizeof(time), x->seconds);
	if (x->untold == x->hops)
		buf_printf(out, "not known: of the %zu %s none says how long it holds packets",
		    x->hops, servers);
	else if (x->untold > 0)
		buf_printf(out,
		    "up to about %s, and longer: %zu of the %zu %s do not say how long they hold "
		    "packets",
		    time, x->untold, x->hops, servers);
	else
		buf_printf(out, "up to about %s, the mix intervals of %zu %s; more if one is down",
		    time, x->hops, servers);
	if (reply)
		buf_str(out, "; the servers of the reply block come after them");
}

void
expect_say(const struct expectation *x, enum hides what)
{
	static const char *const texts[] = {
		[HIDES_SENDER] = "who you are, from the recipient and from all servers but the "
				 "first. Not hidden: the text, from the last server;",
		[HIDES_TEXT] = "who you are, from the recipient and from all servers but the "
			       "first; the text, from all but the owner of the key. Not hidden:",
		[HIDES_REPLY] = "who you are, and from you, whom you answer; the text, from all "
				"but him. Not hidden:",
		[HIDES_NOTHING] = "that this is a dummy, from all servers but the last. Not "
				  "hidden:",
	};
	struct buf delay = { 0 };

	expect_delay(&delay, x, what == HIDES_REPLY);
	ui_info("Expected delay: %s.", buf_cstr(&delay));
	ui_info("Hidden: %s that you use the network; and time and numbers, from who watches all "
		"of it.",
	    texts[what]);
	if (x->untold == 0)
		result_number("expected_delay", x->seconds);
	buf_free(&delay);
}
