#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "init.h"
#include "log.h"
#include "template.h"

/* What fatal() and the end of the process undo, in this process alone. */
static struct {
	pid_t self;
	char *base_dir; /* it was not there before; NULL: nothing to undo */
	char *tmp; /* the configuration on its way */
	char *pid_file;
} undo;

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	if (remove(path) == -1)
		log_warn("%s stays", path);
	return 0;
}

static void
undo_all(void)
{
	if (getpid() != undo.self)
		return;
	if (undo.tmp != NULL)
		unlink(undo.tmp);
	if (undo.pid_file != NULL)
		unlink(undo.pid_file);
	if (undo.base_dir != NULL)
		nftw(undo.base_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void
newnode_conf(struct buf *text, const struct new_node *n)
{
	const char *exit = n->smtp_server != NULL ? "yes" : NULL;
	const char *encrypt = n->encrypt_keys ? "yes" : NULL;
	const struct setting settings[] = {
		{ "Server", "BaseDir", n->base_dir },
		{ "Server", "Nickname", n->nickname },
		{ "Server", "Contact-Email", n->contact },
		{ "Server", "EncryptIdentityKey", encrypt },
		{ "Server", "EncryptPrivateKey", encrypt },
		{ "Incoming/MMTP", "Hostname", n->hostname },
		{ "Incoming/MMTP", "Port", n->port },
		{ "Incoming/MMTP", "LegacyTLS", "no" },
		{ "Outgoing/MMTP", "LegacyTLS", "no" },
		{ "Delivery/SMTP", "Enabled", exit },
		{ "Delivery/SMTP", "SMTPServer", n->smtp_server },
		{ "Delivery/SMTP", "ReturnAddress", exit != NULL ? n->contact : NULL },
		{ "Delivery/Fragmented", "Enabled", exit },
	};

	template_fill(text, settings, sizeof(settings) / sizeof(settings[0]));
}

/* The file under its name, whole and durable, and never over one that somebody wrote. */
static void
put_conf(const char *path, const struct buf *text, int replace)
{
	char *dir = strdup(path);
	int fd, dirfd;

	if (dir == NULL || asprintf(&undo.tmp, "%s.XXXXXX", path) == -1)
		fatal("out of memory");
	if ((fd = mkostemp(undo.tmp, O_CLOEXEC)) == -1)
		fatal_permanent("%s: %s", path, strerror(errno));
	if (write(fd, text->p, text->len) != (ssize_t)text->len || fchmod(fd, 0644) == -1 ||
	    fsync(fd) == -1 ||
	    (replace ? rename(undo.tmp, path) : link(undo.tmp, path)) == -1)
		fatal_permanent("%s: %s", path, strerror(errno));
	close(fd);
	unlink(undo.tmp);
	free(undo.tmp);
	undo.tmp = NULL;
	dirfd = open(dirname(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd == -1 || fsync(dirfd) == -1)
		log_warn("%s", dir);
	if (dirfd != -1)
		close(dirfd);
	free(dir);
}

/* Those of a node that moved, or of an init that was cut short. */
static void
say_kept_keys(const struct server_conf *c)
{
	char *path;

	if (asprintf(&path, "%s/identity.key", c->key_dir) == -1)
		fatal("out of memory");
	if (access(path, F_OK) == 0)
		printf("%s holds keys already: they are kept.\n", c->key_dir);
	free(path);
}

/* Can the file be made at all? Better said before keys are made than after. */
static void
check_place(const char *path)
{
	char *dir = strdup(path);

	if (dir == NULL)
		fatal("out of memory");
	if (access(dirname(dir), W_OK) == -1)
		fatal_permanent("%s: %s", path, strerror(errno));
	free(dir);
}

static void
say_next(const struct new_node *n, const struct server_conf *c)
{
	printf("\n%s is set up: its configuration is %s, all else lies in %s.\n"
	       "What to do next:\n"
	       "1. Read %s. The node %s; LogLevel, Comments and the\n"
	       "   limits are yours to choose.\n"
	       "2. mixminiond doctor -f %s\n"
	       "   says what this machine still lacks.\n"
	       "3. Let TCP port %u in from everywhere, for %s.\n"
	       "4. mixminiond start --daemon -f %s\n"
	       "   (under systemd, with /etc/mixminiond.conf: systemctl enable --now "
	       "mixminion.target)\n"
	       "5. Keep a copy of %s/identity.key in a safe place: without it the node is\n"
	       "   another node.\n"
	       "6. Give the descriptor that %s/current-desc names, once it is there, to those who\n"
	       "   shall use the node.\n",
	    c->nickname, n->file, c->base_dir, n->file,
	    c->smtp.enabled ? "sends mail to any address" : "passes packets on and delivers none",
	    n->file, c->port, c->hostname, n->file, c->key_dir, c->base_dir);
}

static void
block_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(how, &set, NULL);
}

static void
remember(const struct server_conf *c)
{
	struct stat st;

	undo.self = getpid();
	if (lstat(c->base_dir, &st) == -1 && errno == ENOENT)
		undo.base_dir = c->base_dir;
	if (atexit(undo_all) != 0)
		fatal("atexit");
}

void
newnode_make(const struct new_node *n)
{
	static struct sockets none;
	struct buf text = { 0 };
	struct owners owners;
	static struct spawn spawn; /* what it finds stays to the end */
	struct spawn how = { .opt = &n->options, .owners = &owners, .sockets = &none, .text = &text,
		.job = KEYD_MAKES };
	struct errmsg e = { "" };
	int status, lock;

	newnode_conf(&text, n);
	spawn = how;
	spawn.conf = conf_parse(n->file, (char *)text.p, text.len, NULL, &e);
	if (spawn.conf == NULL)
		fatal_permanent("%s", e.s);
	crypto_init();
	owners_init(&owners, n->options.uid_base);
	spawn_init(&spawn);
	check_place(n->file);
	passphrase_get(spawn.conf, n->options.passphrase_fd);
	passphrase_settle();
	block_signals(SIG_BLOCK);
	remember(spawn.conf);
	lock = prepare_tree(spawn.conf, &owners);
	undo.pid_file = spawn.conf->pid_file;
	say_kept_keys(spawn.conf);
	fflush(stdout);
	if ((status = spawn_keys(&spawn)) != 0)
		exit(status); /* keyd has said why */
	put_conf(n->file, &text, n->replace);
	undo.base_dir = NULL;
	say_next(n, spawn.conf);
	undo_all();
	undo.self = 0;
	close(lock);
	block_signals(SIG_UNBLOCK);
	conf_free(spawn.conf);
	buf_free(&text);
}
