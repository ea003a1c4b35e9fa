#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "textfile.h"

#define MAX_FILE (16 * 1024 * 1024)
#define BLOCK	 65536
#define BLANKS	 " \t\r\v\f"

int
textfile_read(struct buf *out, const char *path, struct errmsg *e)
{
	FILE *f = fopen(path, "re");
	size_t n;
	int rc = -1;

	if (f == NULL)
		return err_set(e, "%s: %s", path, strerror(errno));
	do {
		n = fread(buf_space(out, BLOCK), 1, BLOCK, f);
		out->len -= BLOCK - n;
	} while (n > 0 && out->len <= MAX_FILE);
	if (ferror(f))
		err_set(e, "%s: %s", path, strerror(errno));
	else if (out->len > MAX_FILE)
		err_set(e, "%s: more than %d octets", path, MAX_FILE);
	else
		rc = 0;
	fclose(f);
	return rc;
}

static int
take_line(char *line, unsigned number,
    int (*take)(void *arg, char *line, unsigned number, struct errmsg *e), void *arg,
    struct errmsg *e)
{
	size_t len;

	line += strspn(line, BLANKS);
	for (len = strlen(line); len > 0 && strchr(BLANKS, line[len - 1]) != NULL; len--)
		line[len - 1] = '\0';
	return len == 0 || *line == '#' ? 0 : take(arg, line, number, e);
}

int
textfile_lines(const char *name, const char *text, size_t len,
    int (*take)(void *arg, char *line, unsigned number, struct errmsg *e), void *arg,
    struct errmsg *e)
{
	const char *end = text + len, *nl;
	struct errmsg why;
	char *line;
	int rc = 0;

	for (unsigned number = 1; text < end && rc == 0; text = nl + 1, number++) {
		nl = memchr(text, '\n', (size_t)(end - text));
		if (nl == NULL)
			nl = end;
		if ((line = strndup(text, (size_t)(nl - text))) == NULL)
			fatal("textfile");
		rc = take_line(line, number, take, arg, &why);
		free(line);
		if (rc == -1)
			err_set(e, "%s:%u: %s", name, number, why.s);
	}
	return rc;
}
