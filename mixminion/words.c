#include <string.h>

#include "words.h"

#define BLANKS " \t\r\n"

/* Takes one word from *in to *out, without its quotes; both move on. */
static int
take_word(char **in, char **out, struct errmsg *e)
{
	char quote = '\0';

	for (; **in != '\0' && (quote != '\0' || strchr(BLANKS, **in) == NULL); (*in)++) {
		char c = **in;

		if (quote == '\0' && (c == '\'' || c == '"')) {
			quote = c;
			continue;
		}
		if (c == quote) {
			quote = '\0';
			continue;
		}
		if (c == '\\' && quote != '\'' && (*in)[1] != '\0')
			c = *++*in;
		*(*out)++ = c;
	}
	return quote != '\0' ? err_set(e, "the quotes do not match") : 0;
}

int
words_split(char *line, char *words[WORDS_MAX + 1], struct errmsg *e)
{
	char *in = line, *out = line;
	int n = 0;

	for (;;) {
		in += strspn(in, BLANKS);
		if (*in == '\0' || *in == '#')
			break;
		if (n == WORDS_MAX)
			return err_set(e, "more than %d words", WORDS_MAX);
		words[n++] = out;
		if (take_word(&in, &out, e) == -1)
			return -1;
		if (*in != '\0')
			in++;
		*out++ = '\0';
	}
	words[n] = NULL;
	return n;
}
