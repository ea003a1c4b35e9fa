/*
 * Conversions between the values of the text format and numbers (dir-spec 2.4), and those that
 * configurations have besides. Written out by hand: strtod and strftime would follow the locale.
 */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "infofmt.h"
#include "log.h"

#define DAY	     86400
#define MAX_SECONDS  (INT64_C(100) * 365 * DAY)
#define MAX_OCTETS   (INT64_C(1) << 50)
#define MAX_ATTEMPTS 10000

struct unit {
	const char *name;
	int64_t value;
};

static const struct unit time_units[] = {
	{ "sec", 1 }, { "second", 1 }, { "min", 60 }, { "minute", 60 }, { "hour", 3600 },
	{ "day", DAY }, { "week", 7 * DAY }, { "mon", 30 * DAY }, { "month", 30 * DAY },
	{ "year", 365 * DAY }, { NULL, 0 }
};

static const struct unit size_units[] = {
	{ "", 1 }, { "b", 1 }, { "byte", 1 }, { "octet", 1 }, { "k", 1 << 10 }, { "kb", 1 << 10 },
	{ "m", 1 << 20 }, { "mb", 1 << 20 }, { "g", 1 << 30 }, { "gb", 1 << 30 }, { NULL, 0 }
};

/*
 * Days since 1970-01-01 in the Gregorian calendar: years begin in March, so that the leap day
 * comes last.
 */
static int64_t
days_from_civil(int y, int m, int d)
{
	int64_t year = m <= 2 ? y - 1 : y;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return year * 365 + year / 4 - year / 100 + year / 400 + doy - 719468;
}

static void
civil_from_days(int64_t days, int *y, int *m, int *d)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = (int)(yoe + era * 400 + (*m <= 2));
}

/* Exactly n digits at *s, moved behind them; -1 if there are others. */
static int
digits(const char **s, int n)
{
	int v = 0;

	for (; n > 0; n--, (*s)++) {
		if (!isdigit((unsigned char)**s))
			return -1;
		v = 10 * v + (**s - '0');
	}
	return v;
}

static int
literal(const char **s, char c)
{
	if (**s != c)
		return -1;
	(*s)++;
	return 0;
}

static int
parse_date(const char **s, int64_t *t)
{
	int y, m, d, back[3];
	int64_t days;

	if ((y = digits(s, 4)) < 1970 || literal(s, '-') == -1 || (m = digits(s, 2)) < 1 ||
	    m > 12 || literal(s, '-') == -1 || (d = digits(s, 2)) < 1)
		return -1;
	days = days_from_civil(y, m, d);
	/* A day that the month does not have comes back as another one. */
	civil_from_days(days, &back[0], &back[1], &back[2]);
	if (back[1] != m || back[2] != d)
		return -1;
	*t = days * DAY;
	return 0;
}

int
conv_date(int64_t *t, const char *s, struct errmsg *e)
{
	const char *p = s;

	if (parse_date(&p, t) == -1 || *p != '\0')
		return err_set(e, "\"%.32s\" is not a date (YYYY-MM-DD)", s);
	return 0;
}

/*
 * ".mmm"; dir-spec 2.4 writes four digits, the reference three. What they say is below our
 * resolution.
 */
static int
skip_fraction(const char **s)
{
	if (literal(s, '.') == -1)
		return 0;
	if (digits(s, 3) == -1)
		return -1;
	if (isdigit((unsigned char)**s))
		(*s)++;
	return 0;
}

int
conv_time(int64_t *t, const char *s, struct errmsg *e)
{
	const char *p = s;
	int64_t day;
	int h, m, sec;

	if (parse_date(&p, &day) == -1 || (*p != ' ' && *p != '\t'))
		goto bad;
	p += strspn(p, " \t");
	if ((h = digits(&p, 2)) < 0 || h > 23 || literal(&p, ':') == -1)
		goto bad;
	if ((m = digits(&p, 2)) < 0 || m > 59 || literal(&p, ':') == -1)
		goto bad;
	if ((sec = digits(&p, 2)) < 0 || sec > 60)
		goto bad;
	if (skip_fraction(&p) == -1 || *p != '\0')
		goto bad;
	*t = day + h * 3600 + m * 60 + sec;
	return 0;
bad:
	return err_set(e, "\"%.40s\" is not a time (YYYY-MM-DD HH:MM:SS)", s);
}

