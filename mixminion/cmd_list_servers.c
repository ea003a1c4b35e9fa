/* list-servers: what is known of the network, for people and for scripts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "client.h"
#include "feature.h"
#include "log.h"
#include "result.h"
#include "ui.h"
#include "unknown.h"

#define MAX_FEATURES 32

/* One line of output: a descriptor, or several that were joined. */
struct row {
	const char *nickname;
	int64_t after, until;
	char *values[MAX_FEATURES];
};

struct list {
	struct feature features[MAX_FEATURES];
	char names[MAX_FEATURES][64]; /* as they were asked for */
	size_t nfeatures;
	struct row *rows;
	size_t n;
};

static int
add_features(struct list *l, const char *names, struct errmsg *e)
{
	char *copy = strdup(names), *rest = copy, *name;
	int rv = 0;

	if (copy == NULL)
		fatal("out of memory");
	while (rv == 0 && (name = strsep(&rest, ",")) != NULL) {
		if (l->nfeatures == MAX_FEATURES)
			rv = err_set(e, "more than %d features", MAX_FEATURES);
		else if ((rv = feature_find(&l->features[l->nfeatures], name, e)) == 0)
			strlcpy(l->names[l->nfeatures++], name, sizeof(l->names[0]));
	}
	free(copy);
	return rv;
}

static int
choose_features(struct list *l, const struct cli *cli, struct errmsg *e)
{
	for (size_t i = 0; i < cli->nfeatures; i++)
		if (add_features(l, cli->features[i], e) == -1)
			return -1;
	return l->nfeatures > 0 ? 0 : add_features(l, "caps,status", e);
}

static int
asked_for(const struct cli *cli, const char *nickname)
{
	for (int i = 0; i < cli->argc; i++)
		if (strcasecmp(cli->argv[i], nickname) == 0)
			return 1;
	return cli->argc == 0;
}

static int
known(const struct list *l, const char *nickname)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcasecmp(l->rows[i].nickname, nickname) == 0)
			return 1;
	return 0;
}

static void
add_row(struct list *l, const struct desc *d, const struct clientdir *cd)
{
	struct row *r = &l->rows[l->n++];

	r->nickname = d->nickname;
	r->after = d->valid_after;
	r->until = d->valid_until;
	for (size_t i = 0; i < l->nfeatures; i++)
		r->values[i] = feature_value(&l->features[i], d, cd);
}

static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int c = strcasecmp(x->nickname, y->nickname);

	if (c != 0)
		return c;
	return x->after < y->after ? -1 : x->after > y->after;
}

static void
fill(struct list *l, const struct client *c, const struct cli *cli)
{
	l->rows = calloc(c->dir->nall + 1, sizeof(*l->rows));
	if (l->rows == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < c->dir->nall; i++) {
		const struct desc *d = c->dir->all[i];

		if (d->valid_until >= c->now && asked_for(cli, d->nickname) &&
		    (!cli->recommended || clientdir_recommended(c->dir, d->nickname)))
			add_row(l, d, c->dir);
	}
	qsort(l->rows, l->n, sizeof(*l->rows), compare_rows);
}

static int
same_values(const struct list *l, const struct row *a, const struct row *b)
{
	for (size_t i = 0; i < l->nfeatures; i++)
		if (strcmp(a->values[i], b->values[i]) != 0)
			return 0;
	return 1;
}

/* b becomes part of a; where they differ, both values are given. */
static void
join(const struct list *l, struct row *a, struct row *b)
{
	if (b->until > a->until)
		a->until = b->until;
	for (size_t i = 0; i < l->nfeatures; i++) {
		char *both;

		if (strcmp(a->values[i], b->values[i]) != 0) {
			if (asprintf(&both, "%s / %s", a->values[i], b->values[i]) == -1)
				fatal("out of memory");
			free(a->values[i]);
			a->values[i] = both;
		}
		free(b->values[i]);
	}
}

/*
 * Descriptors of one server that follow one another without a gap and say the same become one;
 * where times are not shown, all of a server's.
 */
static void
collapse(struct list *l, int with_time)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct row *r = &l->rows[i], *last = kept > 0 ? &l->rows[kept - 1] : NULL;

		if (last != NULL && strcasecmp(last->nickname, r->nickname) == 0 &&
		    (!with_time || (r->after <= last->until && same_values(l, last, r))))
			join(l, last, r);
		else
			l->rows[kept++] = *r;
	}
	l->n = kept;
}

static size_t
widest(const struct list *l, size_t feature)
{
	size_t w = 0;

	for (size_t i = 0; i < l->n; i++)
		if (strlen(l->rows[i].values[feature]) > w)
			w = strlen(l->rows[i].values[feature]);
	return w;
}

