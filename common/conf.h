/*
 * The node's configuration, mixminiond.conf(5): every option of the reference, and ours, with its
 * default, checked, every fault with file and line.
 */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include "infofmt.h"
#include "log.h"
#include "options.h"

struct conf_schedule {
	int64_t *intervals; /* seconds between attempts */
	size_t n;
};

/* Options that the mail modules share; NULL where absent. */
struct conf_delivery {
	int enabled;
	int advertise;
	char *return_address;
	char *smtp_server; /* host, host:port, [IPv6] or [IPv6]:port */
	char *sendmail_command; /* accepted; needs deliverd-run */
	struct conf_schedule retry;
	int64_t max_size; /* octets, whole KB */
	int allow_from;
	char *subject_line;
	char *x_abuse;
	char *comments;
	char *message; /* put in front of every mail */
	char *from_tag;
};

enum mix_algorithm { MIX_TIMED, MIX_DYNAMIC, MIX_BINOMIAL };

struct server_conf {
	char *file; /* the path that was read */
	/* [Host] */
	char *shred_command, *entropy_source; /* of no effect, and a warning says so */
	struct opt_list trusted_users; /* names or numbers */
	int file_paranoia;
	/* [Server]: paths are absolute (relative ones taken from BaseDir) */
	char *base_dir, *key_dir, *work_dir, *queue_dir, *pid_file, *log_file, *stats_file;
	char *run_dir; /* BaseDir/run: role sockets, where systemd does not make them */
	enum log_level log_level;
	int echo_messages, daemonize, log_stats;
	int64_t stats_interval;
	int encrypt_identity_key, encrypt_private_key;
	unsigned identity_key_bits;
	int64_t key_lifetime, key_overlap;
	char *nickname, *contact_email, *contact_fingerprint, *comments;
	enum mix_algorithm mix_algorithm;
	int64_t mix_interval; /* seconds */
	double mix_pool_rate;
	long mix_pool_min;
	int64_t timeout; /* seconds */
	int64_t max_bandwidth, max_bandwidth_spike; /* octets a second; 0: none */
	/* [DirectoryServers] */
	int publish;
	int64_t max_skew;
	struct opt_list server_urls;
	/* [Incoming/MMTP] */
	char *ip, *hostname;
	uint16_t port;
	char *listen_ip, *listen_ip6; /* NULL: listen_ip is taken from IP; none for IPv6 */
	uint16_t listen_port;
	long max_incoming; /* MaxIncoming: connections at once (512) */
	/* [Outgoing/MMTP] */
	struct conf_schedule retry;
	long max_connections;
	/* our own: accept and speak what the reference speaks (LegacyTLS in either MMTP section) */
	int legacy_tls;
	/* [Delivery/...] */
	struct conf_delivery mbox, smtp;
	char *address_file, *remove_contact, *blacklist_file;
	int frag_enabled;
	int64_t frag_max_size, frag_max_interval;
	/*
	 * What the file gave and we take with a remark (obsolete, unsupported yet): said once by
	 * the caller.
	 */
	char **warnings;
	size_t nwarnings;
	char *home_dir; /* the older name of base_dir, which has it */
};

/*
 * Reads and checks the file. NULL with a reason "FILE:LINE: ..." on the first fault; faults (may
 * be NULL) is called for each of them.
 */
struct server_conf *conf_load(const char *path, void (*faults)(const char *), struct errmsg *e);
/* For check-conf: warned is told of the warnings, also where there are faults. */
struct server_conf *conf_load_all(const char *path, void (*faults)(const char *),
    void (*warned)(const char *), struct errmsg *e);
/* The same from text, for tests and the fuzzer; name stands for the file in messages. */
struct server_conf *conf_parse(const char *name, const char *text, size_t len,
    void (*faults)(const char *), struct errmsg *e);
void conf_free(struct server_conf *c);
/*
 * The first that exists of ~/.mixminiond.conf, ~/etc/mixminiond.conf, /etc/mixminiond.conf and
 * /etc/mixminion/mixminiond.conf; NULL if none. Caller frees.
 */
char *conf_find(void);
/*
 * Why this configuration is called insecure, appended as one line ("; " between reasons); empty
 * if it is not.
 */
void conf_insecurities(const struct server_conf *c, struct buf *out);

#endif