int
conv_int(long *v, const char *s, long min, long max, struct errmsg *e)
{
	const char *p = s + (*s == '-');
	long long n;

	if (*p == '\0' || strspn(p, "0123456789") != strlen(p))
		return err_set(e, "\"%.32s\" is not a whole number", s);
	n = strlen(p) > 18 ? (*s == '-' ? LLONG_MIN : LLONG_MAX) : atoll(s);
	if (n < min || n > max)
		return err_set(e, "%.32s is out of range (%ld to %ld)", s, min, max);
	*v = (long)n;
	return 0;
}

static int
is_word(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcasecmp(s, *words) == 0)
			return 1;
	return 0;
}

int
conv_bool(int *v, const char *s, struct errmsg *e)
{
	static const char *const yes[] = { "yes", "y", "true", "on", "1", NULL };
	static const char *const no[] = { "no", "n", "false", "off", "0", NULL };

	if (!is_word(s, yes) && !is_word(s, no))
		return err_set(e, "\"%.32s\" is neither yes nor no", s);
	*v = is_word(s, yes);
	return 0;
}

int
conv_exchange_bool(int *v, const char *s, struct errmsg *e)
{
	if (strcmp(s, "yes") != 0 && strcmp(s, "no") != 0)
		return err_set(e, "\"%.32s\" is neither yes nor no", s);
	*v = *s == 'y';
	return 0;
}

int
conv_nickname(const char *s, struct errmsg *e)
{
	size_t len = strlen(s);

	if (len == 0 || len > MAX_NICKNAME)
		return err_set(e, "a nickname has 1 to %d characters", MAX_NICKNAME);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 128 || (!isalnum(c) && c != '-'))
			return err_set(e, "\"%s\" is not a nickname: letters, digits and '-'", s);
	}
	if (!isalpha((unsigned char)*s))
		return err_set(e, "\"%s\" is not a nickname: a letter comes first", s);
	return 0;
}

/* "12", "1.5", ".5" at *s, moved behind it. */
static int
decimal(const char **s, double *v)
{
	double scale = 1;
	int any = 0;

	for (*v = 0; isdigit((unsigned char)**s); (*s)++, any = 1)
		*v = 10 * *v + (**s - '0');
	if (**s == '.')
		for ((*s)++; isdigit((unsigned char)**s); (*s)++, any = 1)
			*v += (**s - '0') * (scale /= 10);
	return any ? 0 : -1;
}

/* The value of a unit's name of len characters, singular or plural; 0 if unknown. */
static int64_t
unit_value(const struct unit *u, const char *s, size_t len)
{
	for (; u->name != NULL; u++) {
		size_t n = strlen(u->name);

		if (strncasecmp(u->name, s, n) != 0)
			continue;
		if (len == n || (len == n + 1 && n > 0 && (s[n] == 's' || s[n] == 'S')))
			return u->value;
	}
	return 0;
}

int
conv_interval(int64_t *seconds, const char *s, struct errmsg *e)
{
	const char *p = s;
	double v;
	int64_t unit = 0;

	if (decimal(&p, &v) == 0 && (*p == ' ' || *p == '\t')) {
		p += strspn(p, " \t");
		unit = unit_value(time_units, p, strlen(p));
	}
	if (unit == 0)
		return err_set(e, "\"%.40s\" is not an interval (\"30 min\", \"1.5 hours\")", s);
	if (v * (double)unit > (double)MAX_SECONDS)
		return err_set(e, "\"%.40s\" is too long", s);
	*seconds = (int64_t)(v * (double)unit);
	return 0;
}

