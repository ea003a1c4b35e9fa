/* g_directory.json: directories of both formats, votes and their consensus. */
#include <stdlib.h>
#include <strings.h>

#include "directory.h"
#include "vec.h"

#define DAY 86400

static struct dir_voter voters[VEC_MAX_SERVERS];
static uint8_t trusted[VEC_MAX_SERVERS][HASH_LEN];
static size_t nvoters;
static int64_t valid_after, now;

static void
load_voters(const json_t *v)
{
	const json_t *list = json_object_get(v, "voters");

	nvoters = json_array_size(list);
	for (size_t i = 0; i < nvoters; i++) {
		const json_t *row = json_array_get(list, i);
		const char *hex = json_string_value(json_array_get(row, 0));
		const char *url = json_string_value(json_array_get(row, 1));

		free(voters[i].url);
		voters[i].url = strdup(url);
		hex_decode(voters[i].fingerprint, HASH_LEN, hex, strlen(hex));
		memcpy(trusted[i], voters[i].fingerprint, HASH_LEN);
	}
}

/* 1 if there is a good signature by this voter. */
static int
signed_by(const struct directory *d, const uint8_t fingerprint[HASH_LEN])
{
	for (size_t i = 0; i < d->nsigs; i++)
		if (d->sigs[i].good && memcmp(d->sigs[i].fingerprint, fingerprint, HASH_LEN) == 0)
			return 1;
	return 0;
}

static size_t
count_signers(const struct directory *d, const json_t *want)
{
	uint8_t id[HASH_LEN];
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(want); i++) {
		const char *hex = json_string_value(json_array_get(json_array_get(want, i), 0));

		VEC(hex_decode(id, HASH_LEN, hex, strlen(hex)) == 0);
		VEC(signed_by(d, id));
	}
	for (size_t i = 0; i < nvoters; i++)
		n += (size_t)signed_by(d, voters[i].fingerprint);
	VEC(n == json_array_size(want));
	return n;
}

static void
check_servers(const struct directory *d, const json_t *want)
{
	uint8_t digest[HASH_LEN];

	VEC(d->nservers == json_array_size(want));
	VEC(d->nskipped == 0);
	for (size_t i = 0; i < d->nservers && i < json_array_size(want); i++) {
		const json_t *row = json_array_get(want, i);
		const char *hex = json_string_value(json_array_get(row, 1));

		VEC(strcmp(d->servers[i]->nickname, json_string_value(json_array_get(row, 0))) ==
		    0);
		VEC(hex_decode(digest, HASH_LEN, hex, strlen(hex)) == 0);
		VEC(memcmp(digest, d->servers[i]->digest, HASH_LEN) == 0);
	}
}

/* The reference reads an empty list as one empty name, and keeps capitals in the old format. */
static void
check_recommended(const struct directory *d, const json_t *want)
{
	const char *first = json_string_value(json_array_get(want, 0));
	size_t n = first == NULL || *first == '\0' ? 0 : json_array_size(want);

	VEC(d->nrecommended == n);
	for (size_t i = 0; i < n && i < d->nrecommended; i++) {
		const char *name = json_string_value(json_array_get(want, i));

		VEC(strcasecmp(d->recommended[i], name) == 0);
		VEC(directory_recommends(d, name));
	}
	VEC(!directory_recommends(d, "nobody"));
}

static size_t
count_matching(const struct directory *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->nsigs; i++)
		n += (size_t)d->sigs[i].digest_ok;
	return n;
}

/* LENIENT: the reference takes descriptors in any order, where dir-spec 4.1 wants them sorted. */
static int
in_order(const json_t *servers)
{
	const char *last = "";

	for (size_t i = 0; i < json_array_size(servers); i++) {
		const char *name =
		    json_string_value(json_array_get(json_array_get(servers, i), 0));

		if (strcasecmp(last, name) > 0)
			return 0;
		last = name;
	}
	return 1;
}

