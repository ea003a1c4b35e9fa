#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "armor.h"
#include "e2e.h"
#include "log.h"
#include "mailtext.h"
#include "testmail.h"

int64_t
testmail_when(const struct mail *m, int64_t from, int64_t now)
{
	struct buf field = { 0 };
	const char *date;
	int64_t t = -1;

	if (mail_field(&field, m->text, m->len, "Received") == 0 &&
	    (date = strrchr(buf_cstr(&field), ';')) != NULL)
		t = (int64_t)curl_getdate(date + 1, NULL);
	buf_free(&field);
	if (t < from || t > now)
		t = m->when;
	return t < from || t > now ? now : t;
}

/* The payload's checksum is right only if no octet of it was changed on the way. */
int
testmail_intact(const struct test *t, const struct buf *contents)
{
	struct e2e_secret secret = { t->id, t->secret, TEST_SECRET_LEN };
	struct e2e_decoded *d;
	int intact;

	if (contents->len != PAYLOAD_LEN)
		return 0;
	if ((d = calloc(1, sizeof(*d))) == NULL)
		fatal("calloc");
	intact = e2e_decode(d, contents->p, t->handle, &secret, 1, NULL, 0, NULL) == 0 &&
	    d->how == E2E_REPLY;
	freezero(d, sizeof(*d));
	return intact;
}

/* One text of a mail. */
struct looking {
	struct testsearch *search;
	const struct mail *mail;
};

/* An answer that comes twice counts once; an intact one counts more than a damaged one. */
static void
take(struct looking *l, const struct delivered_message *m)
{
	struct test *t = testlog_find(l->search->tests, l->search->n, m->tag);
	int intact;

	if (m->type != MT_ENCRYPTED || t == NULL || (t->back != 0 && t->intact))
		return;
	intact = testmail_intact(t, &m->contents);
	if (t->back != 0 && !intact)
		return;
	l->search->found += t->back == 0;
	t->back = testmail_when(l->mail, t->sent, l->search->now);
	t->intact = intact;
	t->changed = 1;
}

static int
look_in_text(const char *text, size_t len, void *arg)
{
	struct delivered_message m;
	size_t pos = 0;

	while (message_next(&m, text, len, &pos, NULL) == 1) {
		take(arg, &m);
		buf_wipe(&m.contents);
	}
	return 0;
}

int
testmail_look(const struct mail *m, void *arg)
{
	struct looking l = { arg, m };

	return mail_texts(m->text, m->len, look_in_text, &l);
}
