#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "landlock.h"
#include "log.h"

/* The numbers are the same on every architecture. */
#define NR_CREATE_RULESET 444
#define NR_ADD_RULE	  445
#define NR_RESTRICT_SELF  446
#define CREATE_VERSION	  1
#define RULE_PATH_BENEATH 1

enum fs_right {
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_MAKE_SYM = 1 << 12,
	FS_ABI1 = (1 << 13) - 1, /* with execute, devices, sockets, FIFOs: never given */
	FS_REFER = 1 << 13, /* ABI 2 */
	FS_TRUNCATE = 1 << 14, /* ABI 3 */
	FS_IOCTL_DEV = 1 << 15 /* ABI 5 */
};
#define FS_OF_FILES (FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE)
#define NET_ALL	    3 /* bind and connect TCP, ABI 4 */
#define SCOPE_ALL   3 /* abstract sockets and signals, ABI 6 */

struct ruleset_attr {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

static uint64_t
handled_fs(int abi)
{
	uint64_t fs = FS_ABI1;

	if (abi >= 2)
		fs |= FS_REFER;
	if (abi >= 3)
		fs |= FS_TRUNCATE;
	if (abi >= 5)
		fs |= FS_IOCTL_DEV;
	return fs;
}

static uint64_t
rights_to_fs(unsigned rights)
{
	uint64_t fs = 0;

	if (rights & SB_READ)
		fs |= FS_READ_FILE | FS_READ_DIR;
	if (rights & SB_WRITE)
		fs |= FS_WRITE_FILE | FS_MAKE_REG | FS_REMOVE_FILE | FS_TRUNCATE;
	if (rights & SB_REFER)
		fs |= FS_REFER;
	if (rights & SB_TREE)
		fs |= FS_MAKE_DIR | FS_REMOVE_DIR | FS_MAKE_SYM;
	return fs;
}

static void
allow_path(int ruleset, const struct sandbox_path *p, uint64_t handled)
{
	struct path_beneath rule = { .allowed = rights_to_fs(p->rights) & handled };
	struct stat st;

	rule.fd = open(p->path, O_PATH | O_CLOEXEC);
	if (rule.fd == -1 || fstat(rule.fd, &st) == -1)
		fatal("%s", p->path);
	if (!S_ISDIR(st.st_mode))
		rule.allowed &= FS_OF_FILES;
	if (syscall(NR_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) == -1)
		fatal("Landlock: %s", p->path);
	close(rule.fd);
}

/* ABI 1 forbids every rename between directories: worse than nothing for who has to do that. */
static int
needs_abi2(const struct sandbox_path *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (paths[i].rights & SB_REFER)
			return 1;
	return 0;
}

int
landlock_abi(void)
{
	long abi = syscall(NR_CREATE_RULESET, NULL, 0, CREATE_VERSION);

	return abi < 1 ? 0 : (int)abi;
}

int
landlock_confine(const struct sandbox_path *paths, size_t n, int network)
{
	struct ruleset_attr attr = { 0 };
	size_t size = sizeof(attr.fs);
	int abi = landlock_abi(), ruleset;

	if (abi < 1 || (abi < 2 && needs_abi2(paths, n)))
		return 0;
	attr.fs = handled_fs(abi);
	if (abi >= 4) {
		attr.net = network ? 0 : NET_ALL;
		size += sizeof(attr.net);
	}
	if (abi >= 6) {
		attr.scoped = SCOPE_ALL;
		size += sizeof(attr.scoped);
	}
	ruleset = (int)syscall(NR_CREATE_RULESET, &attr, size, 0);
	if (ruleset == -1)
		fatal("Landlock");
	for (size_t i = 0; i < n; i++)
		allow_path(ruleset, &paths[i], attr.fs);
	if (syscall(NR_RESTRICT_SELF, ruleset, 0) == -1)
		fatal("Landlock");
	close(ruleset);
	return abi;
}
