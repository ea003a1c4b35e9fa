/* Files of reply blocks, binary and armored. */
#include "fuzz.h"
#include "surb.h"

static void
warn(const char *s)
{
	HOLDS(s != NULL);
}

static void
check(const struct surb *s)
{
	struct buf b = { 0 };
	struct surb *again;
	struct errmsg e;
	size_t n;

	surb_armor(&b, s);
	HOLDS(surb_parse_all(&again, &n, b.p, b.len, 1, NULL, &e) == 0 && n == 1);
	HOLDS(again->use_by == s->use_by && again->rilen == s->rilen);
	HOLDS(memcmp(again->ri, s->ri, s->rilen) == 0);
	free(again);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct surb *list;
	struct errmsg e;
	size_t n;

	if (surb_parse_all(&list, &n, data, len, 20, warn, &e) == -1)
		return 0;
	HOLDS(n <= 20);
	for (size_t i = 0; i < n; i++)
		check(&list[i]);
	free(list);
	return 0;
}
