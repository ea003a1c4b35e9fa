/* shell: command after command, edited and completed on a terminal, read as a script elsewhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <editline/readline.h>

#include "cli.h"
#include "log.h"
#include "ui.h"
#include "words.h"

#define PROMPT "mixminion> "

/* The i'th time 0, 1, ...: the next command that begins with text. */
static char *
next_command(const char *text, int again)
{
	static const struct command *c;
	char *name;

	for (c = again ? c + 1 : commands; c->name != NULL; c++)
		if (strncmp(c->name, text, strlen(text)) == 0) {
			if ((name = strdup(c->name)) == NULL)
				fatal("out of memory");
			return name;
		}
	return NULL;
}

/* The first word is a command; NULL for the others: libedit then completes file names. */
static char **
complete(const char *text, int start, int end)
{
	(void)end;
	return start == 0 ? rl_completion_matches(text, next_command) : NULL;
}

/* The next line, to be freed; NULL at the end. */
static char *
next_line(int terminal)
{
	char *line = NULL;
	size_t size = 0;

	if (terminal) {
		line = readline(PROMPT);
		if (line != NULL && line[0] != '\0')
			(void)add_history(line);
		return line;
	}
	if (getline(&line, &size, stdin) != -1)
		return line;
	free(line);
	return NULL;
}

/* 1: the end of the shell. *status gets what the command gave. */
static int
run_line(char *line, int debug, int *status)
{
	char *words[WORDS_MAX + 1];
	struct errmsg e;
	int n = words_split(line, words, &e);

	if (n == -1) {
		*status = ui_fail(EX_USAGE, "%s", e.s);
		return 0;
	}
	for (int i = 0; debug && i < n; i++)
		fprintf(stderr, "[%s]\n", words[i]);
	if (n == 0)
		return 0;
	if (strcmp(words[0], "exit") == 0 || strcmp(words[0], "quit") == 0)
		return 1;
	if (strcmp(words[0], "shell") == 0)
		*status = ui_fail(EX_USAGE, "this is the shell");
	else
		*status = cli_run(n, words);
	return 0;
}

/* What a script's status is: that of the first line that failed. */
int
cmd_shell(struct cli *cli)
{
	int terminal = isatty(STDIN_FILENO), debug = cli->debug_shlex, first = 0;
	char *line;

	rl_attempted_completion_function = complete;
	while ((line = next_line(terminal)) != NULL) {
		int status = 0, end = run_line(line, debug, &status);

		freezero(line, strlen(line));
		if (first == 0)
			first = status;
		if (end)
			break;
	}
	return terminal ? 0 : first;
}
