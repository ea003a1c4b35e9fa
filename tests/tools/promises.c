/*
 * Prints the promise table as the filters are made from it, "role call allowed" or "role call
 * answered" a line: promises [-1], with -1 as where all processes share one uid.
 */
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "sandbox.h"

static void
print_calls(enum role r, struct buf *names, const char *what)
{
	char *text = buf_cstr(names), *name;

	while ((name = strsep(&text, "\n")) != NULL)
		if (name[0] != '\0')
			printf("%s %s %s\n", role_name(r), name, what);
	buf_free(names);
}

int
main(int argc, char **argv)
{
	int one_uid = argc > 1 && strcmp(argv[1], "-1") == 0;

	for (enum role r = 0; r < ROLE_COUNT; r++) {
		struct buf allowed = { 0 }, soft = { 0 };

		sandbox_list(r, one_uid, &allowed, &soft);
		print_calls(r, &allowed, "allowed");
		print_calls(r, &soft, "answered");
	}
	return 0;
}
