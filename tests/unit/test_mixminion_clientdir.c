#include "t.h"

#include <sys/stat.h>

#include <unistd.h>

#include "../../mixminion/clientdir.h"
#include "../../mixminion/feature.h"
#include "../../mixminion/io.h"

#define DAY 86400
#define NOW (INT64_C(1800000000) / DAY * DAY + DAY / 2)

static struct rsakey *identity, *other, *packet;
static char dir[] = "/tmp/test_clientdir.XXXXXX";
static struct client_conf conf = { .user_dir = dir, .allow_old_directory = 1 };
static char warnings[4096];

static void
warn(const char *s)
{
	strlcat(warnings, s, sizeof(warnings));
}

static void
set_up(void)
{
	warnings[0] = '\0';
	if (identity != NULL)
		return;
	crypto_init();
	identity = rsakey_generate(2048);
	other = rsakey_generate(2048);
	packet = rsakey_generate(2048);
	if (mkdtemp(dir) == NULL)
		abort();
}

/* dir/name */
static const char *
in_dir(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
put(const char *name, const void *p, size_t len)
{
	struct errmsg e;

	CHECK(output_write(in_dir(name), p, len, &e) == 0);
}

/* A descriptor that is valid for days from after on, published so many seconds ago. */
static struct buf
described(const char *nickname, struct rsakey *key, int64_t after, int64_t days, int64_t age)
{
	struct desc_params p = { .nickname = nickname, .contact = "a@b.example", .identity = key,
		.packet_key = packet, .published = NOW - age, .valid_after = after,
		.valid_until = after + days * DAY, .hostname = "n.example", .port = 1 };
	struct buf text = { 0 }, out = { 0 };

	desc_format(&text, &p);
	CHECK(desc_sign(&out, (const char *)text.p, text.len, key, &rng_system, NULL) == 0);
	buf_free(&text);
	return out;
}

static int
import(const char *nickname, struct rsakey *key, int64_t after, int64_t days, int64_t age,
    struct errmsg *e)
{
	struct buf b = described(nickname, key, after, days, age);
	char got[MAX_NICKNAME + 1];
	int rv;

	put("desc", b.p, b.len);
	rv = clientdir_import(&conf, in_dir("desc"), NOW, got, e);
	if (rv == 0)
		CHECK_STR(got, nickname);
	buf_free(&b);
	(void)unlink(in_dir("desc"));
	return rv;
}

static void
empty_imported(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %s/imported", dir);
	CHECK(system(command) == 0);
}

static void
test_import(void)
{
	const int64_t today = NOW / DAY * DAY;
	struct clientdir *cd;
	const struct desc **live;
	struct errmsg e;

	set_up();
	CHECK(import("A", identity, today, 30, 100, &e) == 0);
	CHECK(import("A", identity, today, 20, 50, &e) == 0);
	CHECK(import("B", identity, today + 5 * DAY, 30, 100, &e) == 0);
	CHECK(import("C", identity, today - 40 * DAY, 30, 100, &e) == -1);
	CHECK(strstr(e.s, "C has expired") != NULL);
	CHECK(import("a", other, today, 30, 100, &e) == -1);
	CHECK(strstr(e.s, "another server") != NULL);
	cd = clientdir_open(&conf, NOW, warn);
	CHECK(cd->nall == 3 && cd->nimported == 3 && clientdir_recommended(cd, "a"));
	/* The later published one, but where it ends too soon. */
	CHECK(clientdir_find(cd, "a", NOW, NOW + 60, &e)->published == NOW - 50);
	CHECK(clientdir_find(cd, "A", NOW, NOW + 25 * DAY, &e)->published == NOW - 100);
	CHECK(clientdir_find(cd, "A", NOW, NOW + 50 * DAY, &e) == NULL);
	CHECK(strstr(e.s, "expires too soon") != NULL);
	CHECK(clientdir_find(cd, "B", NOW, NOW, &e) == NULL && strstr(e.s, "not valid yet"));
	CHECK(clientdir_find(cd, "Z", NOW, NOW, &e) == NULL && strstr(e.s, "by the name Z"));
	CHECK(clientdir_live(cd, NOW, NOW + 60, &live) == 1);
	CHECK(live[0]->published == NOW - 50);
	free(live);
	clientdir_free(cd);
	CHECK_STR(warnings, "");
	empty_imported();
}

static void
test_files(void)
{
	const int64_t today = NOW / DAY * DAY;
	struct buf b;
	struct clientdir *cd;
	struct errmsg e;

	set_up();
	b = described("F", identity, today, 30, 100);
	put("f", b.p, b.len);
	put("bad", b.p, b.len / 2);
	cd = clientdir_open(&conf, NOW, warn);
	CHECK(clientdir_read(cd, in_dir("f"), NOW, NOW, NOW, &e) != NULL);
	CHECK(clientdir_read(cd, in_dir("f"), NOW, NOW + 40 * DAY, NOW, &e) == NULL);
	CHECK(clientdir_read(cd, in_dir("bad"), NOW, NOW, NOW, &e) == NULL);
	CHECK(strstr(e.s, "bad: not a good descriptor") != NULL);
	CHECK(clientdir_read(cd, in_dir("none"), NOW, NOW, NOW, &e) == NULL);
	CHECK(clientdir_find(cd, "F", NOW, NOW, &e) != NULL && !clientdir_recommended(cd, "F"));
	clientdir_free(cd);
	(void)unlink(in_dir("f"));
	(void)unlink(in_dir("bad"));
	buf_free(&b);
}

/* A directory of one server D, recommended, for the day of NOW. */
static void
put_directory(struct rsakey *signer, enum dir_status status)
{
	const int64_t today = NOW / DAY * DAY;
	struct buf text = described("D", identity, today, 30, 100), body = { 0 }, out = { 0 };
	struct desc *d = desc_parse((const char *)text.p, text.len, NOW, NULL);
	struct dir_voter voter = { .url = (char []){ "http://d/" } };
	const char *recommended = "D";
	const struct desc *servers[] = { d };
	struct dir_params p = { .status = status, .valid_after = today,
		.valid_until = today + DAY, .voters = &voter, .nvoters = 1,
		.recommended = &recommended, .nrecommended = 1, .servers = servers, .nservers = 1 };

	rsakey_keyid(identity, voter.fingerprint);
	directory_format(&body, &p);
	directory_sign(&out, (const char *)body.p, body.len, signer, &rng_system);
	buf_put(&out, body.p, body.len);
	put("dir", out.p, out.len);
	desc_free(d);
	buf_free(&text);
	buf_free(&body);
	buf_free(&out);
}

/* 1 if the directory in place is used at that time. */
static int
used(int64_t now)
{
	struct clientdir *cd;
	int has;

	warnings[0] = '\0';
	cd = clientdir_open(&conf, now, warn);
	has = cd->dir != NULL && cd->nall == 1 && clientdir_recommended(cd, "d") &&
	    cd->why_no_dir == NULL;
	if (cd->dir == NULL && cd->why_no_dir == NULL)
		has = -1;
	clientdir_free(cd);
	return has;
}

static void
test_directories(void)
{
	char hex[2 * HASH_LEN + 1];
	uint8_t id[HASH_LEN];

	set_up();
	put_directory(identity, DIR_CONSENSUS);
	CHECK(used(NOW) == 1);
	CHECK(strstr(warnings, "DirectoryServer") != NULL);
	rsakey_keyid(identity, id);
	hex_upper(hex, id, HASH_LEN);
	opt_list_add(&conf.trusted, hex);
	CHECK(used(NOW) == 1);
	CHECK_STR(warnings, "");
	CHECK(used(NOW + DAY) == 1);
	CHECK(strstr(warnings, "has expired") != NULL && strstr(warnings, "for want of") != NULL);
	CHECK(used(NOW + 7 * DAY) == 1 && used(NOW + 9 * DAY) == 0);
	CHECK(strstr(warnings, "is not used: the directory has expired") != NULL);
	CHECK(used(NOW - DAY) == 0);
	put_directory(identity, DIR_VOTE);
	CHECK(used(NOW) == 0 && strstr(warnings, "is a vote") != NULL);
	put_directory(other, DIR_CONSENSUS);
	CHECK(used(NOW) == 0 && strstr(warnings, "0 of the 1 trusted") != NULL);
	put("dir", "junk", 4);
	CHECK(used(NOW) == 0);
	opt_list_free(&conf.trusted);
	(void)unlink(in_dir("dir"));
	CHECK(used(NOW) == -1);
}

static void
test_features(void)
{
	static const struct {
		const char *name, *value;
	} wants[] = { { "Hostname", "n.example" }, { "incoming/mmtp:port", "1" },
		{ "caps", "relay" }, { "STATUS", "(not recommended)" },
		{ "Delivery/SMTP:Version", "<none>" }, { "Contact", "a@b.example" } };
	struct clientdir cd = { .conf = &conf };
	struct desc *d;
	struct feature f;
	struct errmsg e;
	struct buf b;

	set_up();
	b = described("A", identity, NOW / DAY * DAY, 1, 1);
	d = desc_parse((const char *)b.p, b.len, NOW, NULL);
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		char *value = NULL;

		CHECK(feature_find(&f, wants[i].name, &e) == 0);
		value = feature_value(&f, d, &cd);
		CHECK_STR(value, wants[i].value);
		free(value);
	}
	CHECK(feature_find(&f, "Version", &e) == -1 && strstr(e.s, "ambiguous") != NULL);
	CHECK(feature_find(&f, "Colour", &e) == -1);
	desc_free(d);
	buf_free(&b);
}

static void
test_nothing_is_left_behind(void)
{
	CHECK(rmdir(dir) == 0);
}

TESTS(T(test_import), T(test_files), T(test_directories), T(test_features),
    T(test_nothing_is_left_behind))
