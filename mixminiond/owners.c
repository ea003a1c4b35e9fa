#include <sys/prctl.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "log.h"
#include "mixminiond.h"

#define DEFAULT_UID_BASE 64800

/* The package's users and groups, and what stands for them elsewhere: offsets from --uid-base. */
static const struct {
	const char *name;
	uid_t offset;
} users[P_COUNT] = {
	[P_KEYD] = { "mix-keyd", 0 },
	[P_MIXER] = { "mix-mixer", 1 },
	[P_MMTPD] = { "mix-mmtpd", 2 },
	[P_DELIVERD] = { "mix-deliverd", 3 },
	[P_DIRSYNC] = { "mix-dirsync", 4 },
	[P_RUN] = { "mix-run", 5 },
};
static const struct {
	const char *name;
	gid_t offset;
} groups_between[EDGE_COUNT + 1] = {
	[EDGE_IN] = { "mix-edge-in", 10 },
	[EDGE_OUT] = { "mix-edge-out", 11 },
	[EDGE_DEL] = { "mix-edge-del", 12 },
	[EDGE_COUNT] = { "mixminion-control", 20 },
};

static void
take_numbers(struct owners *o, uid_t base)
{
	for (enum proc_id p = 0; p < P_COUNT; p++)
		o->uid[p] = o->gid[p] = base + users[p].offset;
	for (enum edge e = 0; e <= EDGE_COUNT; e++)
		o->group[e] = base + groups_between[e].offset;
}

static void
take_myself(struct owners *o)
{
	for (enum proc_id p = 0; p < P_COUNT; p++) {
		o->uid[p] = geteuid();
		o->gid[p] = getegid();
	}
	for (enum edge e = 0; e <= EDGE_COUNT; e++)
		o->group[e] = getegid();
}

/* All of them or none: -1. */
static int
take_names(struct owners *o)
{
	const struct passwd *pw;
	const struct group *gr;

	for (enum proc_id p = 0; p < P_COUNT; p++) {
		if ((pw = getpwnam(users[p].name)) == NULL || pw->pw_uid == 0)
			return -1;
		o->uid[p] = pw->pw_uid;
		o->gid[p] = pw->pw_gid;
	}
	for (enum edge e = 0; e <= EDGE_COUNT; e++) {
		if ((gr = getgrnam(groups_between[e].name)) == NULL)
			return -1;
		o->group[e] = gr->gr_gid;
	}
	return 0;
}

void
owners_init(struct owners *o, uid_t base)
{
	o->many = geteuid() == 0;
	if (!o->many)
		take_myself(o);
	else if (base != 0)
		take_numbers(o, base);
	else if (take_names(o) == -1)
		take_numbers(o, DEFAULT_UID_BASE);
}

uid_t
owners_uid(const struct owners *o, enum proc_id p)
{
	return o->uid[p];
}

gid_t
owners_gid(const struct owners *o, enum proc_id p)
{
	return o->gid[p];
}

gid_t
owners_edge(const struct owners *o, enum edge e)
{
	return o->group[e];
}

gid_t
owners_control(const struct owners *o)
{
	return o->group[EDGE_COUNT];
}

/* An edge's group has two members: its consumer and its one producer. */
size_t
owners_groups(const struct owners *o, enum proc_id p, gid_t groups[3])
{
	size_t n = 0;

	if (p == P_MIXER || p == P_MMTPD)
		groups[n++] = owners_edge(o, EDGE_IN);
	if (p == P_MIXER || p == P_MMTPD)
		groups[n++] = owners_edge(o, EDGE_OUT);
	if (p == P_MIXER || p == P_DELIVERD)
		groups[n++] = owners_edge(o, EDGE_DEL);
	return n;
}

/* What no_new_privs makes useless goes as well; EINVAL is the end of the kernel's list. */
static void
drop_bounding_set(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		continue;
	if (errno != EINVAL)
		fatal("prctl");
}

void
owners_become(const struct owners *o, enum proc_id p)
{
	uid_t uid = owners_uid(o, p), r, e, s;
	gid_t gid = owners_gid(o, p), rg, eg, sg;
	gid_t groups[3];
	size_t n;

	if (!o->many)
		return;
	/* The sendmail of some mail servers is a program of root's, and needs what it may do. */
	if (p != P_RUN)
		drop_bounding_set();
	n = owners_groups(o, p, groups);
	if (setgroups(n, groups) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		fatal("becoming uid %u", (unsigned)uid);
	if (getresuid(&r, &e, &s) == -1 || getresgid(&rg, &eg, &sg) == -1 || r != uid || e != uid ||
	    s != uid || rg != gid || eg != gid || sg != gid || setuid(0) != -1)
		fatalx("uid %u was not taken on for good", (unsigned)uid);
}
