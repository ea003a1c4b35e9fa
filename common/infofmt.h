/*
 * The one text format of descriptors, directories and configuration files: sections of
 * "Key: value" lines (dir-spec 2.1), and the conversions of dir-spec 2.4.
 */
#ifndef COMMON_INFOFMT_H
#define COMMON_INFOFMT_H

#include "bytes.h"
#include "mix.h"

struct info_entry {
	char *key;
	/* Blanks at both ends removed; continuation lines of configurations joined by one space. */
	char *value;
	unsigned line;
};

struct info_section {
	char *name;
	unsigned line;
	struct info_entry *entries;
	size_t n;
};

struct info {
	struct info_section *sections; /* in the order of the text */
	size_t n;
};

enum info_dialect {
	INFO_EXCHANGE, /* descriptors, directories: strict (D2, D4); no comments, no empty lines */
	INFO_CONFIG /* '#' comments, empty lines, continuation by indent */
};

/* The line is named in the reason. At most 16 MiB, 64 Ki sections, a million entries. */
int info_parse(struct info *in, const char *text, size_t len, enum info_dialect d,
    struct errmsg *e);
void info_free(struct info *in);
/* First section or entry of that name; NULL if absent. Names are case-sensitive. */
const struct info_section *info_section(const struct info *in, const char *name);
const struct info_entry *info_entry(const struct info_section *s, const char *key);

/*
 * Line ends to LF, blanks at both ends of each line removed, LF at the end: the form that is
 * digested (dir-spec 2.5, D2).
 */
void info_normalize(struct buf *out, const char *text, size_t len);

/* Conversions; all return 0 or -1 with a reason. Times are seconds since 1970 UTC. */
int conv_date(int64_t *t, const char *s, struct errmsg *e); /* YYYY-MM-DD only (D4) */
int conv_time(int64_t *t, const char *s, struct errmsg *e); /* YYYY-MM-DD HH:MM:SS[.mmm] */
int conv_int(long *v, const char *s, long min, long max, struct errmsg *e);
int conv_bool(int *v, const char *s, struct errmsg *e); /* yes y true on 1 / no n false off 0 */
int conv_exchange_bool(int *v, const char *s, struct errmsg *e); /* as descriptors have it */
int conv_nickname(const char *s, struct errmsg *e);
int conv_interval(int64_t *seconds, const char *s, struct errmsg *e); /* "1.5 hours" */
int conv_size(int64_t *octets, const char *s, struct errmsg *e); /* "100K", "1 MB" */
int conv_fraction(double *v, const char *s, struct errmsg *e); /* "0.6", "60%" */
/*
 * A retry schedule, "5 min, every 10 min for 1 hour, 7 hours for 5 days" (T8), as the intervals
 * between attempts in seconds, expanded; the caller frees *out.
 */
int conv_schedule(int64_t **out, size_t *n, const char *s, struct errmsg *e);
void fmt_date(char out[11], int64_t t);
void fmt_time(char out[20], int64_t t);

#endif
