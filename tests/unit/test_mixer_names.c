/*
 * Names in mix/, and the secret that they come from.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "mixer/names.h"
#include "t.h"

static char dir[4096];
static int dirfd_;

static void
make_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/names.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL || (dirfd_ = open(dir, O_RDONLY | O_DIRECTORY)) == -1) {
		perror(dir);
		exit(1);
	}
}

static void
remove_dir(void)
{
	unlinkat(dirfd_, "secret", 0);
	unlinkat(dirfd_, "secret.new", 0);
	close(dirfd_);
	rmdir(dir);
}

static void
test_secret_is_made_once(void)
{
	uint8_t a[NAMES_SECRET_LEN], b[NAMES_SECRET_LEN];
	struct errmsg e;
	struct stat st;

	make_dir();
	CHECK(names_secret(a, dirfd_, &rng_system, &e) == 0);
	CHECK(fstatat(dirfd_, "secret", &st, 0) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(names_secret(b, dirfd_, &rng_system, &e) == 0);
	CHECK(memcmp(a, b, sizeof(a)) == 0);
	CHECK(fstatat(dirfd_, "secret.new", &st, 0) == -1);
	unlinkat(dirfd_, "secret", 0);
	CHECK(names_secret(b, dirfd_, &rng_system, &e) == 0);
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	remove_dir();
}

static void
test_half_written_secret(void)
{
	uint8_t a[NAMES_SECRET_LEN];
	struct errmsg e;
	int fd;

	make_dir();
	fd = openat(dirfd_, "secret.new", O_WRONLY | O_CREAT, 0600);
	CHECK(write(fd, "half", 4) == 4);
	close(fd);
	CHECK(names_secret(a, dirfd_, &rng_system, &e) == 0);
	remove_dir();
}

static void
test_bad_secrets_are_refused(void)
{
	uint8_t a[NAMES_SECRET_LEN] = { 0 }, longer[NAMES_SECRET_LEN + 1] = { 0 };
	struct errmsg e;
	int fd;

	make_dir();
	for (size_t len = 0; len <= sizeof(longer); len++) {
		fd = openat(dirfd_, "secret", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		CHECK(write(fd, longer, len) == (ssize_t)len);
		close(fd);
		e.s[0] = '\0';
		CHECK((names_secret(a, dirfd_, &rng_system, &e) == 0) == (len == sizeof(a)));
		CHECK(len == NAMES_SECRET_LEN || strstr(e.s, "32 octets") != NULL);
	}
	CHECK(fchmodat(dirfd_, "secret", 0640, 0) == 0);
	CHECK(names_secret(a, dirfd_, &rng_system, &e) == -1);
	unlinkat(dirfd_, "secret", 0);
	CHECK(symlinkat("/dev/zero", dirfd_, "secret") == 0);
	CHECK(names_secret(a, dirfd_, &rng_system, &e) == -1);
	unlinkat(dirfd_, "secret", 0);
	CHECK(mkfifoat(dirfd_, "secret", 0600) == 0);
	CHECK(names_secret(a, dirfd_, &rng_system, &e) == -1);
	remove_dir();
}

/* Fixed for good: another derivation would write packets twice around an update. */
static void
test_known_name(void)
{
	uint8_t secret[NAMES_SECRET_LEN], replay[HASH_LEN];
	char name[POOL_NAME_LEN];

	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(replay); i++)
		replay[i] = (uint8_t)(0xf0 - i);
	names_make(name, secret, replay);
	CHECK_STR(name, "msg_1AIbpAUKOvbnt3Z-");
	CHECK(pool_name_ok(name));
}

static void
test_names_depend_on_all(void)
{
	uint8_t secret[NAMES_SECRET_LEN] = { 1 }, replay[HASH_LEN] = { 2 };
	char name[POOL_NAME_LEN], other[POOL_NAME_LEN];

	names_make(name, secret, replay);
	names_make(other, secret, replay);
	CHECK_STR(other, name);
	for (size_t i = 0; i < HASH_LEN; i++) {
		replay[i] ^= 1;
		names_make(other, secret, replay);
		CHECK(strcmp(name, other) != 0);
		CHECK(pool_name_ok(other));
		replay[i] ^= 1;
	}
	secret[31] ^= 1;
	names_make(other, secret, replay);
	CHECK(strcmp(name, other) != 0);
}

TESTS(T(test_secret_is_made_once), T(test_half_written_secret), T(test_bad_secrets_are_refused),
    T(test_known_name), T(test_names_depend_on_all))
