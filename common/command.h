/*
 * A command as a configuration names it: a program and its arguments, words between blanks. No
 * shell ever reads it.
 */
#ifndef COMMON_COMMAND_H
#define COMMON_COMMAND_H

#include "bytes.h"

#define COMMAND_MAX_WORDS 64
/* Where programs are looked for that are named without a path. */
#define COMMAND_DIRS "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct command {
	char *word[COMMAND_MAX_WORDS + 1]; /* the program first, NULL behind the last */
	size_t n;
};

/*
 * 0, or -1 with a reason: no word, too many, a program that is named by a relative path, or a
 * character that means something to a shell only. Freed with command_free.
 */
int command_split(struct command *c, const char *s, struct errmsg *e);
int command_add(struct command *c, const char *word, struct errmsg *e); /* one more argument */
void command_free(struct command *c);
/*
 * The path of the program: the first word itself if it begins with '/', else the first of that name
 * that can be executed in dirs (separated by ':'). Caller frees. NULL with errno: there is none.
 */
char *command_find(const struct command *c, const char *dirs);

#endif
