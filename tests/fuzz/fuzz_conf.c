/* mixminiond.conf */
#include "conf.h"
#include "fuzz.h"

static void
fault(const char *s)
{
	HOLDS(strchr(s, '\n') == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct errmsg e;
	struct buf why = { 0 };
	struct server_conf *c = conf_parse("f", (const char *)data, len, fault, &e);

	if (c == NULL)
		return 0;
	conf_insecurities(c, &why);
	buf_free(&why);
	conf_free(c);
	return 0;
}
