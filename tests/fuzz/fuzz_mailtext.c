/*
 * Any mailbox taken apart: no text is longer than the mail, all mails together not longer than the
 * mbox, and the search ends where it is told to.
 */
#include "../../mixminion/mailtext.c"

#include "fuzz.h"

struct count {
	size_t max, n, stop_at;
};

static int
take(const char *text, size_t len, void *arg)
{
	struct count *c = arg;

	HOLDS(len <= c->max + 1 && strnlen(text, len) <= len);
	return ++c->n == c->stop_at;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	struct count c = { .max = len }, again = { .max = len };
	struct buf one = { 0 };
	size_t pos = 0, sum = 0;

	HOLDS(mail_texts(text, len, take, &c) == 0);
	if (c.n > 0) {
		again.stop_at = (c.n + 1) / 2;
		HOLDS(mail_texts(text, len, take, &again) == 1 && again.n == again.stop_at);
	}
	if (is_mbox(text, len))
		while (mbox_next(&one, text, len, &pos)) {
			sum += one.len;
			HOLDS(pos <= len && sum <= len);
			c.max = one.len;
			(void)mail_texts((char *)one.p, one.len, take, &c);
		}
	(void)mail_field(&one, text, len, "Date");
	buf_free(&one);
	return 0;
}
