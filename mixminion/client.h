/*
 * What the commands share: configuration, UserDir, what is known of the network, and the time.
 */
#ifndef MIXMINION_CLIENT_H
#define MIXMINION_CLIENT_H

#include "cli.h"
#include "clientdir.h"
#include "home.h"
#include "tls.h"

#define DAY 86400

struct client {
	struct client_conf *conf;
	struct home home;
	struct clientdir *dir; /* NULL where none was asked for */
	int64_t now;
};

/* What of the network is wanted: nothing, what is known, or also a new directory if it is time. */
enum want_dir { CLIENT_NO_DIR, CLIENT_DIR, CLIENT_FRESH_DIR };

/* 0, or an exit status after saying why. */
int client_open(struct client *c, const struct cli *cli, enum want_dir want);
void client_close(struct client *c);
/*
 * How to speak TLS with the server of that key id: LegacyTLS and its descriptor decide (WIRE
 * "MMTP and TLS").
 */
enum tls_kind client_tls_kind(const struct client *c, const uint8_t keyid[HASH_LEN]);
/* The nickname that goes with a key id, or NULL. */
const char *client_nickname(const struct client *c, const uint8_t keyid[HASH_LEN]);
/* The last midnight UTC that is not after t: descriptors and reply blocks end at one. */
int64_t last_midnight(int64_t t);

#endif
