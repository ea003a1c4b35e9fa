#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "desc.h"
#include "files.h"
#include "keypem.h"
#include "keyset.h"

#define PACKET_BITS  2048
#define NUMBER_MAX   99999999L

void
keyset_name(char name[KEYSET_NAME_LEN], uint32_t number)
{
	snprintf(name, KEYSET_NAME_LEN, "key_%04u", (unsigned)number);
}

/* The number in "key_NNNN"; 0 if it is no such name. */
static uint32_t
number_of(const char *name)
{
	char again[KEYSET_NAME_LEN];
	long n;

	if (strncmp(name, "key_", 4) != 0 || conv_int(&n, name + 4, 1, NUMBER_MAX, NULL) == -1)
		return 0;
	keyset_name(again, (uint32_t)n);
	return strcmp(again, name) == 0 ? (uint32_t)n : 0;
}

static int
exists(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static struct rsakey *
read_key(const struct keystore *ks, int dirfd, const char *name, struct errmsg *e)
{
	enum keypem how;

	return keypem_read(dirfd, name, ks->passphrase, &how, e);
}

/* --- dates --- */

static int
same_key(const struct rsakey *a, const struct rsakey *b)
{
	uint8_t ida[HASH_LEN], idb[HASH_LEN];

	rsakey_keyid(a, ida);
	rsakey_keyid(b, idb);
	return memcmp(ida, idb, HASH_LEN) == 0;
}

static int
dates_from_desc(
    const struct keystore *ks, struct keyset *s, int fd, int64_t now, struct errmsg *e)
{
	struct buf text = { 0 };
	struct desc *d = NULL;
	int rc = -1;

	if (files_read(fd, "ServerDesc", &text, DESC_MAX_LEN, e) == 0 &&
	    (d = desc_parse((char *)text.p, text.len, now, e)) != NULL) {
		if (memcmp(d->keyid, ks->keyid, HASH_LEN) != 0 || !same_key(d->packet_key, s->key))
			err_set(e, "ServerDesc is of other keys");
		else
			rc = 0;
	}
	if (rc == 0) {
		s->valid_after = d->valid_after;
		s->valid_until = d->valid_until;
		s->has_desc = 1;
	}
	desc_free(d);
	buf_free(&text);
	return rc;
}

static int
parse_dates(struct keyset *s, const struct info *in, struct errmsg *e)
{
	const struct info_section *sec = info_section(in, "Key");
	const struct info_entry *from, *until;

	if (sec == NULL || (from = info_entry(sec, "Valid-After")) == NULL ||
	    (until = info_entry(sec, "Valid-Until")) == NULL)
		return err_set(e, "dates: not as keyd writes it");
	if (conv_date(&s->valid_after, from->value, e) == -1 ||
	    conv_date(&s->valid_until, until->value, e) == -1)
		return -1;
	return 0;
}

static int
dates_from_file(struct keyset *s, int fd, struct errmsg *e)
{
	struct buf text = { 0 };
	struct info in = { 0 };
	int rc = -1;

	if (files_read(fd, "dates", &text, 1024, e) == 0 &&
	    info_parse(&in, (char *)text.p, text.len, INFO_CONFIG, e) == 0) {
		rc = parse_dates(s, &in, e);
		info_free(&in);
	}
	buf_free(&text);
	return rc;
}

static int
read_dates(const struct keystore *ks, struct keyset *s, int fd, int64_t now, struct errmsg *e)
{
	struct errmsg why;

	if (dates_from_desc(ks, s, fd, now, &why) == 0)
		return 0;
	if (exists(fd, "ServerDesc"))
		log_warnx("key_%04u: %s; a new descriptor is needed", (unsigned)s->number, why.s);
	return dates_from_file(s, fd, e);
}

/* --- loading --- */

static int
read_set(const struct keystore *ks, struct keyset *s, int fd, int64_t now, struct errmsg *e)
{
	if ((s->key = read_key(ks, fd, "mix.key", e)) == NULL)
		return -1;
	if (rsakey_bits(s->key) != PACKET_BITS)
		return err_set(e, "mix.key has %u bits, not %d", rsakey_bits(s->key), PACKET_BITS);
	if (read_dates(ks, s, fd, now, e) == -1)
		return -1;
	if (s->valid_until <= s->valid_after)
		return err_set(e, "it ends before it begins");
	if (foreign_log(ks, s->number))
		return err_set(e,
		    "work/hashlogs holds its replay log in the reference's format, which keyd "
		    "cannot read: packets seen then would pass again. The key is kept. Let it "
		    "expire, or remove hash_%04u* if that node never took a packet under it",
		    (unsigned)s->number);
	return 0;
}

static int
by_date(const void *a, const void *b)
{
	const struct keyset *x = a, *y = b;

	if (x->valid_after != y->valid_after)
		return x->valid_after < y->valid_after ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

static void
keep(struct keystore *ks, const struct keyset *s)
{
	struct keyset *more = reallocarray(ks->set, ks->n + 1, sizeof(*more));

	if (more == NULL)
		fatal("key sets");
	ks->set = more;
	ks->set[ks->n++] = *s;
	qsort(ks->set, ks->n, sizeof(*ks->set), by_date);
}

static void
load_set(struct keystore *ks, uint32_t number, int64_t now)
{
	struct keyset s = { .number = number };
	char name[KEYSET_NAME_LEN];
	struct errmsg e;
	int fd;

	keyset_name(name, number);
	fd = openat(ks->dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1) {
		log_warn("KeyDir/%s", name);
		return;
	}
	if (read_set(ks, &s, fd, now, &e) == 0)
		keep(ks, &s);
	else {
		log_warnx("KeyDir/%s is not used: %s", name, e.s);
		rsakey_free(s.key);
	}
	close(fd);
}

struct names {
	uint32_t *number;
	size_t n;
	int dirfd;
};

/* Numbers of key sets; what was half made or half deleted when keyd stopped goes. */
static int
look(const char *name, void *arg)
{
	struct names *nm = arg;
	uint32_t number = number_of(name), *more;

	if (strncmp(name, ".new_key_", 9) == 0 || strncmp(name, ".dead_key_", 10) == 0) {
		if (files_wipe_dir(nm->dirfd, name) == -1)
			log_warn("KeyDir/%s cannot be removed", name);
	}
	if (number == 0)
		return 0;
	if ((more = reallocarray(nm->number, nm->n + 1, sizeof(*more))) == NULL)
		fatal("key sets");
	nm->number = more;
	nm->number[nm->n++] = number;
	return 0;
}

static int
put_number(const char *name, void *out)
{
	uint32_t number = number_of(name);

	if (number != 0)
		buf_put(out, &number, sizeof(number));
	return 0;
}

int
keystore_numbers(const struct keystore *ks, struct buf *out)
{
	return files_each(ks->dirfd, ".", put_number, out);
}

static void
load_identity(struct keystore *ks, unsigned bits, int first)
{
	struct errmsg e;

	if (!exists(ks->dirfd, "identity.key")) {
		if (!first)
			fatal_permanent("KeyDir has packet keys and no identity.key: put it back "
					"from a copy, or move the packet keys (key_NNNN) away");
		ks->identity = identity_make(ks, bits);
	} else if ((ks->identity = read_key(ks, ks->dirfd, "identity.key", &e)) == NULL)
		fatal_permanent("KeyDir: %s", e.s);
	if (rsakey_bits(ks->identity) < 2048 || rsakey_bits(ks->identity) > 4096)
		fatal_permanent("KeyDir: identity.key has %u bits; 2048 to 4096 are allowed",
		    rsakey_bits(ks->identity));
	rsakey_keyid(ks->identity, ks->keyid);
}

/* --- encryption --- */

#define NO_PASSPHRASE                                                                              \
	"there is no passphrase: \"mixminiond start\" asks for it; for systemd it is the "         \
	"credential mixminiond-passphrase"

static void
need_passphrase(const struct keystore *ks)
{
	if ((ks->encrypt_identity || ks->encrypt_packet) && ks->passphrase == NULL)
		fatal_permanent("the keys shall be encrypted, and " NO_PASSPHRASE);
}

static int
open_set(const struct keystore *ks, uint32_t number)
{
	char name[KEYSET_NAME_LEN];

	keyset_name(name, number);
	return openat(ks->dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Does the passphrase open this file? */
static enum keypem
try_key(const struct keystore *ks, int dirfd, const char *name)
{
	enum keypem how;

	rsakey_free(keypem_read(dirfd, name, ks->passphrase, &how, NULL));
	return how;
}

/*
 * Before a file is changed or a key made: with a wrong passphrase nothing is touched. One file that
 * it opens proves it, be the others damaged; the identity has to open.
 */
static void
prove_passphrase(const struct keystore *ks, const struct names *nm)
{
	enum keypem how = try_key(ks, ks->dirfd, "identity.key");
	int refused = how == KEYPEM_LOCKED, must = refused, fd;

	for (size_t i = 0; i < nm->n && !must && how != KEYPEM_OPENED; i++) {
		if ((fd = open_set(ks, nm->number[i])) == -1)
			continue;
		how = try_key(ks, fd, "mix.key");
		refused |= how == KEYPEM_LOCKED;
		close(fd);
	}
	if (how == KEYPEM_OPENED || !refused)
		return;
	if (ks->passphrase == NULL)
		fatal_permanent("keys in KeyDir are encrypted, and " NO_PASSPHRASE);
	fatal_permanent("wrong passphrase: the keys in KeyDir do not open with it");
}

static int
convert_set(const struct keystore *ks, uint32_t number, struct errmsg *e)
{
	int fd = open_set(ks, number), rc;

	if (fd == -1)
		return 0; /* said when it was loaded */
	rc = keypem_convert(fd, "mix.key", ks->passphrase, ks->encrypt_packet, e);
	close(fd);
	return rc;
}

/* Also those that are not used: they are private all the same. */
static void
convert_all(const struct keystore *ks, const struct names *nm)
{
	struct errmsg e;
	int changed, rc;

	changed = rc =
	    keypem_convert(ks->dirfd, "identity.key", ks->passphrase, ks->encrypt_identity, &e);
	for (size_t i = 0; i < nm->n && rc != -1; i++) {
		rc = convert_set(ks, nm->number[i], &e);
		changed += rc;
	}
	if (rc == -1)
		fatalx("a key cannot be encrypted or decrypted: KeyDir: %s", e.s);
	if (changed > 0)
		log_warnx("KeyDir: %d key file%s changed, as EncryptIdentityKey and "
			  "EncryptPrivateKey say",
		    changed, changed == 1 ? "" : "s");
}

void
keystore_load(struct keystore *ks, unsigned identity_bits, int64_t now)
{
	struct names nm = { .dirfd = ks->dirfd };

	need_passphrase(ks);
	if (files_each(ks->dirfd, ".", look, &nm) == -1)
		fatal("KeyDir cannot be listed");
	prove_passphrase(ks, &nm);
	load_identity(ks, identity_bits, nm.n == 0);
	for (size_t i = 0; i < nm.n; i++) {
		if (nm.number[i] > ks->highest)
			ks->highest = nm.number[i];
		load_set(ks, nm.number[i], now);
	}
	convert_all(ks, &nm);
	free(nm.number);
}

void
keystore_free(struct keystore *ks)
{
	for (size_t i = 0; i < ks->n; i++)
		rsakey_free(ks->set[i].key);
	free(ks->set);
	rsakey_free(ks->identity);
	ks->set = NULL;
	ks->identity = NULL;
	ks->n = 0;
}

struct keyset *
keystore_find(struct keystore *ks, uint32_t number)
{
	for (size_t i = 0; i < ks->n; i++)
		if (ks->set[i].number == number)
			return &ks->set[i];
	return NULL;
}

/* --- time --- */

int
keyset_live(const struct keyset *s, int64_t overlap, int64_t now)
{
	return s->valid_after <= now && now <= s->valid_until + overlap;
}

int
keyset_dead(const struct keyset *s, int64_t overlap, int64_t now)
{
	return now > s->valid_until + overlap;
}

int64_t
keystore_next(const struct keystore *ks, int64_t overlap, int64_t now)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < ks->n; i++) {
		int64_t from = ks->set[i].valid_after;
		int64_t until = ks->set[i].valid_until + overlap + 1;

		if (from > now && from < next)
			next = from;
		if (until > now && until < next)
			next = until;
	}
	return next;
}

/* The first moment from t on at which no key is valid (overlap does not count). */
static int64_t
first_gap(const struct keystore *ks, int64_t t)
{
	for (size_t i = 0; i < ks->n; i++) /* they are in order of valid_after */
		if (ks->set[i].valid_after <= t && ks->set[i].valid_until > t)
			t = ks->set[i].valid_until;
	return t;
}

static int64_t
gap_end(const struct keystore *ks, int64_t t, int64_t lifetime)
{
	int64_t end = t + lifetime - lifetime % DAY;

	for (size_t i = 0; i < ks->n; i++)
		if (ks->set[i].valid_after > t && ks->set[i].valid_after < end)
			end = ks->set[i].valid_after;
	return end;
}

int
keystore_cover(struct keystore *ks, int64_t lifetime, int64_t now, struct errmsg *e)
{
	int64_t t = now - now % DAY;
	int made = 0;

	while ((t = first_gap(ks, t)) < now + KEYS_AHEAD) {
		int64_t end = gap_end(ks, t, lifetime < DAY ? DAY : lifetime);
		uint32_t number = ks->highest + 1;

		while (foreign_log(ks, number))
			number++;
		if (keyset_make(ks, number, t, end, e) == -1)
			return -1;
		ks->highest = number;
		load_set(ks, number, now);
		if (keystore_find(ks, number) == NULL)
			return err_set(e, "the new key key_%04u cannot be read", (unsigned)number);
		made++;
	}
	return made;
}

int
keyset_wipe(const struct keystore *ks, uint32_t number, struct errmsg *e)
{
	char name[KEYSET_NAME_LEN], dead[KEYSET_NAME_LEN + 8];

	keyset_name(name, number);
	snprintf(dead, sizeof(dead), ".dead_%s", name);
	if (renameat(ks->dirfd, name, ks->dirfd, dead) == -1 || fsync(ks->dirfd) == -1 ||
	    files_wipe_dir(ks->dirfd, dead) == -1)
		return err_set(e, "%s: %s", name, strerror(errno));
	return 0;
}

int
keystore_delete(struct keystore *ks, uint32_t number, struct errmsg *e)
{
	struct keyset *s = keystore_find(ks, number);

	rsakey_free(s->key);
	memmove(s, s + 1, (size_t)(ks->set + ks->n - (s + 1)) * sizeof(*s));
	ks->n--;
	return keyset_wipe(ks, number, e);
}
