/*
 * The user's configuration, mixminionrc(5).
 */
#ifndef MIXMINION_CLIENTCONF_H
#define MIXMINION_CLIENTCONF_H

#include "bytes.h"
#include "options.h"

struct client_conf {
	char *file; /* the path that was read */
	/* [Host] */
	char *shred_command, *entropy_source; /* of no effect, and a warning says so */
	struct opt_list trusted_users;
	int file_paranoia;
	/* [User] */
	char *user_dir;
	/* [Security] */
	char *surb_address; /* NULL if absent */
	int64_t surb_lifetime; /* seconds */
	char *forward_path, *reply_path, *surb_path;
	struct opt_list block_servers, block_entries, block_exits; /* nicknames, one each */
	/* [DirectoryServers] */
	struct opt_list server_urls;
	struct opt_list trusted; /* DirectoryFingerprint: 40 hex digits each; may be none */
	/* "FINGERPRINT URL": their fingerprints are in trusted too, their URLs in server_urls */
	struct opt_list directory_servers;
	char *directory_list; /* a file of more of them, where the configuration names none */
	int64_t max_skew, dir_timeout;
	int allow_old_directory;
	/* [Network] */
	int64_t timeout; /* seconds */
	int legacy_tls; /* our own: speak what the reference's nodes speak */
	/* Said once by the caller. */
	struct opt_list warnings;
	int64_t connection_timeout; /* the older name of timeout, which has it */
};

/*
 * Reads path, or where that is NULL $MIXMINIONRC, ~/.mixminionrc or ~/mixminionrc, the first that
 * there is; if none, ~/.mixminionrc is written with the defaults and read. NULL with a reason
 * "FILE:LINE: ...".
 */
struct client_conf *clientconf_load(const char *path, struct errmsg *e);
/* The same from text; name stands for the file in messages. */
struct client_conf *clientconf_parse(const char *name, const char *text, size_t len,
    struct errmsg *e);
/* Adds the servers of a list's text, [DirectoryServers] with DirectoryServer lines. */
int clientconf_list_parse(struct client_conf *c, const char *name, const char *text, size_t len,
    struct errmsg *e);
void clientconf_free(struct client_conf *c);

#endif
