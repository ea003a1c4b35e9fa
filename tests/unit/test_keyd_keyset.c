#include <sys/stat.h>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "../../keyd/keyset.h"
#include "../../keyd/signdesc.h"
#include "desc.h"
#include "keyd_home.h"

static void
test_first_start(void)
{
	struct stat st;
	uint8_t keyid[HASH_LEN];

	begin_empty();
	keystore_load(&ks, 2048, now);
	CHECK(ks.identity != NULL && rsakey_bits(ks.identity) == 2048 && ks.n == 0);
	memcpy(keyid, ks.keyid, HASH_LEN);
	CHECK(cover(30 * DAY) == 1);
	CHECK(ks.n == 1 && ks.set[0].number == 1 && !ks.set[0].has_desc);
	CHECK(ks.set[0].valid_after == now - now % DAY);
	CHECK(ks.set[0].valid_until == ks.set[0].valid_after + 30 * DAY);
	CHECK(rsakey_bits(ks.set[0].key) == 2048);
	CHECK(fstatat(ks.dirfd, "key_0001/mix.key", &st, 0) == 0 && (st.st_mode & 077) == 0);
	CHECK(fstatat(ks.dirfd, "identity.key", &st, 0) == 0 && (st.st_mode & 077) == 0);
	CHECK(cover(30 * DAY) == 0);
	reload();
	CHECK(memcmp(keyid, ks.keyid, HASH_LEN) == 0);
	CHECK(ks.n == 1 && ks.set[0].valid_after == now - now % DAY);
	end();
}

/* Two weeks and 61 hours are covered without a gap, whatever the lifetime. */
static void
test_coverage(void)
{
	struct keyset lone = { .valid_after = 0, .valid_until = DAY };
	int64_t t;

	begin();
	keystore_load(&ks, 2048, now);
	CHECK(cover(5 * DAY) == 4);
	t = now - now % DAY;
	for (size_t i = 0; i < ks.n; i++) {
		CHECK(ks.set[i].valid_after == t);
		t = ks.set[i].valid_until;
	}
	CHECK(t >= now + 14 * DAY + 61 * 3600);
	now += 5 * DAY; /* the next is made in time */
	CHECK(cover(5 * DAY) == 1 && ks.n == 5 && ks.set[4].number == 5);
	CHECK(keyset_live(&lone, 3600, DAY + 3600) && !keyset_live(&lone, 3600, DAY + 3601));
	CHECK(!keyset_live(&lone, 3600, -1) && keyset_live(&lone, 3600, 0));
	CHECK(keyset_dead(&lone, 3600, DAY + 3601) && !keyset_dead(&lone, 3600, DAY));
	end();
}

/* A hole in the middle is filled up to the next key. */
static void
test_gap(void)
{
	struct errmsg e;
	int64_t today, t;
	size_t i;

	begin();
	today = now - now % DAY;
	keystore_load(&ks, 2048, now);
	CHECK(keyset_make(&ks, 7, today + 3 * DAY, today + 40 * DAY, &e) == 0);
	reload();
	CHECK(ks.n == 1 && cover(30 * DAY) == 1 && ks.n == 2);
	for (i = 0, t = today; i < ks.n; i++) {
		CHECK(ks.set[i].valid_after == t);
		t = ks.set[i].valid_until;
	}
	CHECK(ks.set[0].number == 8);
	CHECK(keystore_next(&ks, 0, now) == today + 3 * DAY);
	end();
}

static void
test_delete(void)
{
	struct stat st;
	struct errmsg e;

	begin();
	keystore_load(&ks, 2048, now);
	CHECK(cover(10 * DAY) == 2);
	CHECK(keystore_delete(&ks, 1, &e) == 0);
	CHECK(ks.n == 1 && ks.set[0].number == 2);
	CHECK(fstatat(ks.dirfd, "key_0001", &st, 0) == -1);
	reload();
	CHECK(ks.n == 1 && ks.set[0].number == 2);
	end();
}

