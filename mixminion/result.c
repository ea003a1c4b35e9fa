#include <stdio.h>

#include "result.h"
#include "ui.h"

static struct json object;
static int on;

void
result_begin(const char *command)
{
	on = 1;
	json_begin(&object, NULL, '{');
	json_string(&object, "command", command);
}

struct json *
result(void)
{
	return on ? &object : NULL;
}

void
result_end(int status)
{
	if (!on)
		return;
	json_number(&object, "status", status);
	json_string(&object, "error", status != 0 ? ui_last_failure() : NULL);
	json_end(&object, '{');
	puts(buf_cstr(&object.out));
	(void)fflush(stdout);
	buf_wipe(&object.out);
	object.follows = 0;
	on = 0;
}

void
result_number(const char *key, int64_t n)
{
	if (on)
		json_number(&object, key, n);
}
