/* The files of dird: a known server, what a pinger measured, and what may be signed. */
#include "../../dird/cycle.c"
#include "../../dird/reliability.c"
#include "../../dird/signcheck.c"
#include "../../dird/store.c"

#include "fuzz.h"

#define NOW 1796000000

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct dir_voter voter = { .url = NULL };
	static char url[] = "http://a.example/";
	struct dird_conf conf = { .interval = 86400, .voters = &voter, .nvoters = 1 };
	struct signed_log log = { { 0 } };
	struct reliability r;
	struct errmsg e;
	const char *text = (const char *)data;
	struct server *s = server_parse(text, len, &e);

	server_free(s);
	if (reliability_parse(&r, text, len, &e) == 0)
		reliability_free(&r);
	voter.url = url;
	for (int old = 0; old < 2; old++)
		(void)signcheck(&log, text, len, old, &conf, NOW, &e);
	buf_free(&log.text);
	return 0;
}
