/*
 * doctor: what it looks at, and how it says what it found.
 */
#ifndef MIXMINIOND_DOCTOR_H
#define MIXMINIOND_DOCTOR_H

#include "mixminiond.h"

enum finding { FOUND_OK, FOUND_WARN, FOUND_BAD };

/* One line; what is wrong ends with what to do. */
void found(enum finding f, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The directory in work/dir; until 0: there is none that can be read. */
struct held {
	int64_t from, until;
	size_t nservers;
	int has_us; /* a server of our nickname is in it */
};

/* --- doctor_host.c: the machine --- */
void look_at_clock(const struct server_conf *c, const struct held *h);
void look_at_dns(const struct server_conf *c);
void look_at_entropy(void);
void look_at_kernel(const struct owners *o);

/* --- doctor_directory.c --- */
struct held held_directory(const struct server_conf *c, const struct owners *o);
void look_at_directory(const struct server_conf *c, const struct held *h);

/* --- doctor_mail.c --- */
void look_at_mail(const struct server_conf *c, const struct owners *o);

/* --- reach.c --- */
/* A connection that was made within seconds, or -1 with a reason. */
int reach(const char *host, uint16_t port, struct errmsg *e);

/* --- doctor_disk.c --- */
void look_at_disk(const struct server_conf *c);
void look_at_permissions(const struct server_conf *c, const struct owners *o);

/* --- doctor_node.c: the node, if it runs --- */
void look_at_port(const struct server_conf *c);
void look_at_processes(const struct server_conf *c);

#endif
