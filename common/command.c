#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "log.h"

#define BLANKS	   " \t\r\n"
#define FOR_SHELLS "'\"`\\$|&;<>"

int
command_add(struct command *c, const char *word, struct errmsg *e)
{
	if (c->n == COMMAND_MAX_WORDS)
		return err_set(e, "a command of more than %d words", COMMAND_MAX_WORDS);
	if ((c->word[c->n++] = strdup(word)) == NULL)
		fatal("out of memory");
	c->word[c->n] = NULL;
	return 0;
}

static int
split(struct command *c, char *s, struct errmsg *e)
{
	char *word, *save = NULL, *odd;

	if ((odd = strpbrk(s, FOR_SHELLS)) != NULL)
		return err_set(e, "no shell reads a command: %c means nothing there", *odd);
	for (word = strtok_r(s, BLANKS, &save); word != NULL; word = strtok_r(NULL, BLANKS, &save))
		if (command_add(c, word, e) == -1)
			return -1;
	if (c->n == 0)
		return err_set(e, "no program is named");
	if (c->word[0][0] != '/' && strchr(c->word[0], '/') != NULL)
		return err_set(e, "\"%.80s\": a program has a whole path, or a name without '/'",
		    c->word[0]);
	return 0;
}

int
command_split(struct command *c, const char *s, struct errmsg *e)
{
	char *copy = strdup(s);
	int rc;

	if (copy == NULL)
		fatal("out of memory");
	*c = (struct command){ .n = 0 };
	if ((rc = split(c, copy, e)) == -1)
		command_free(c);
	free(copy);
	return rc;
}

void
command_free(struct command *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->word[i]);
	*c = (struct command){ .n = 0 };
}

char *
command_find(const struct command *c, const char *dirs)
{
	const char *name = c->word[0];
	char *path;

	if (*name == '/')
		dirs = "";
	for (;;) {
		size_t len = strcspn(dirs, ":");

		if (asprintf(&path, "%.*s%s%s", (int)len, dirs, *name == '/' ? "" : "/", name) ==
		    -1)
			fatal("out of memory");
		if (access(path, X_OK) == 0)
			return path;
		free(path);
		if (dirs[len] == '\0')
			return NULL;
		dirs += len + 1;
	}
}
