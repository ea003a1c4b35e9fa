/*
 * dird.conf(5): the configuration of a directory server, in the format and by the parser of
 * mixminiond.conf(5).
 */
#ifndef DIRD_DCONF_H
#define DIRD_DCONF_H

#include "directory.h"
#include "log.h"
#include "options.h"

#define DIRD_DAY 86400

struct dird_conf {
	char *file; /* the path that was read */
	/* [Directory]: paths are absolute (relative ones taken from BaseDir) */
	char *base_dir, *public_dir, *reliability_file;
	char *key_dir, *servers_dir, *run_dir, *log_file; /* BaseDir/keys, servers, run, log */
	enum log_level log_level;
	char *url; /* of B/, as the world sees it; ends with '/' */
	char *url_path; /* its path: "/" or "/dir/" */
	char *contact, *comments, *policy;
	int approve_new; /* a new identity needs no operator */
	long max_servers, max_waiting; /* identities */
	struct opt_list client_versions, server_versions; /* comma lists */
	struct opt_list recommended, bad, excluded; /* nicknames, comma lists */
	double reliability_min;
	int64_t reliability_max_age; /* seconds */
	unsigned identity_bits;
	int encrypt_identity;
	int old_format;
	/* [Voting] */
	int64_t interval; /* seconds between two consensus directories */
	struct opt_list authority_lines;
	struct dir_voter *voters; /* the clique, ourselves among them, in no order */
	size_t nvoters;
	int mirror; /* no key and no vote: what the authorities signed is served */
	char *proxy; /* for fetching; NULL: none */
	/* [HTTP] */
	char *listen_ip, *listen_ip6;
	uint16_t port;
	long max_connections, max_per_address, uploads_per_hour;
	int64_t timeout; /* seconds */
};

/*
 * Reads and checks the file. NULL with a reason "FILE:LINE: ..." on the first fault; faults (may
 * be NULL) is called for each of them.
 */
struct dird_conf *dconf_load(const char *path, void (*faults)(const char *), struct errmsg *e);
/* The same from text; name stands for the file in messages. */
struct dird_conf *dconf_parse(const char *name, const char *text, size_t len,
    void (*faults)(const char *), struct errmsg *e);
void dconf_free(struct dird_conf *c);
/*
 * Our own index in the clique, which without Authority lines is ourselves alone. -1 with a reason
 * if it has others only, or us under another URL.
 */
int dconf_self(struct dird_conf *c, const uint8_t fingerprint[HASH_LEN], struct errmsg *e);
/* The first that exists of /etc/dird.conf and /etc/mixminion/dird.conf; NULL if none. */
const char *dconf_find(void);
/* Is it on one of the comma lists? Case does not matter. */
int dconf_lists(const struct opt_list *l, const char *nickname);

#endif
