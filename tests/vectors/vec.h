/*
 * Running the reference's vectors: each file of a folder (schema: MANIFEST.json there) has one
 * function here. Every vector is one test: vec_begin names it, VEC checks, vec_end prints "ok" or
 * "not ok".
 */
#ifndef TESTS_VECTORS_VEC_H
#define TESTS_VECTORS_VEC_H

#include <jansson.h>
#include <string.h>

#include "bytes.h"
#include "crypto.h"
#include "header.h"
#include "packet.h"
#include "rsakey.h"

/* keys.json: all that the other files refer to by name. */
struct vec_server {
	const char *nick;
	struct rsakey *identity, *packet;
	struct hop hop; /* address and packet key */
};
#define VEC_MAX_SERVERS 16
struct vec_keys {
	struct vec_server servers[VEC_MAX_SERVERS];
	size_t nservers;
	struct {
		const char *name;
		struct rsakey *key;
	} recipients[VEC_MAX_SERVERS];
	size_t nrecipients;
	struct rsakey *directory[VEC_MAX_SERVERS];
	size_t ndirectory;
};
extern struct vec_keys keys;
const struct vec_server *vec_server(const char *nick); /* exits if unknown */
json_t *vec_load(const char *name); /* "b_packets": the file NAME.json of the folder, cached */

void vec_begin(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void vec_fail(const char *file, int line, const char *what);
void vec_end(void);
int vec_summary(void); /* prints "N passed, N failed"; the exit status */
void vec_keys_load(void); /* from keys.json, into keys */
void vec_keys_free(void);
#define VEC(cond)                                            \
	do {                                                 \
		if (!(cond))                                 \
			vec_fail(__FILE__, __LINE__, #cond); \
	} while (0)

/*
 * 1 if this vector ("c_surb extra-data") is one of those that the reference accepts and we
 * refuse, or the other way round. The table in differ.c names the row of README (WIRE) that
 * decides so.
 */
int vec_differs(const char *file, const char *name);

/* Field access; exits with a message if a field is missing or of another type. */
const char *vec_str(const json_t *o, const char *key);
long long vec_int(const json_t *o, const char *key);
int vec_accept(const json_t *o, const char *key); /* the verdict: "accept" is 1 */
/*
 * Decoded into a fresh buffer that the caller frees: KEY names the field, "..._hex" or "..._b64"
 * or latin-1 text.
 */
struct buf vec_bytes(const json_t *o, const char *key);
struct buf vec_bytes_of(const json_t *value, const char *kind); /* kind "hex", "b64" or "text" */
int vec_eq(const struct buf *b, const void *p, size_t len); /* frees nothing */
int vec_eq_hex(const void *p, size_t len, const json_t *o, const char *key);

/*
 * A rng that hands out queued octets; asking for another amount than was queued next is a
 * failure.
 */
struct vec_rng {
	struct buf parts[256];
	size_t n, next;
	struct rng rng;
};
void vec_rng_init(struct vec_rng *r);
void vec_rng_push(struct vec_rng *r, const void *p, size_t len);
void vec_rng_push_hex(struct vec_rng *r, const char *hex);
void vec_rng_push_list(struct vec_rng *r, const json_t *list, int reverse); /* of hex strings */
int vec_rng_done(const struct vec_rng *r); /* all was drawn */
void vec_rng_free(struct vec_rng *r);

/* The hops of a list of nicknames; out has room for MAX_HOPS. Returns how many. */
size_t vec_path(struct hop *out, const json_t *nicknames);
/*
 * Queues build_randomness of a packet in the order in which our builder draws; leg 2 only where
 * there is one.
 */
void vec_push_build(struct vec_rng *r, const json_t *randomness);
/*
 * Takes packet (PACKET_LEN octets) through hops[], comparing everything that each of them says.
 * The last hop's result is left in *last.
 */
void vec_check_hops(const uint8_t *packet, const json_t *hops, struct unwrapped *last);
/*
 * One element of hops[] or outcome[] against what our code made of it (u: -1 for a key that did
 * not open it).
 */
void vec_check_result(int u, const struct unwrapped *got, const json_t *want);
/* A "deliver" element that says what the exit makes of the payload. */
void vec_check_delivery(const struct unwrapped *got, const json_t *want);

/* One a file. */
void vec_a_primitives(json_t *v);
void vec_a_payload_parts(json_t *v); /* compress, uncompress, mmtp */
void vec_b_packets(json_t *v);
void vec_c_surb(json_t *v);
void vec_d_e2e(json_t *v);
void vec_e_fragments(json_t *v);
void vec_f_descriptors(json_t *v);
void vec_g_directory(json_t *v);
void vec_h_replay(json_t *v);
void vec_i_negative(json_t *v);
void vec_j_delivered(json_t *v);
void vec_k_ratio(json_t *v); /* of our own: tests/vectors/own */

#endif
