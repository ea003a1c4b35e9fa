/*
 * Reading the options of a configuration file into a structure, by a table.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "options.h"

void
opt_list_add(struct opt_list *l, const char *s)
{
	l->v = reallocarray(l->v, l->n + 1, sizeof(*l->v));
	if (l->v == NULL || (l->v[l->n] = strdup(s)) == NULL)
		fatal("out of memory");
	l->n++;
}

int
opt_list_has(const struct opt_list *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return 1;
	return 0;
}

void
opt_list_free(struct opt_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct opt_list){ NULL, 0 };
}

/* "FILE:LINE: text" */
static void __attribute__((format(printf, 3, 0)))
place(struct errmsg *out, const struct opt_reader *r, const char *fmt, unsigned line, va_list ap)
{
	struct errmsg text;

	vsnprintf(text.s, sizeof(text.s), fmt, ap);
	if (line != 0)
		err_set(out, "%.160s:%u: %s", r->file, line, text.s);
	else
		err_set(out, "%.160s: %s", r->file, text.s);
}

void
options_fault(struct opt_reader *r, unsigned line, const char *fmt, ...)
{
	struct errmsg e;
	va_list ap;

	va_start(ap, fmt);
	place(&e, r, fmt, line, ap);
	va_end(ap);
	if (r->nfaults++ == 0 && r->e != NULL)
		*r->e = e;
	if (r->faults != NULL)
		r->faults(e.s);
}

void
options_warn(struct opt_reader *r, unsigned line, const char *fmt, ...)
{
	struct errmsg e;
	va_list ap;

	va_start(ap, fmt);
	place(&e, r, fmt, line, ap);
	va_end(ap);
	opt_list_add(&r->warnings, e.s);
	if (r->warned != NULL)
		r->warned(e.s);
}

void
options_syntax_fault(struct opt_reader *r, const struct errmsg *why)
{
	unsigned line = 0;
	int skip = 0;

	if (sscanf(why->s, "line %u: %n", &line, &skip) != 1)
		line = 0;
	options_fault(r, line, "%s", why->s + skip);
}

unsigned
options_line(const struct opt_reader *r, const char *section, const char *key)
{
	const struct info_section *s = info_section(r->in, section);
	const struct info_entry *en = s != NULL ? info_entry(s, key) : NULL;

	return en != NULL ? en->line : s != NULL ? s->line : 0;
}

int
options_given(const struct opt_reader *r, const char *section, const char *key)
{
	const struct info_section *s = info_section(r->in, section);

	return s != NULL && info_entry(s, key) != NULL;
}

static const struct conf_option *
find_option(const struct opt_reader *r, const char *section, const char *key)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->table[i].section, section) == 0 && strcmp(r->table[i].key, key) == 0)
			return &r->table[i];
	return NULL;
}

static int
known_section(const struct opt_reader *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->table[i].section, name) == 0)
			return 1;
	return 0;
}

static int
store(struct opt_reader *r, const struct conf_option *o, const char *value, struct errmsg *e)
{
	/* Room for a value of any type that is only checked. */
	max_align_t scratch[8] = { 0 };
	void *dst = scratch;
	int rv;

	if (o->off != OPT_NOWHERE)
		dst = (char *)r->base + o->off;
	rv = o->type->set(o, dst, value, e);
	if (o->off == OPT_NOWHERE && o->type->release != NULL)
		o->type->release(dst);
	return rv;
}

/* An unknown key; the sections that do have it are named. */
static void
unknown_key(struct opt_reader *r, const struct info_section *s, const struct info_entry *en)
{
	struct buf where = { 0 };

	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->table[i].key, en->key) == 0)
			buf_printf(&where, "%s[%s]", where.len == 0 ? "" : " or ",
			    r->table[i].section);
	if (where.len == 0)
		options_fault(r, en->line, "unknown option %.64s in [%.64s]", en->key, s->name);
	else
		options_fault(r, en->line, "%.64s does not belong in [%.64s], but in %s", en->key,
		    s->name, buf_cstr(&where));
	buf_free(&where);
}

static void
read_entry(struct opt_reader *r, const struct info_section *s, const struct info_entry *en)
{
	const struct conf_option *o = find_option(r, s->name, en->key);
	const struct info_entry *first = info_entry(s, en->key);
	struct errmsg e;

	if (o == NULL) {
		unknown_key(r, s, en);
		return;
	}
	if (first != en && !(o->flags & OPT_MANY)) {
		options_fault(r, en->line, "%s stands here for the second time (line %u)", en->key,
		    first->line);
		return;
	}
	if (store(r, o, en->value, &e) == -1) {
		options_fault(r, en->line, "%s: %s", en->key, e.s);
		/* So that what is looked at together can be looked at all the same. */
		if (o->def != NULL)
			(void)store(r, o, o->def, &e);
	} else if ((o->flags & (OPT_UNUSED | OPT_OBSOLETE)) && first == en)
		options_warn(r, en->line, "%s %s", en->key, o->note);
}

static void
read_section(struct opt_reader *r, const struct info_section *s)
{
	const struct info_section *first = info_section(r->in, s->name);

	if (!known_section(r, s->name)) {
		options_fault(r, s->line, "unknown section [%.64s]", s->name);
		return;
	}
	if (first != s) {
		options_fault(r, s->line, "[%s] stands here for the second time (line %u)", s->name,
		    first->line);
		return;
	}
	for (size_t i = 0; i < s->n; i++)
		read_entry(r, s, &s->entries[i]);
}

/* What was not given: its default, or a fault. */
static void
read_default(struct opt_reader *r, const struct conf_option *o)
{
	struct errmsg e;

	if (options_given(r, o->section, o->key))
		return;
	if ((o->flags & OPT_REQUIRED) && info_section(r->in, o->section) != NULL)
		options_fault(r, options_line(r, o->section, o->key), "[%s] needs %s", o->section,
		    o->key);
	else if (o->def != NULL && store(r, o, o->def, &e) == -1)
		fatalx("default of %s: %s", o->key, e.s);
}

unsigned
options_read(struct opt_reader *r)
{
	for (size_t i = 0; i < r->in->n; i++)
		read_section(r, &r->in->sections[i]);
	for (const char *const *s = r->required; s != NULL && *s != NULL; s++)
		if (info_section(r->in, *s) == NULL)
			options_fault(r, 0, "the section [%s] is missing", *s);
	for (size_t i = 0; i < r->n; i++)
		read_default(r, &r->table[i]);
	return r->nfaults;
}

void
options_release(const struct conf_option *table, size_t n, void *base)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].off != OPT_NOWHERE && table[i].type->release != NULL)
			table[i].type->release((char *)base + table[i].off);
}
