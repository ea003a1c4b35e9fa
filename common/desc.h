/*
 * Server descriptors: dir-spec 3, 2.5, with what WIRE.md decides (D2 to D6).
 */
#ifndef COMMON_DESC_H
#define COMMON_DESC_H

#include "addrrule.h"
#include "header.h"
#include "infofmt.h"

#define DESC_VERSION "0.2"
#define DESC_MAX_LEN (128 * 1024)

#define DESC_IP4 1
#define DESC_IP6 2

struct desc {
	char *text; /* as it was given, owned */
	size_t textlen;
	char nickname[MAX_NICKNAME + 1];
	struct rsakey *identity;
	struct rsakey *packet_key;
	uint8_t keyid[HASH_LEN]; /* of the identity */
	uint8_t digest[HASH_LEN];
	int64_t published, valid_after, valid_until;
	/* NULL if absent. */
	char *contact, *contact_fingerprint, *comments, *software, *why_insecure;
	char *packet_versions;
	int secure; /* 1 yes, 0 no, -1 not said */
	/* Optional sections; a faulty one counts as absent (D3). */
	int has_incoming, has_outgoing, has_mbox, has_smtp, has_fragmented;
	char hostname[MAX_HOSTNAME + 1]; /* incoming */
	uint16_t port;
	int families; /* DESC_IP4 | DESC_IP6: what it can be reached by, as far as it says */
	char *in_protocols, *out_protocols; /* comma lists */
	long mbox_max_kb, smtp_max_kb;
	int mbox_allow_from, smtp_allow_from;
	long max_fragments;
	int64_t mix_interval; /* seconds, of [Testing]; -1: not said */
};

/*
 * Parses and verifies (digest, signature, bounds). now is for "published in the future". The
 * result is freed by desc_free.
 */
struct desc *desc_parse(const char *text, size_t len, int64_t now, struct errmsg *e);
/*
 * The same, telling a text whose digest or signature is wrong from one that is faulty otherwise:
 * the first condemns a directory that holds it, the second is skipped (D3).
 */
enum desc_fault { DESC_FAULTY, DESC_FORGED };
struct desc *desc_parse_why(const char *text, size_t len, int64_t now, enum desc_fault *why,
    struct errmsg *e);
void desc_free(struct desc *d);
/* Its keys are not needed any more: most of its memory. identity and packet_key are NULL then. */
void desc_drop_keys(struct desc *d);

int desc_valid_at(const struct desc *d, int64_t t); /* both ends included */
/* "0.3" is in the comma list. */
int protocol_listed(const char *list, const char *version);
/* Its host, port and key id; -1 if it takes no connections. */
int desc_addr(const struct desc *d, struct mix_addr *a);
/* Is every moment of d covered by later-published descriptors of the same nickname (3.2)? */
int desc_superseded(const struct desc *d, const struct desc *const *others, size_t n);

/* The text over which the digest is computed (2.5). */
void desc_stub(struct buf *out, const char *text, size_t len);
void desc_digest(uint8_t md[HASH_LEN], const char *text, size_t len);

/* What a node says of itself; strings are borrowed, NULL where absent. */
struct desc_params {
	const char *nickname, *contact, *contact_fingerprint, *comments, *software, *why_insecure;
	const struct rsakey *identity, *packet_key; /* public parts are enough */
	int64_t published, valid_after, valid_until;
	int secure;
	const char *hostname, *ip, *ip6;
	uint16_t port;
	const struct addr_rules *in_rules, *out_rules; /* NULL: none */
	int mbox, smtp, fragmented; /* advertise */
	long mbox_max_kb, smtp_max_kb, max_fragments;
	int mbox_allow_from, smtp_allow_from;
	int64_t mix_interval; /* seconds; 0: it is not said */
};

/*
 * The unsigned text (Digest: and Signature: empty), sections and entries in the reference's
 * order.
 */
void desc_format(struct buf *out, const struct desc_params *p);
/* Fills in both lines; text must hold them. Draws one OAEP seed. */
int desc_sign(struct buf *out, const char *text, size_t len, struct rsakey *identity,
    const struct rng *rng, struct errmsg *e);
/* The same with a signature made elsewhere (keyd): sig is the raw signature. */
int desc_fill(struct buf *out, const char *text, size_t len, const uint8_t digest[HASH_LEN],
    const void *sig, size_t siglen, struct errmsg *e);

#endif