static void
print_values(const struct list *l, const struct row *r, const struct cli *cli)
{
	const char *separator = cli->separator != NULL ? cli->separator : "\t";

	for (size_t i = 0; i < l->nfeatures; i++)
		printf("%s%-*s", i == 0 ? "" : separator, cli->justify ? (int)widest(l, i) : 0,
		    r->values[i]);
	putchar('\n');
}

static void
print_cascade(const struct list *l, const struct row *r, const struct cli *cli, const char *time)
{
	if (cli->cascade == 1) {
		printf("  [%s] ", time);
		print_values(l, r, cli);
		return;
	}
	if (cli->with_time)
		printf("  [%s]\n", time);
	for (size_t i = 0; i < l->nfeatures; i++)
		printf("    %s:%s\n", l->names[i], r->values[i]);
}

static void
print(const struct list *l, const struct cli *cli)
{
	char after[11], until[11], time[32];
	int width = 0;

	for (size_t i = 0; cli->justify && i < l->n; i++)
		if ((int)strlen(l->rows[i].nickname) > width)
			width = (int)strlen(l->rows[i].nickname);
	for (size_t i = 0; i < l->n; i++) {
		const struct row *r = &l->rows[i];

		fmt_date(after, r->after);
		fmt_date(until, r->until);
		(void)snprintf(time, sizeof(time), "%s to %s", after, until);
		if (cli->cascade && (i == 0 || strcasecmp(r[-1].nickname, r->nickname) != 0))
			printf("%s:\n", r->nickname);
		if (cli->cascade) {
			print_cascade(l, r, cli, time);
			continue;
		}
		printf("%-*s:", width, r->nickname);
		if (cli->with_time)
			printf("%s:", time);
		print_values(l, r, cli);
	}
}

static void
print_json(struct json *j, const struct list *l, const struct clientdir *cd)
{
	struct buf signers = { 0 };

	clientdir_signers(cd, &signers);
	json_number(j, "directory_valid_until", cd->dir != NULL ? cd->dir->valid_until : 0);
	json_string(j, "directory_signed_by", buf_cstr(&signers));
	buf_free(&signers);
	json_begin(j, "servers", '[');
	for (size_t i = 0; i < l->n; i++) {
		const struct row *r = &l->rows[i];

		json_begin(j, NULL, '{');
		json_string(j, "nickname", r->nickname);
		json_number(j, "valid_after", r->after);
		json_number(j, "valid_until", r->until);
		json_bool(j, "recommended", clientdir_recommended(cd, r->nickname));
		json_begin(j, "features", '{');
		for (size_t k = 0; k < l->nfeatures; k++)
			json_string(j, l->names[k], r->values[k]);
		json_end(j, '{');
		json_end(j, '{');
	}
	json_end(j, '[');
}

static int
list(const struct client *c, struct list *l, const struct cli *cli)
{
	struct errmsg e;

	if (choose_features(l, cli, &e) == -1)
		return ui_fail(EX_USAGE, "%s", e.s);
	fill(l, c, cli);
	for (int i = 0; i < cli->argc; i++)
		if (!known(l, cli->argv[i])) {
			unknown_server(&e, c->dir, cli->argv[i]);
			return ui_fail(EX_NOHOST, "%s", e.s);
		}
	if (l->n == 0)
		return ui_fail(EX_UNAVAILABLE, "no server is known; %s",
		    c->dir->why_no_dir != NULL ? c->dir->why_no_dir :
			"import descriptors, or put a directory in place as UserDir/dir.gz");
	if (!cli->no_collapse)
		collapse(l, cli->with_time);
	if (result() != NULL)
		print_json(result(), l, c->dir);
	else
		print(l, cli);
	return 0;
}

static void
list_features(void)
{
	char name[64];

	if (result() != NULL)
		json_begin(result(), "features", '[');
	for (size_t i = 0; feature_name(i, name, sizeof(name)) != NULL; i++)
		if (result() != NULL)
			json_string(result(), NULL, name);
		else
			puts(name);
	if (result() != NULL)
		json_end(result(), '[');
}

int
cmd_list_servers(struct cli *cli)
{
	struct list l = { .n = 0 };
	struct client c;
	int status;

	if (cli->list_features) {
		list_features();
		return 0;
	}
	status = client_open(&c, cli, CLIENT_FRESH_DIR);
	if (status != 0)
		return status;
	status = list(&c, &l, cli);
	for (size_t i = 0; i < l.n; i++)
		for (size_t j = 0; j < l.nfeatures; j++)
			free(l.rows[i].values[j]);
	free(l.rows);
	client_close(&c);
	return status;
}
