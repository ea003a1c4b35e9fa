/* A home with keys, for the tests of keyd's key sets. */
#include <sys/stat.h>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "../../keyd/keyset.h"
#include "t.h"

static char base[256];
static struct keystore ks;
static int64_t now;

static int
subdir(const char *name)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	mkdir(path, 0700);
	if ((fd = open(path, O_RDONLY | O_DIRECTORY)) == -1)
		perror(path);
	return fd;
}

/* Making keys is slow: one identity serves all tests but that of the first start. */
static void
put_identity(void)
{
	static struct buf pem;
	struct rsakey *k;
	struct errmsg e;

	if (pem.len == 0) {
		k = rsakey_generate(2048);
		rsakey_private_pem(k, &pem);
		rsakey_free(k);
	}
	CHECK(files_replace(ks.dirfd, "identity.key", pem.p, pem.len, &e) == 0);
}

static void
begin_empty(void)
{
	const char *tmp = getenv("TMPDIR");

	crypto_init();
	log_init("test", LOGL_FATAL);
	snprintf(base, sizeof(base), "%s/keysetXXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(base) == NULL)
		perror(base);
	ks = (struct keystore) { .dirfd = subdir("keys"), .replay = subdir("replay"),
		.hashlogs = subdir("hashlogs") };
	now = (int64_t)time(NULL);
}

static void
begin(void)
{
	begin_empty();
	put_identity();
}

static int
remove_set(const char *name, void *arg)
{
	const int *fd = arg;

	(void)files_wipe_dir(*fd, name);
	return 0;
}

static void
end(void)
{
	int all = open(base, O_RDONLY | O_DIRECTORY);

	keystore_free(&ks);
	ks.passphrase = NULL;
	ks.encrypt_identity = ks.encrypt_packet = 0;
	files_each(ks.dirfd, ".", remove_set, &ks.dirfd);
	CHECK(files_wipe_dir(all, "keys") == 0 && files_wipe_dir(all, "replay") == 0 &&
	    files_wipe_dir(all, "hashlogs") == 0 && rmdir(base) == 0);
	close(all);
	close(ks.dirfd);
	close(ks.replay);
	close(ks.hashlogs);
}

static void
reload(void)
{
	keystore_free(&ks);
	keystore_load(&ks, 2048, now);
}

static int
cover(int64_t lifetime)
{
	struct errmsg e;

	return keystore_cover(&ks, lifetime, now, &e);
}
