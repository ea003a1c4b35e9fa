/*
 * Options of a configuration file, driven by a table: what mixminiond.conf and the client's file
 * have in common. A row says where the value goes (an offset into the caller's structure), how it
 * is read, and its default.
 */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "infofmt.h"

struct conf_option;

/*
 * One kind of value. set stores a value at dst; release frees it, NULL where there is nothing to
 * free.
 */
struct opt_type {
	int (*set)(const struct conf_option *o, void *dst, const char *value, struct errmsg *e);
	void (*release)(void *dst);
};

extern const struct opt_type OPT_STRING; /* char *, not empty */
extern const struct opt_type OPT_PATH; /* char *; quotes removed, leading ~ expanded */
extern const struct opt_type OPT_COMMAND; /* char *, a program and arguments (command.h) */
extern const struct opt_type OPT_NICKNAME; /* char * */
extern const struct opt_type OPT_MAILBOX; /* char *, user@host */
extern const struct opt_type OPT_HOST; /* char *, a plausible host name */
extern const struct opt_type OPT_IP4; /* char * */
extern const struct opt_type OPT_IP6; /* char * */
extern const struct opt_type OPT_HOSTPORT; /* char *, HOST, HOST:PORT, [IPv6] or [IPv6]:PORT */
extern const struct opt_type OPT_BOOL; /* int */
extern const struct opt_type OPT_YES; /* int; as BOOL, but a no does not undo another's yes */
extern const struct opt_type OPT_LONG; /* long */
extern const struct opt_type OPT_UINT; /* unsigned */
extern const struct opt_type OPT_PORT; /* uint16_t, 1 to 65535 */
extern const struct opt_type OPT_INTERVAL; /* int64_t, seconds */
extern const struct opt_type OPT_SIZE; /* int64_t, octets */
extern const struct opt_type OPT_FRACTION; /* double */
extern const struct opt_type OPT_LEVEL; /* enum log_level */
extern const struct opt_type OPT_LIST; /* struct opt_list */
extern const struct opt_type OPT_PROXY; /* char *, a URL of http, https or socks5h */
extern const struct opt_type OPT_URLS; /* struct opt_list of http and https URLs */
/*
 * struct opt_list of "FINGERPRINT URL", a directory server that is trusted: 40 hex digits in
 * capitals, a blank, the base of its URLs with the '/' at its end (dir-spec 5.1).
 */
extern const struct opt_type OPT_DIRSERVERS;
#define MAX_DIRSERVERS 64

/* What OPT_MANY options collect. */
struct opt_list {
	char **v;
	size_t n;
};

enum opt_flags {
	OPT_REQUIRED = 1, /* where its section stands */
	OPT_MANY = 2, /* may be repeated */
	OPT_UNUSED = 4, /* checked, but of no effect: note is said as a warning */
	OPT_OBSOLETE = 8, /* works, but note is said as a warning */
};

#define OPT_NOWHERE SIZE_MAX /* off: the value is checked and dropped */

struct conf_option {
	const char *section;
	const char *key;
	const struct opt_type *type;
	size_t off;
	const char *def; /* as it would stand in the file; NULL: the field stays zero */
	int64_t min, max; /* numbers only; both 0: whatever the type allows */
	unsigned flags;
	const char *note;
};

struct opt_reader {
	const char *file; /* for messages */
	const struct conf_option *table;
	size_t n;
	const char *const *required; /* names of sections, ended by NULL */
	const struct info *in;
	void *base; /* the structure that is filled; zeroed by the caller */
	void (*faults)(const char *); /* told of each fault; may be NULL */
	void (*warned)(const char *); /* and of each warning */
	struct errmsg *e; /* the first fault */
	unsigned nfaults;
	struct opt_list warnings; /* the caller's to keep */
};

/* Fills the structure, defaults included. Returns the number of faults. */
unsigned options_read(struct opt_reader *r);
/* Frees all that the rows of the table point to. */
void options_release(const struct conf_option *table, size_t n, void *base);

/* For checks across options. line 0: the file as a whole. */
void options_fault(struct opt_reader *r, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void options_warn(struct opt_reader *r, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Where the option stands in the file: its line, else its section's, else 0. */
unsigned options_line(const struct opt_reader *r, const char *section, const char *key);
int options_given(const struct opt_reader *r, const char *section, const char *key);
/* An error of info_parse has the line in front: as a fault of file. */
void options_syntax_fault(struct opt_reader *r, const struct errmsg *why);

void opt_list_add(struct opt_list *l, const char *s);
int opt_list_has(const struct opt_list *l, const char *s); /* letters count */
void opt_list_free(struct opt_list *l);

#endif
