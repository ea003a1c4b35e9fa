/*
 * dird init and fingerprint: the configuration, the folders, the identity key.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "dird.h"
#include "files.h"
#include "keypass.h"
#include "rsakey.h"

#define DEFAULT_FILE "/etc/dird.conf"

struct init_options {
	const char *file, *base, *url;
	unsigned port;
	uid_t uid_base;
	int encrypt, passphrase_fd;
};

static const char init_usage[] =
    "usage: dird init [-f file] [-d directory] [-p port] [-u URL] [--encrypt]\n"
    "           [--passphrase-fd=N] [--uid-base=N]\n"
    "Writes a configuration if there is none (then -u is needed), makes the folders and the\n"
    "identity key, and says what to give to others.\n";

static void
parse_options(struct init_options *o, int argc, char **argv)
{
	static const struct option longs[] = { { "encrypt", no_argument, NULL, 'e' },
		{ "passphrase-fd", required_argument, NULL, 'P' },
		{ "uid-base", required_argument, NULL, 'U' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	int ch;

	while ((ch = getopt_long(argc, argv, "f:d:p:u:h", longs, NULL)) != -1) {
		switch (ch) {
		case 'f': o->file = optarg; break;
		case 'd': o->base = optarg; break;
		case 'u': o->url = optarg; break;
		case 'p': o->port = (unsigned)command_number("-p", optarg, 1, 65535); break;
		case 'e': o->encrypt = 1; break;
		case 'P': o->passphrase_fd = command_fd(optarg); break;
		case 'U': o->uid_base = command_uid(optarg); break;
		case 'h': printf("%s", init_usage); exit(0);
		default: fprintf(stderr, "%s", init_usage); exit(EXIT_USAGE);
		}
	}
	command_no_more(argc, argv, init_usage);
}

static int
write_beside(const char *path, const struct buf *text, struct errmsg *e)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
	int fd, rc;

	if (dir == NULL)
		fatal("out of memory");
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		rc = err_set(e, "%s: %s", dir, strerror(errno));
	} else {
		rc = files_publish(
		    fd, slash == NULL ? path : slash + 1, text->p, text->len, 0644, e);
		close(fd);
	}
	free(dir);
	return rc;
}

/* As short as can be: dird.conf(5) has the rest. */
static void
write_conf(const struct init_options *o)
{
	struct buf text = { 0 };
	struct dird_conf *c;
	struct errmsg e;

	if (o->url == NULL) {
		fprintf(stderr, "dird: %s is not there yet: say with -u URL under which address "
				"the world will reach this server\n",
		    o->file);
		exit(EXIT_USAGE);
	}
	buf_printf(&text,
	    "# A directory server: see dird.conf(5).\n[Directory]\nBaseDir: %s\nURL: %s\n",
	    o->base, o->url);
	if (o->encrypt)
		buf_str(&text, "EncryptIdentityKey: yes\n");
	buf_printf(&text,
	    "# All members of the voting clique, this server among them:\n"
	    "# Authority: FINGERPRINT URL\n[Voting]\n[HTTP]\nPort: %u\n",
	    o->port);
	/* What could not be read again is not written. */
	c = dconf_parse(o->file, (const char *)text.p, text.len, command_show_fault, &e);
	if (c == NULL)
		exit(EXIT_USAGE);
	dconf_free(c);
	if (write_beside(o->file, &text, &e) == -1) {
		fprintf(stderr, "dird: %s\n", e.s);
		exit(EXIT_PERMANENT);
	}
	printf("%s is written: look at it.\n", o->file);
	buf_free(&text);
}

static int
print_fingerprint(const struct dird_conf *c, const char *before, const char *behind)
{
	int base = open(c->base_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct buf hex = { 0 };
	struct errmsg e;

	if (base == -1 || files_read(base, FINGERPRINT_FILE, &hex, 64, &e) == -1) {
		fprintf(stderr,
		    "dird: %s has no " FINGERPRINT_FILE ": make a key with \"dird init\"\n",
		    c->base_dir);
		return EXIT_PERMANENT;
	}
	printf("%s%.40s%s\n", before, buf_cstr(&hex), behind);
	buf_free(&hex);
	close(base);
	return 0;
}

static void
say_what_next(const struct dird_conf *c, int made)
{
	char behind[600];

	if (made)
		printf("An identity key of %u bits was made: keep a copy where nobody finds it.\n",
		    c->identity_bits);
	printf("The identity key is %s/" IDENTITY_FILE ".\n", c->key_dir);
	snprintf(behind, sizeof(behind), " %s", c->url);
	printf("The other directory servers and the clients need this line:\n");
	print_fingerprint(c, "    Authority: ", behind);
}

int
command_init(int argc, char **argv)
{
	struct init_options o = { .file = DEFAULT_FILE, .base = "/var/lib/mixminion-dird",
		.port = 80, .passphrase_fd = -1 };
	struct downers owners;
	struct dird_conf *c;
	char *passphrase = NULL;
	int made;

	parse_options(&o, argc, argv);
	log_init("dird", LOGL_INFO);
	umask(0022);
	crypto_init();
	if (access(o.file, F_OK) == -1 && errno == ENOENT)
		write_conf(&o);
	c = command_conf(o.file);
	downers_init(&owners, o.uid_base);
	dtree_make(c, &owners);
	if (c->encrypt_identity || o.encrypt)
		passphrase = command_passphrase(o.passphrase_fd, 1);
	made = identity_make(c, &owners, passphrase);
	keypass_free(passphrase);
	say_what_next(c, made);
	dconf_free(c);
	return 0;
}

int
command_fingerprint(int argc, char **argv)
{
	struct dird_conf *c =
	    command_conf(command_file(argc, argv, "usage: dird fingerprint [-f file]\n"));
	int rc = print_fingerprint(c, "", "");

	dconf_free(c);
	return rc;
}