static void
check_contents(const struct directory *d, const json_t *v)
{
	int vote = strcmp(vec_str(v, "status"), "vote") == 0;
	int usable;
	size_t n;

	VEC(d->status == (vote ? DIR_VOTE : DIR_CONSENSUS));
	VEC(d->valid_after == vec_int(v, "valid_after"));
	VEC(d->valid_until == vec_int(v, "valid_until"));
	VEC((long long)count_matching(d) == vec_int(v, "n_signatures_matching_digest"));
	check_servers(d, json_object_get(v, "servers"));
	check_recommended(d, json_object_get(v, "recommended"));
	n = count_signers(d, json_object_get(v, "signers"));
	/* D7, D8: no votes, more than half of the trusted, on its day only, sorted. */
	usable = !vote && n > nvoters / 2 && in_order(json_object_get(v, "servers"));
	VEC((directory_check(d, trusted, nvoters, now, 0, NULL) == 0) == usable);
	VEC(directory_check(d, trusted, nvoters, valid_after - 1, 0, NULL) == -1);
	VEC(directory_check(d, trusted, nvoters, valid_after + DAY + 1, 0, NULL) == -1);
}

static void
check_one(const json_t *v)
{
	struct buf text = vec_bytes(v, "directory");
	struct errmsg e = { "" };
	struct directory *d;
	int votes;

	vec_begin("g_directory %s", vec_str(v, "name"));
	d = directory_parse((const char *)text.p, text.len, now, &e);
	VEC((d != NULL) == vec_accept(v, "parse"));
	VEC(d != NULL || e.s[0] != '\0');
	if (d != NULL)
		check_contents(d, v);
	votes = d != NULL &&
	    directory_check_vote(d, voters, nvoters, valid_after, NULL) == 0;
	VEC(votes == (strncmp(vec_str(v, "vote_check"), "accept", 6) == 0));
	directory_free(d);
	buf_free(&text);
	vec_end();
}

static void
check_old(const json_t *v)
{
	struct buf text = vec_bytes(v, "directory");
	struct directory *d;
	uint8_t one[1][HASH_LEN];

	vec_begin("g_directory %s", vec_str(v, "name"));
	d = directory_parse((const char *)text.p, text.len, now, NULL);
	VEC((d != NULL) == vec_accept(v, "verdict"));
	if (d != NULL) {
		VEC(d->status == DIR_OLD && d->nsigs == 1 && d->sigs[0].good);
		check_servers(d, json_object_get(v, "servers"));
		check_recommended(d, json_object_get(v, "recommended"));
		memcpy(one[0], d->sigs[0].fingerprint, HASH_LEN);
		VEC(directory_check(d, one, 1, now, 1, NULL) == 0);
		VEC(directory_check(d, one, 1, now, 0, NULL) == -1);
	}
	directory_free(d);
	buf_free(&text);
	vec_end();
}

static const json_t *
named(const json_t *v, const char *name)
{
	const json_t *list = json_object_get(v, "directories");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(vec_str(json_array_get(list, i), "name"), name) == 0)
			return json_array_get(list, i);
	return NULL;
}

static struct directory *
parsed(const json_t *v, const char *name)
{
	struct buf text = vec_bytes(named(v, name), "directory");
	struct directory *d = directory_parse((const char *)text.p, text.len, now, NULL);

	buf_free(&text);
	return d;
}

