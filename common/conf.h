/*
 * The node's configuration, mixminiond.conf(5): every option of the reference, and ours, with its
 * default, checked, every fault with file and line.
 */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include "addrrule.h"
#include "infofmt.h"
#include "log.h"
#include "options.h"

struct conf_schedule {
	int64_t *intervals; /* seconds between attempts */
	size_t n;
};

#define DELIVERY_MAX_CONNECTIONS 16
#define DELIVERY_PIN_LEN	 32 /* SHA-256 of a SubjectPublicKeyInfo */

enum conf_smtp_tls { SMTPTLS_OFF, SMTPTLS_TRY, SMTPTLS_REQUIRED, SMTPTLS_IMPLICIT };

/* "N per INTERVAL"; n 0: no limit. */
struct conf_rate {
	long n;
	int64_t interval; /* seconds */
};

/* Options that the mail modules share; NULL where absent. */
struct conf_delivery {
	int enabled;
	int advertise;
	char *return_address;
	char *smtp_server; /* host, host:port, [IPv6] or [IPv6]:port */
	char *smtp_helo; /* NULL: the domain of return_address */
	enum conf_smtp_tls smtp_tls;
	char *smtp_ca_file; /* NULL: the system's */
	struct opt_list smtp_pins; /* each as 64 hexadecimal digits */
	char *smtp_user, *smtp_password_file;
	char *sendmail_command; /* run by deliverd-run */
	struct conf_schedule retry;
	long max_connections; /* to the server at once */
	int64_t max_size; /* octets, whole KB */
	int allow_from;
	char *subject_line;
	char *x_abuse;
	char *comments;
	char *message; /* put in front of every mail */
	char *from_tag;
};

#define CONF_MAX_MODULES 16

/* Module: a program for an exit type, run by deliverd-run. */
struct conf_module {
	uint16_t rtype;
	char *command;
};

struct conf_modules {
	struct conf_module *v;
	size_t n;
	int foreign; /* the reference's classes were named too: of no effect */
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
	char *metrics_socket, *metrics_file; /* NULL: none */
	int metrics_traffic;
	int encrypt_identity_key, encrypt_private_key;
	unsigned identity_key_bits;
	int64_t key_lifetime, key_overlap;
	char *module_path; /* directories, separated by ':' */
	struct conf_modules modules;
	int64_t command_timeout; /* seconds */
	int64_t command_memory; /* octets */
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
	struct opt_list server_urls, publish_urls;
	struct opt_list directory_servers; /* trusted: "FINGERPRINT URL", as OPT_DIRSERVERS says */
	char *dir_proxy; /* NULL: none */
	int64_t fetch_interval; /* seconds */
	/* [Incoming/MMTP] */
	char *ip, *hostname;
	uint16_t port;
	char *listen_ip, *listen_ip6; /* NULL: listen_ip is taken from IP; none for IPv6 */
	uint16_t listen_port;
	long max_incoming; /* MaxIncoming: connections at once (512) */
	struct addr_rules incoming_rules; /* Allow and Deny */
	/* [Outgoing/MMTP] */
	struct conf_schedule retry;
	long max_connections;
	struct addr_rules outgoing_rules;
	/* our own: accept and speak what the reference speaks (LegacyTLS in either MMTP section) */
	int legacy_tls;
	/* [Delivery/...] */
	struct conf_delivery mbox, smtp, mix2;
	char *mix_command, *mix_server; /* [Delivery/SMTP-Via-Mixmaster] */
	char *address_file, *remove_contact, *blacklist_file;
	char *mailbox_dir; /* Maildirs and mbox files that AddressFile names lie there */
	struct conf_rate recipient_limit, domain_limit; /* of [Delivery/SMTP] */
	int frag_enabled;
	int64_t frag_max_size, frag_max_interval, frag_max_space;
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
/* 1 if something is to be run: then deliverd-run is a process of the node. */
int conf_runs_commands(const struct server_conf *c);
/* The host of SMTPServer, freed by the caller, and its port, or the one that goes with SMTPTLS. */
char *conf_mail_host(const struct conf_delivery *d, uint16_t *port);
/*
 * The first that exists of ~/.mixminiond.conf, ~/etc/mixminiond.conf, /etc/mixminiond.conf and
 * /etc/mixminion/mixminiond.conf; NULL if none. Caller frees.
 */
char *conf_find(void);
/*
 * Names the options that differ and that only a start can change: "Port, ListenIP", or "".
 */
void conf_fixed(const struct server_conf *old, const struct server_conf *fresh, struct errmsg *out);
/*
 * Why this configuration is called insecure, appended as one line ("; " between reasons); empty
 * if it is not.
 */
void conf_insecurities(const struct server_conf *c, struct buf *out);

#endif