/* A crash leaves a set half made or half deleted: the next start removes it. */
static void
test_leftovers(void)
{
	struct stat st;
	int fd;

	begin();
	CHECK(mkdirat(ks.dirfd, ".new_key_0001", 0700) == 0);
	fd = openat(ks.dirfd, ".new_key_0001/mix.key", O_WRONLY | O_CREAT, 0600);
	CHECK(write(fd, "half a key", 10) == 10);
	close(fd);
	CHECK(mkdirat(ks.dirfd, ".dead_key_0009", 0700) == 0);
	keystore_load(&ks, 2048, now);
	CHECK(fstatat(ks.dirfd, ".new_key_0001", &st, 0) == -1);
	CHECK(fstatat(ks.dirfd, ".dead_key_0009", &st, 0) == -1);
	CHECK(cover(30 * DAY) == 1);
	end();
}

/* What is no good is left where it is, and its number is not given again. */
static void
test_bad_sets(void)
{
	struct stat st;
	struct errmsg e;
	int fd;

	begin();
	keystore_load(&ks, 2048, now);
	CHECK(mkdirat(ks.dirfd, "key_0003", 0700) == 0);
	fd = openat(ks.dirfd, "key_0003", O_RDONLY | O_DIRECTORY);
	CHECK(files_replace(fd, "mix.key", "no key", 6, &e) == 0);
	close(fd);
	CHECK(mkdirat(ks.dirfd, "key_0x1", 0700) == 0);
	reload();
	CHECK(ks.n == 0 && cover(30 * DAY) == 1 && ks.set[0].number == 4);
	CHECK(fstatat(ks.dirfd, "key_0003/mix.key", &st, 0) == 0);
	end();
}

/* A replay log of the reference's, which we cannot read: the key is kept and not used. */
static void
test_foreign_replay_log(void)
{
	struct errmsg e;

	begin();
	keystore_load(&ks, 2048, now);
	CHECK(cover(30 * DAY) == 1);
	CHECK(files_replace(ks.hashlogs, "hash_0001", "", 0, &e) == 0);
	CHECK(files_replace(ks.hashlogs, "hash_00011", "another's", 9, &e) == 0);
	reload();
	CHECK(ks.n == 1); /* empty: nothing was seen */
	CHECK(files_replace(ks.hashlogs, "hash_0001_jrnl", "seen", 4, &e) == 0);
	CHECK(files_replace(ks.hashlogs, "hash_0002", "seen", 4, &e) == 0);
	reload();
	CHECK(ks.n == 0);
	CHECK(cover(30 * DAY) == 1 && ks.set[0].number == 3);
	/* With a log of ours we have seen all since we took the key over. */
	CHECK(files_replace(ks.replay, "replay_0001", "", 0, &e) == 0);
	reload();
	CHECK(ks.n == 2);
	end();
}

/* --- descriptors --- */

static struct desc_params
params(const struct keyset *s)
{
	return (struct desc_params) { .nickname = "Alice", .contact = "a@example.org",
		.software = MIX_SOFTWARE, .identity = ks.identity, .packet_key = s->key,
		.published = now, .valid_after = s->valid_after, .valid_until = s->valid_until,
		.secure = 1, .hostname = "localhost", .ip = "127.0.0.1", .port = MMTP_PORT };
}

static int
sign(const struct desc_params *p, struct buf *out)
{
	struct buf text = { 0 };
	struct errmsg e = { "" };
	int rc;

	desc_format(&text, p);
	rc = signdesc(&ks, &ks.set[0], "Alice", (char *)text.p, text.len, now, out, &e);
	if (rc == -1 && e.s[0] == '\0')
		rc = 1; /* a refusal says why */
	buf_free(&text);
	return rc;
}

