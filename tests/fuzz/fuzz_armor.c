/* Armored objects and delivered messages in a text. */
#include "armor.h"
#include "fuzz.h"

/* Armored again, it reads back; text gets the LF at the end that it may have lacked. */
static void
check(struct delivered_message *m)
{
	struct delivered_message again;
	struct buf b = { 0 };
	struct errmsg e;
	size_t pos = 0, len = m->contents.len;

	message_armor(&b, m->type, m->tag, m->contents.p, len);
	HOLDS(message_next(&again, (const char *)b.p, b.len, &pos, &e) == 1);
	HOLDS(again.type == m->type && memcmp(again.tag, m->tag, TAG_LEN) == 0);
	HOLDS(again.contents.len == len || again.contents.len == len + 1);
	HOLDS(len == 0 || memcmp(again.contents.p, m->contents.p, len) == 0);
	buf_free(&again.contents);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	struct delivered_message m;
	struct armored a;
	struct errmsg e;
	size_t pos = 0, before;
	int r;

	do {
		before = pos;
		r = message_next(&m, text, len, &pos, &e);
		HOLDS(pos <= len && (r == 0 || pos > before));
		if (r == 1) {
			check(&m);
			buf_free(&m.contents);
		}
	} while (r != 0);
	pos = 0;
	if (armor_next(&a, ARMOR_SURB, text, len, &pos, &e) == 1)
		armored_free(&a);
	return 0;
}
