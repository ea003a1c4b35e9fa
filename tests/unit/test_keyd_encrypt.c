#include <sys/wait.h>

#include "keyd_home.h"

static char sesame[] = "open sesame", other_word[] = "open barley";

static int
is_encrypted(const char *name)
{
	struct buf pem = { 0 };
	struct errmsg e;
	int yes = -1;

	if (files_read(ks.dirfd, name, &pem, 10000, &e) == 0)
		yes = rsakey_pem_encrypted((char *)pem.p, pem.len);
	buf_free(&pem);
	return yes;
}

static int
is_wiped(int fd)
{
	uint8_t b[8192];
	ssize_t n = pread(fd, b, sizeof(b), 0);
	struct stat st;

	for (ssize_t i = 0; i < n; i++)
		if (b[i] != 0)
			return 0;
	return n > 0 && fstat(fd, &st) == 0 && st.st_nlink == 0;
}

static void
want(char *passphrase, int identity, int packet)
{
	ks.passphrase = passphrase;
	ks.encrypt_identity = identity;
	ks.encrypt_packet = packet;
}

/* There and back; the old files are overwritten, new keys are as they shall be. */
static void
test_encrypt(void)
{
	uint8_t keyid[HASH_LEN];
	int fd, idfd;

	begin();
	keystore_load(&ks, 2048, now);
	CHECK(cover(30 * DAY) == 1);
	memcpy(keyid, ks.keyid, HASH_LEN);
	CHECK((fd = openat(ks.dirfd, "key_0001/mix.key", O_RDONLY)) != -1);
	CHECK((idfd = openat(ks.dirfd, "identity.key", O_RDONLY)) != -1);
	want(sesame, 0, 1);
	reload();
	CHECK(!is_encrypted("identity.key") && is_encrypted("key_0001/mix.key") == 1);
	CHECK(ks.n == 1 && is_wiped(fd) && !is_wiped(idfd));
	now += 25 * DAY;
	CHECK(cover(30 * DAY) == 1 && is_encrypted("key_0002/mix.key") == 1);
	want(sesame, 1, 0);
	reload();
	CHECK(is_encrypted("identity.key") == 1 && is_wiped(idfd));
	CHECK(!is_encrypted("key_0001/mix.key") && !is_encrypted("key_0002/mix.key"));
	CHECK(memcmp(keyid, ks.keyid, HASH_LEN) == 0 && ks.n == 2);
	close(fd);
	close(idfd);
	end();
}

/* keyd stopped between the exchange and the wiping, or before the exchange. */
static void
test_encryption_cut_short(void)
{
	struct buf plain = { 0 };
	struct stat st;
	struct errmsg e;

	begin();
	keystore_load(&ks, 2048, now);
	CHECK(cover(30 * DAY) == 1);
	CHECK(files_read(ks.dirfd, "identity.key", &plain, 10000, &e) == 0);
	want(sesame, 1, 1);
	reload();
	CHECK(files_replace(ks.dirfd, ".identity.key.new", plain.p, plain.len, &e) == 0);
	CHECK(files_replace(ks.dirfd, "identity.key", plain.p, plain.len, &e) == 0);
	CHECK(files_replace(ks.dirfd, ".identity.key.new", "half", 4, &e) == 0);
	reload();
	CHECK(is_encrypted("identity.key") == 1);
	CHECK(fstatat(ks.dirfd, ".identity.key.new", &st, 0) == -1);
	CHECK(files_replace(ks.dirfd, ".identity.key.new", plain.p, plain.len, &e) == 0);
	reload();
	CHECK(is_encrypted("identity.key") == 1);
	CHECK(fstatat(ks.dirfd, ".identity.key.new", &st, 0) == -1);
	buf_wipe(&plain);
	end();
}

/* The exit status of loading with this. */
static int
load_status(char *passphrase, int identity, int packet)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		log_setlevel(LOGL_NEVER);
		want(passphrase, identity, packet);
		reload();
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_wrong_passphrase(void)
{
	static const char head[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n";
	struct errmsg e;

	begin();
	keystore_load(&ks, 2048, now);
	CHECK(cover(30 * DAY) == 1);
	CHECK(load_status(NULL, 1, 0) == 100 && load_status(NULL, 0, 1) == 100);
	CHECK(!is_encrypted("identity.key"));
	/* The packet key alone: a wrong word must not end in new keys. */
	CHECK(load_status(sesame, 0, 1) == 0 && is_encrypted("key_0001/mix.key") == 1);
	CHECK(load_status(other_word, 1, 1) == 100 && load_status(NULL, 0, 0) == 100);
	CHECK(!is_encrypted("identity.key"));
	/* The identity opens: a damaged packet key is not the passphrase's fault. */
	CHECK(load_status(sesame, 1, 1) == 0 && is_encrypted("identity.key") == 1);
	CHECK(files_replace(ks.dirfd, "damaged", head, strlen(head), &e) == 0);
	CHECK(renameat(ks.dirfd, "damaged", ks.dirfd, "key_0001/mix.key") == 0);
	CHECK(load_status(sesame, 1, 1) == 0);
	CHECK(load_status(other_word, 1, 1) == 100);
	end();
}

/* Under valgrind scrypt takes a minute. */
int
main(void)
{
	static const struct t_test all[] = { T(test_encrypt), T(test_encryption_cut_short),
		T(test_wrong_passphrase) };

	if (getenv("FEWER_CASES") == NULL)
		return t_main(all, sizeof(all) / sizeof(all[0]));
	printf("not run - encryption: too slow under valgrind\n");
	return 0;
}
