/* The header block: what is taken from it can be written, and reads back the same. */
#include "fuzz.h"
#include "msghdr.h"

static int
same(const char *a, const char *b)
{
	return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct msghdrs h, again;
	struct buf b = { 0 };
	struct errmsg e;
	const uint8_t *body;
	size_t n;

	msghdrs_parse(&h, data, len, &body, &n);
	HOLDS(body + n == data + len);
	HOLDS(msghdrs_encode(&b, &h, &e) == 0);
	msghdrs_parse(&again, b.p, b.len, &body, &n);
	HOLDS(n == 0 && same(h.subject, again.subject) && same(h.from, again.from));
	HOLDS(same(h.in_reply_to, again.in_reply_to) && same(h.references, again.references));
	msghdrs_free(&h);
	msghdrs_free(&again);
	buf_free(&b);
	return 0;
}
