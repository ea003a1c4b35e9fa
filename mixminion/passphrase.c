#include <errno.h>
#include <readpassphrase.h>
#include <string.h>

#include "crypto.h"
#include "io.h"
#include "passphrase.h"

static int
from_fd(struct buf *out, int fd, struct errmsg *e)
{
	if (input_read_fd(fd, "--passphrase-fd", out, PASSPHRASE_MAX, e) == -1)
		return -1;
	if (out->len > 0 && out->p[out->len - 1] == '\n')
		out->len--;
	if (memchr(out->p, '\0', out->len) != NULL)
		return err_set(e, "--passphrase-fd: a passphrase with a NUL in it");
	return 0;
}

static int
ask(char p[PASSPHRASE_MAX], const char *prompt, struct errmsg *e)
{
	if (readpassphrase(prompt, p, PASSPHRASE_MAX, RPP_REQUIRE_TTY) != NULL)
		return 0;
	if (errno == ENOTTY || errno == ENXIO)
		return err_set(
		    e, "no terminal to ask for the passphrase: use --passphrase-fd");
	return err_set(e, "reading the passphrase: %s", strerror(errno));
}

static int
from_terminal(struct buf *out, const char *prompt, int is_new, struct errmsg *e)
{
	char p[PASSPHRASE_MAX] = "", again[PASSPHRASE_MAX] = "";
	int r = ask(p, prompt, e);

	if (r == 0 && is_new)
		r = ask(again, "The same once more: ", e);
	if (r == 0 && is_new && strcmp(p, again) != 0)
		r = err_set(e, "the two passphrases differ");
	if (r == 0)
		buf_str(out, p);
	wipe(p, sizeof(p));
	wipe(again, sizeof(again));
	return r;
}

int
passphrase_get(struct buf *out, int fd, const char *prompt, int is_new, struct errmsg *e)
{
	int r;

	r = fd != -1 ? from_fd(out, fd, e) : from_terminal(out, prompt, is_new, e);
	if (r == 0)
		(void)buf_cstr(out);
	return r;
}
