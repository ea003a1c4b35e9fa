#include <stdarg.h>
#include <stdio.h>

#include "mix.h"

int
err_set(struct errmsg *e, const char *fmt, ...)
{
	va_list ap;

	if (e != NULL) {
		va_start(ap, fmt);
		(void)vsnprintf(e->s, sizeof(e->s), fmt, ap);
		va_end(ap);
	}
	return -1;
}
