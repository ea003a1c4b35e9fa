/*
 * keyd: the one place where private keys are. See keyd(8).
 */
#include <stdlib.h>

#include "crypto.h"
#include "keyd.h"
#include "keypass.h"
#include "rsakey.h"

static const char usage[] =
    "usage: keyd [-1DehknU] [-f file] [-l level] [-p descriptor] [-s directory]\n"
    "Holds the node's private keys: decrypts headers, remembers replays, certifies link keys and\n"
    "signs descriptors for mixer, mmtpd and dirsync. Started by systemd or mixminiond.\n"
    "With -k it makes the keys that are missing, says the identity's fingerprint, and ends;\n"
    "with -D it deletes all packet keys, and ends.\n";

static int only_keys; /* -k */
static int only_delete; /* -D */
static int passphrase = -1; /* -p: where it can be read */

static void
take_option(int ch, const char *arg)
{
	const char *err = NULL;

	if (ch == 'k')
		only_keys = 1;
	else if (ch == 'D')
		only_delete = 1;
	else
		passphrase = (int)strtonum(arg, 3, 1023, &err);
	if (err != NULL)
		fatal_permanent("-p %s: %s", arg, err);
}

/* Everything of OpenSSL's that is fetched at first use is fetched before the sandbox. */
static void
warm_up(void)
{
	struct rsakey *k = rsakey_generate(1024);
	uint8_t block[RSA_MAX_LEN], plain[RSA_MAX_LEN];
	size_t len;

	if (rsakey_encrypt(k, &rng_system, "warm", 4, block) == -1 ||
	    rsakey_decrypt(k, block, plain, &len) == -1)
		fatalx("RSA does not work here");
	rsakey_free(k);
}

int
main(int argc, char **argv)
{
	static struct daemon d = {
		.name = "keyd", .more_options = "Dkp:", .option = take_option
	};
	struct front_fds fds;

	daemon_init(&d, argc, argv, usage);
	warm_up();
	if (passphrase == -1)
		passphrase = keypass_credential("mixminiond-passphrase");
	if (only_delete)
		delete_keys(&d);
	if (only_keys)
		make_keys(&d, passphrase);
	spawn_all(&d, &fds, passphrase);
	front_run(&d, &fds);
	return 0;
}