int
conv_size(int64_t *octets, const char *s, struct errmsg *e)
{
	const char *p = s;
	double v;
	int64_t unit = 0;

	if (decimal(&p, &v) == 0) {
		p += strspn(p, " \t");
		unit = unit_value(size_units, p, strlen(p));
	}
	if (unit == 0)
		return err_set(e, "\"%.40s\" is not a size (\"100K\", \"1 MB\")", s);
	if (v * (double)unit > (double)MAX_OCTETS)
		return err_set(e, "\"%.40s\" is too large", s);
	*octets = (int64_t)(v * (double)unit);
	return 0;
}

int
conv_fraction(double *v, const char *s, struct errmsg *e)
{
	const char *p = s;

	if (decimal(&p, v) == -1)
		goto bad;
	p += strspn(p, " \t");
	if (*p == '%') {
		*v /= 100;
		p++;
	}
	if (*p != '\0' || *v > 1)
		goto bad;
	return 0;
bad:
	return err_set(e, "\"%.32s\" is not a fraction (\"0.6\", \"60%%\")", s);
}

static int
schedule_add(int64_t **out, size_t *n, int64_t interval, int64_t times, struct errmsg *e)
{
	int64_t *more;

	if (interval < 1)
		return err_set(e, "an interval of a schedule is at least a second");
	if (times > MAX_ATTEMPTS - (int64_t)*n)
		return err_set(e, "a schedule of more than %d attempts", MAX_ATTEMPTS);
	more = reallocarray(*out, *n + (size_t)times, sizeof(**out));
	if (more == NULL)
		fatal("out of memory");
	*out = more;
	while (times-- > 0)
		more[(*n)++] = interval;
	return 0;
}

/* "INTERVAL" or "[every] INTERVAL for INTERVAL", NUL-terminated, changed on the way. */
static int
schedule_item(int64_t **out, size_t *n, char *item, struct errmsg *e)
{
	int64_t interval, duration;
	char *span = strcasestr(item, " for ");
	int every = strncasecmp(item, "every ", 6) == 0;

	if (span == NULL) {
		if (every)
			return err_set(e, "\"%.40s\": for how long?", item);
		if (conv_interval(&interval, item, e) == -1)
			return -1;
		return schedule_add(out, n, interval, 1, e);
	}
	*span = '\0';
	span += 5;
	span += strspn(span, " \t");
	if (every)
		item += 6;
	item += strspn(item, " \t");
	if (conv_interval(&interval, item, e) == -1 || conv_interval(&duration, span, e) == -1)
		return -1;
	if (interval < 1)
		return schedule_add(out, n, 0, 0, e);
	return schedule_add(out, n, interval, (duration + interval - 1) / interval, e);
}

int
conv_schedule(int64_t **out, size_t *n, const char *s, struct errmsg *e)
{
	char *copy = strdup(s), *rest = copy, *item;
	int rv = 0;

	if (copy == NULL)
		fatal("out of memory");
	*out = NULL;
	*n = 0;
	while (rv == 0 && (item = strsep(&rest, ",")) != NULL) {
		item += strspn(item, " \t");
		for (size_t len = strlen(item); len > 0 && strchr(" \t", item[len - 1]); len--)
			item[len - 1] = '\0';
		rv = schedule_item(out, n, item, e);
	}
	free(copy);
	if (rv == -1) {
		free(*out);
		*out = NULL;
		*n = 0;
	}
	return rv;
}

void
fmt_date(char out[11], int64_t t)
{
	int64_t days = t / DAY - (t % DAY < 0);
	char s[40];
	int y, m, d;

	civil_from_days(days, &y, &m, &d);
	snprintf(s, sizeof(s), "%04d-%02d-%02d", y, m, d);
	strlcpy(out, s, 11);
}

void
fmt_time(char out[20], int64_t t)
{
	int sec = (int)((t % DAY + DAY) % DAY);
	char date[11], s[64];

	fmt_date(date, t);
	snprintf(s, sizeof(s), "%s %02d:%02d:%02d", date, sec / 3600, sec / 60 % 60, sec % 60);
	strlcpy(out, s, 20);
}