static void
test_sign(void)
{
	struct desc_params p;
	struct buf out = { 0 };
	struct errmsg e;
	struct desc *d;

	begin();
	keystore_load(&ks, 2048, now);
	CHECK(cover(30 * DAY) == 1);
	p = params(&ks.set[0]);
	CHECK(sign(&p, &out) == 0);
	d = desc_parse((char *)out.p, out.len, now, &e);
	CHECK(d != NULL && memcmp(d->keyid, ks.keyid, HASH_LEN) == 0);
	desc_free(d);
	CHECK(signdesc_store(&ks, &ks.set[0], &out, &e) == 0);
	CHECK(signdesc_current(&ks, base, 0, now, &e) == 0);
	reload();
	CHECK(ks.n == 1 && ks.set[0].has_desc && ks.set[0].valid_until == p.valid_until);
	buf_reset(&out);
	CHECK(files_read(ks.dirfd, "current-desc", &out, 1000, &e) == 0);
	CHECK(strstr(buf_cstr(&out), "/key_0001/ServerDesc\n") != NULL);
	buf_free(&out);
	end();
}

static void
test_refuses_to_sign(void)
{
	struct buf out = { 0 };
	struct rsakey *other;
	struct desc_params p;
	struct errmsg e;

	begin();
	keystore_load(&ks, 2048, now);
	CHECK(cover(30 * DAY) == 1);
	other = rsakey_generate(2048);
	p = params(&ks.set[0]), p.nickname = "Bob";
	CHECK(sign(&p, &out) == -1);
	p = params(&ks.set[0]), p.identity = other;
	CHECK(sign(&p, &out) == -1);
	p = params(&ks.set[0]), p.packet_key = other;
	CHECK(sign(&p, &out) == -1);
	p = params(&ks.set[0]), p.valid_until += DAY;
	CHECK(sign(&p, &out) == -1);
	p = params(&ks.set[0]), p.valid_after -= DAY;
	CHECK(sign(&p, &out) == -1);
	p = params(&ks.set[0]), p.published += 3600;
	CHECK(sign(&p, &out) == -1);
	CHECK(signdesc(&ks, &ks.set[0], "Alice", "sign this", 9, now, &out, &e) == -1);
	CHECK(signdesc(&ks, &ks.set[0], "Alice", "Digest:\nSignature:\n", 19, now, &out, &e) == -1);
	CHECK(out.len == 0);
	rsakey_free(other);
	buf_free(&out);
	end();
}

/* A descriptor that is not of these keys does not say when they are good. */
static void
test_foreign_descriptor(void)
{
	struct desc_params p;
	struct buf text = { 0 }, out = { 0 };
	struct rsakey *other;
	struct errmsg e;

	begin();
	keystore_load(&ks, 2048, now);
	CHECK(cover(30 * DAY) == 1);
	other = rsakey_generate(2048);
	p = params(&ks.set[0]), p.identity = other, p.valid_until += 9 * DAY;
	desc_format(&text, &p);
	CHECK(desc_sign(&out, (char *)text.p, text.len, other, &rng_system, &e) == 0);
	CHECK(signdesc_store(&ks, &ks.set[0], &out, &e) == 0);
	reload();
	CHECK(ks.n == 1 && !ks.set[0].has_desc);
	CHECK(ks.set[0].valid_until == p.valid_until - 9 * DAY);
	rsakey_free(other);
	buf_free(&text);
	buf_free(&out);
	end();
}

/* Under valgrind making a key takes ten seconds. */
int
main(void)
{
	static const struct t_test all[] = { T(test_first_start), T(test_sign),
		T(test_coverage), T(test_gap), T(test_delete), T(test_leftovers), T(test_bad_sets),
		T(test_foreign_replay_log), T(test_refuses_to_sign), T(test_foreign_descriptor) };

	return t_main(all, getenv("FEWER_CASES") != NULL ? 2 : sizeof(all) / sizeof(all[0]));
}
