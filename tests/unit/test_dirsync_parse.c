/*
 * What the parser makes of what strangers write: answers to uploads, directories, rubbish.
 */
#include "directory.h"
#include "../../dirsync/parse.h"
#include "t.h"

#define DAY   86400
#define NOW   (INT64_C(20000) * DAY + DAY / 2)
#define TODAY (NOW / DAY * DAY)

static enum upload_outcome
outcome(const char *s)
{
	struct reply_rep rep;

	parse_reply(&rep, s, strlen(s));
	return (enum upload_outcome)rep.outcome;
}

static void
test_replies(void)
{
	struct reply_rep rep;

	CHECK(outcome("Status: 1\nMessage: Accepted.\n") == UPLOAD_ACCEPTED);
	CHECK(outcome("Status: 1\r\nMessage: Accepted.\r\n") == UPLOAD_ACCEPTED);
	CHECK(outcome("Status: 1\rMessage: Accepted.\r") == UPLOAD_ACCEPTED);
	CHECK(outcome("Status:  1 \nMessage:\tAccepted. ") == UPLOAD_ACCEPTED);
	CHECK(outcome("Status: 1\nMessage: Accepted") == UPLOAD_WAITING);
	CHECK(outcome("Status: 1\nMessage: accepted.\n") == UPLOAD_WAITING);
	CHECK(outcome("Status: 1\nMessage: \n") == UPLOAD_WAITING);
	CHECK(outcome("Status: 0\nMessage: Accepted.\n") == UPLOAD_REFUSED);
	CHECK(outcome("") == UPLOAD_NONSENSE);
	CHECK(outcome("Status: 1\n") == UPLOAD_NONSENSE);
	CHECK(outcome("Status: 2\nMessage: Accepted.\n") == UPLOAD_NONSENSE);
	CHECK(outcome("Status: 11\nMessage: Accepted.\n") == UPLOAD_NONSENSE);
	CHECK(outcome("Status: \nMessage: Accepted.\n") == UPLOAD_NONSENSE);
	CHECK(outcome("Message: Accepted.\nStatus: 1\n") == UPLOAD_NONSENSE);
	CHECK(outcome("<html>Status: 1\nMessage: Accepted.\n") == UPLOAD_NONSENSE);
	parse_reply(&rep, "Status: 0\nMessage: a\0b\033[31m\xc3\xa9", 29);
	CHECK(rep.outcome == UPLOAD_REFUSED);
	CHECK_STR(rep.message, "a?b?[31m??");
}

static void
test_long_reply(void)
{
	struct reply_rep rep;
	struct buf b = { 0 };

	buf_str(&b, "Status: 0\nMessage: ");
	for (int i = 0; i < 5000; i++)
		buf_u8(&b, 'x');
	parse_reply(&rep, (const char *)b.p, b.len);
	CHECK(rep.outcome == UPLOAD_REFUSED && strlen(rep.message) == sizeof(rep.message) - 1);
	buf_free(&b);
}

static void
test_rubbish(void)
{
	static const char *const bad[] = { "", "[Server]\n", "[Server]\nNickname: x\n",
		"\x1f\x8b\x08", "[Signed-Directory]\n", "[Directory-Info]\n", "\xff\xfe\n" };
	struct parse_req q = { .now = NOW, .ntrusted = 1 };
	struct hostlist l = { NULL, 0 };
	struct parse_rep rep;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		parse_document(&l, &rep, bad[i], strlen(bad[i]), &q);
		CHECK(rep.outcome == PARSE_BAD && rep.why[0] != '\0');
	}
	CHECK(l.n == 0);
}

static struct rsakey *key;
static struct buf text;
static struct parse_req who;

/* A directory with one node in it, signed by key, for this day. */
static void
set_up(int64_t valid_after)
{
	struct dir_voter voter = { .url = (char []){ "http://d/" } };
	struct dir_params p = { .status = DIR_CONSENSUS, .valid_after = valid_after,
		.valid_until = valid_after + DAY, .voters = &voter, .nvoters = 1, .nservers = 1 };
	struct buf body = { 0 }, unsigned_text = { 0 }, server = { 0 };
	struct desc_params node = { .nickname = "N", .contact = "a@b.example",
		.published = NOW - DAY, .valid_after = TODAY, .valid_until = TODAY + 9 * DAY,
		.hostname = "N.example", .port = 1 };
	const struct desc *list[1];
	struct desc *d;

	crypto_init();
	if (key == NULL)
		key = rsakey_generate(2048);
	node.identity = node.packet_key = key;
	rsakey_keyid(key, voter.fingerprint);
	desc_format(&unsigned_text, &node);
	CHECK(desc_sign(&server, (char *)unsigned_text.p, unsigned_text.len, key, &rng_system,
		  NULL) == 0);
	d = desc_parse((char *)server.p, server.len, NOW, NULL);
	CHECK(d != NULL);
	list[0] = d;
	p.servers = list;
	directory_format(&body, &p);
	buf_reset(&text);
	directory_sign(&text, (const char *)body.p, body.len, key, &rng_system);
	buf_put(&text, body.p, body.len);
	who = (struct parse_req){ .now = NOW, .ntrusted = 1, .dates = 1 };
	rsakey_keyid(key, who.trusted[0]);
	desc_free(d);
	buf_free(&body);
	buf_free(&unsigned_text);
	buf_free(&server);
}

/* The outcome; how many hosts were named. */
static enum parse_outcome
parsed(size_t *hosts)
{
	struct hostlist l = { NULL, 0 };
	struct parse_rep rep;

	parse_document(&l, &rep, text.p, text.len, &who);
	*hosts = l.n;
	CHECK(rep.outcome != PARSE_GOOD || rep.nservers == 1);
	CHECK(l.n == 0 || strcmp(l.v[0], "n.example") == 0);
	hostlist_free(&l);
	return (enum parse_outcome)rep.outcome;
}

static void
test_whom_to_believe(void)
{
	size_t n;

	set_up(TODAY);
	CHECK(parsed(&n) == PARSE_GOOD && n == 1);
	who.ntrusted = 2;
	CHECK(parsed(&n) == PARSE_BAD && n == 0);
	memset(who.trusted[0], 0, HASH_LEN);
	who.ntrusted = 1;
	CHECK(parsed(&n) == PARSE_BAD && n == 0);
	who.ntrusted = 0;
	CHECK(parsed(&n) == PARSE_GOOD && n == 1);
}

static void
test_dates(void)
{
	size_t n;

	set_up(TODAY - 3 * DAY);
	CHECK(parsed(&n) == PARSE_BAD);
	who.dates = 0; /* kept for days */
	CHECK(parsed(&n) == PARSE_GOOD && n == 1);
	set_up(TODAY + DAY);
	CHECK(parsed(&n) == PARSE_BAD);
	set_up(TODAY);
	who.now = TODAY + 30 * DAY;
	who.dates = 0;
	CHECK(parsed(&n) == PARSE_GOOD && n == 0); /* its descriptor has expired */
}

TESTS(T(test_replies), T(test_long_reply), T(test_rubbish), T(test_whom_to_believe), T(test_dates))
