/*
 * The sample configuration as a template: every option is explained in it.
 */
#ifndef MIXMINIOND_TEMPLATE_H
#define MIXMINIOND_TEMPLATE_H

#include "bytes.h"

struct setting {
	const char *section, *key;
	const char *value; /* NULL: left as it is */
};

/*
 * Appends the sample with these settings, each in its place, and without the remarks that are for
 * who edits it by hand. Fatal if the sample has no such option.
 */
void template_fill(struct buf *out, const struct setting *settings, size_t n);
/* Is this the sample as it came, in which nobody has written anything yet? */
int template_untouched(const struct buf *text);

#endif
