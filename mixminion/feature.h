/*
 * What list-servers can say of a server: "caps", "status", "fingerprint", and every entry of a
 * descriptor.
 */
#ifndef MIXMINION_FEATURE_H
#define MIXMINION_FEATURE_H

#include "clientdir.h"

struct feature {
	const char *section; /* NULL: one of the three that are no entries */
	const char *name;
};

/*
 * By "Section:Entry", an entry's name where it stands in one section only, or a name of the
 * three; in any case. -1 with a reason.
 */
int feature_find(struct feature *f, const char *name, struct errmsg *e);
/* The value, in a string that the caller frees; "<none>" where d does not have it. */
char *feature_value(const struct feature *f, const struct desc *d, const struct clientdir *cd);
/* The i'th of all as it is written, "Section:Entry"; NULL at the end. */
const char *feature_name(size_t i, char *buf, size_t len);

#endif
