#include "nearest.h"
#include "unknown.h"

void
unknown_server(struct errmsg *e, const struct clientdir *cd, const char *name)
{
	struct nearest near = { .typed = name };
	struct buf text = { 0 };

	for (size_t i = 0; i < cd->nall; i++)
		nearest_offer(&near, cd->all[i]->nickname);
	nearest_say(&text, &near);
	if (cd->why_no_dir != NULL)
		buf_printf(&text, "; %.200s", cd->why_no_dir);
	err_set(e, "no server is known by the name %.64s%s", name, buf_cstr(&text));
	buf_free(&text);
}
