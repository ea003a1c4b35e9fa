#include <string.h>

#include "io.h"
#include "pubkey.h"

#define BEGIN	 "-----BEGIN RSA PUBLIC KEY-----"
#define END	 "-----END RSA PUBLIC KEY-----"
#define FILE_MAX 65536
#define MIN_BITS 2048

void
pubkey_format(struct buf *out, const struct rsakey *k)
{
	struct buf der = { 0 };

	rsakey_public_der(k, &der);
	buf_str(out, BEGIN "\n");
	b64_encode_lines(out, der.p, der.len);
	buf_str(out, END "\n");
	buf_free(&der);
}

/* What stands between the two lines, decoded; 0 where there are none. */
static int
from_pem(struct buf *der, struct buf *text)
{
	const char *begin = strstr(buf_cstr(text), BEGIN), *end;

	if (begin == NULL)
		return 0;
	begin += strlen(BEGIN);
	end = strstr(begin, END);
	return end != NULL && b64_decode(der, begin, (size_t)(end - begin), 1) == 0;
}

struct rsakey *
pubkey_read(const char *path, struct errmsg *e)
{
	struct buf text = { 0 }, der = { 0 };
	struct rsakey *k = NULL;
	struct errmsg why;

	if (input_read(path, &text, FILE_MAX, e) == 0) {
		if (!from_pem(&der, &text))
			buf_put(&der, text.p, text.len);
		k = rsakey_from_public_der(der.p, der.len, &why);
		if (k == NULL)
			(void)err_set(e, "%.300s: no public key: %.150s", path, why.s);
	}
	if (k != NULL && rsakey_bits(k) < MIN_BITS) {
		(void)err_set(e, "%.300s: a key of %u bits is too weak", path, rsakey_bits(k));
		rsakey_free(k);
		k = NULL;
	}
	buf_free(&text);
	buf_free(&der);
	return k;
}