/* The reference's consensus octet for octet, whatever the order in which votes come. */
static void
check_tally(const json_t *v)
{
	static const size_t orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 2, 0 } };
	struct directory *votes[3] = { parsed(v, "vote-1"), parsed(v, "vote-2"),
		parsed(v, "vote-3") };
	struct buf want = vec_bytes(named(v, "consensus-no-signature"), "directory");

	for (size_t i = 0; i < 3; i++) {
		const struct directory *in[4] = { votes[orders[i][0]], votes[orders[i][1]],
			votes[orders[i][2]], votes[orders[i][0]] };
		struct buf out = { 0 };

		vec_begin("g_directory tally %zu", i);
		/* The same vote given twice counts once. */
		VEC(directory_tally(&out, in, 4, voters, nvoters, valid_after, NULL) == 0);
		VEC(vec_eq(&want, out.p, out.len));
		buf_free(&out);
		vec_end();
	}
	vec_begin("g_directory tally of too few");
	VEC(directory_tally(&(struct buf){ 0 }, (const struct directory *const[]){ votes[0] }, 1,
	    voters, nvoters, valid_after, NULL) == -1);
	vec_end();
	for (size_t i = 0; i < 3; i++)
		directory_free(votes[i]);
	buf_free(&want);
}

/* A consensus that we sign, and the same in the old format, are good to ourselves. */
static void
check_signing(const json_t *v)
{
	struct buf body = vec_bytes(named(v, "consensus-no-signature"), "directory");
	struct buf out = { 0 };
	struct directory *d;

	vec_begin("g_directory signing");
	directory_sign(&out, (const char *)body.p, body.len, keys.directory[0], &rng_system);
	directory_sign(&out, (const char *)body.p, body.len, keys.directory[1], &rng_system);
	buf_put(&out, body.p, body.len);
	d = directory_parse((const char *)out.p, out.len, now, NULL);
	VEC(d != NULL && d->nsigs == 2);
	VEC(d != NULL && directory_check(d, trusted, nvoters, now, 0, NULL) == 0);
	directory_free(d);
	buf_free(&body);
	buf_free(&out);
	vec_end();
}

static void
check_old_writing(const json_t *v)
{
	struct directory *from = parsed(v, "consensus-no-signature"), *d;
	static const char *const names[] = { "MixOpen2", "MixOpen1", "MixOpen2" };
	struct dir_params p = { .valid_after = valid_after, .valid_until = valid_after + 14 * DAY,
		.published = now, .recommended = names, .nrecommended = 3,
		.servers = (const struct desc *const *)from->servers,
		.nservers = from->nservers };
	struct buf out = { 0 };

	vec_begin("g_directory old format written");
	directory_format_old(&out, &p, keys.directory[0], &rng_system);
	d = directory_parse((const char *)out.p, out.len, now, NULL);
	VEC(d != NULL && d->status == DIR_OLD && d->nservers == from->nservers);
	VEC(d != NULL && d->nrecommended == 2 && d->published == now);
	directory_free(d);
	directory_free(from);
	buf_free(&out);
	vec_end();
}

static void
check_gzip(const json_t *v)
{
	struct buf gz = vec_bytes(v, "consensus_gz_b64");
	struct directory *d = directory_parse_any(gz.p, gz.len, now, NULL);

	vec_begin("g_directory gzip");
	VEC(d != NULL && directory_check(d, trusted, nvoters, now, 0, NULL) == 0);
	VEC(d != NULL && vec_eq_hex(d->digest, HASH_LEN, v, "body_digest_hex"));
	directory_free(d);
	VEC(directory_parse_any(gz.p, gz.len / 2, now, NULL) == NULL);
	buf_free(&gz);
	vec_end();
}

void
vec_g_directory(json_t *v)
{
	const json_t *list = json_object_get(v, "directories");
	const json_t *old = json_object_get(v, "old_format");

	valid_after = vec_int(v, "valid_after");
	now = valid_after + DAY / 2;
	load_voters(v);
	for (size_t i = 0; i < json_array_size(list); i++)
		check_one(json_array_get(list, i));
	for (size_t i = 0; i < json_array_size(old); i++)
		check_old(json_array_get(old, i));
	check_tally(v);
	check_signing(v);
	check_old_writing(v);
	check_gzip(v);
	for (size_t i = 0; i < nvoters; i++)
		free(voters[i].url);
	memset(voters, 0, sizeof(voters));
}
