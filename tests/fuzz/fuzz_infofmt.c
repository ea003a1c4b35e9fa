/* The text format in both dialects, its normal form, and all conversions of values. */
#include "fuzz.h"
#include "infofmt.h"

static void
convert(const char *s)
{
	int64_t t, *list;
	size_t n;
	long v;
	int b;
	double f;

	(void)conv_date(&t, s, NULL);
	(void)conv_time(&t, s, NULL);
	if (conv_int(&v, s, -5, 70000, NULL) == 0)
		HOLDS(v >= -5 && v <= 70000);
	(void)conv_bool(&b, s, NULL);
	(void)conv_exchange_bool(&b, s, NULL);
	(void)conv_nickname(s, NULL);
	(void)conv_interval(&t, s, NULL);
	(void)conv_size(&t, s, NULL);
	(void)conv_fraction(&f, s, NULL);
	if (conv_schedule(&list, &n, s, NULL) == 0)
		free(list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct info in;
	struct buf once = { 0 }, twice = { 0 };
	struct errmsg e;

	if (len == 0)
		return 0;
	if (info_parse(&in, (const char *)data + 1, len - 1,
		data[0] & 1 ? INFO_CONFIG : INFO_EXCHANGE, &e) == 0) {
		for (size_t i = 0; i < in.n; i++)
			for (size_t j = 0; j < in.sections[i].n; j++)
				convert(in.sections[i].entries[j].value);
		info_free(&in);
	}
	info_normalize(&once, (const char *)data + 1, len - 1);
	info_normalize(&twice, (const char *)once.p, once.len);
	HOLDS(once.len == twice.len && (once.len == 0 || memcmp(once.p, twice.p, once.len) == 0));
	buf_free(&once);
	buf_free(&twice);
	return 0;
}
