/* a_primitives.json: compression and the octets of MMTP. */
#include "compress.h"
#include "mmtp.h"
#include "vec.h"

static void
compress_one(const json_t *x, size_t i)
{
	struct buf data = vec_bytes(x, "data_b64"), want = vec_bytes(x, "compressed_b64");
	struct buf got = { 0 };

	vec_begin("compress %zu (%zu octets)", i, data.len);
	mix_compress(&got, data.p, data.len);
	VEC(vec_eq(&want, got.p, got.len));
	vec_end();
	buf_free(&data);
	buf_free(&want);
	buf_free(&got);
}

static void
uncompress_one(const json_t *x)
{
	struct buf data = vec_bytes(x, "data_b64"), got = { 0 }, want;
	const json_t *max = json_object_get(x, "max_length");
	const char *exception = json_string_value(json_object_get(x, "exception"));
	int r, over = exception != NULL && strcmp(exception, "CompressedDataTooLong") == 0;

	vec_begin("uncompress %s", vec_str(x, "name"));
	r = mix_uncompress(&got, data.p, data.len,
	    json_is_integer(max) ? (size_t)json_integer_value(max) : 0, NULL);
	if (vec_accept(x, "verdict")) {
		want = vec_bytes(x, "result_b64");
		VEC(r == 0);
		VEC(vec_eq(&want, got.p, got.len));
		buf_free(&want);
	} else {
		VEC(r == (over ? UNCOMPRESS_OVER : UNCOMPRESS_BAD));
	}
	vec_end();
	buf_free(&data);
	buf_free(&got);
}

static void
check_frame(const json_t *x, const char *prefix, const char *digest, int junk)
{
	struct buf packet = vec_bytes(x, "packet_b64"), got = { 0 };

	mmtp_frame(&got, NULL, packet.p, junk);
	VEC(got.len == MMTP_FRAME_LEN);
	VEC(vec_eq_hex(got.p, 6, x, prefix));
	VEC(memcmp(got.p + 6, packet.p, PACKET_LEN) == 0);
	VEC(vec_eq_hex(got.p + 6 + PACKET_LEN, HASH_LEN, x, digest));
	buf_free(&packet);
	buf_free(&got);
}

static void
check_acks(const json_t *x, const char *received, int junk)
{
	struct buf packet = vec_bytes(x, "packet_b64"), frame = { 0 };
	struct mmtp_acks got;

	mmtp_frame(&frame, &got, packet.p, junk);
	VEC(vec_eq_hex(got.received, MMTP_ACK_LEN, x, received));
	VEC(vec_eq_hex(got.rejected, MMTP_ACK_LEN, x, "rejected_hex"));
	buf_free(&packet);
	buf_free(&frame);
}

static void
mmtp_strings(const json_t *x)
{
	vec_begin("mmtp frames and acknowledgements");
	VEC(strcmp(vec_str(x, "client_hello"), MMTP_HELLO) == 0);
	VEC(strcmp(vec_str(x, "server_hello"), MMTP_HELLO) == 0);
	check_frame(x, "send_prefix_hex", "send_digest_hex", 0);
	check_frame(x, "junk_prefix_hex", "junk_digest_hex", 1);
	check_acks(x, "received_hex", 0);
	check_acks(x, "received_junk_hex", 1);
	vec_end();
}

void
vec_a_payload_parts(json_t *v)
{
	size_t i;
	json_t *x;

	json_array_foreach(json_object_get(v, "compress"), i, x)
		compress_one(x, i);
	json_array_foreach(json_object_get(v, "uncompress"), i, x)
		uncompress_one(x);
	mmtp_strings(json_object_get(v, "mmtp"));
}
