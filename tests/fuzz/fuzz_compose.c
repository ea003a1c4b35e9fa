/*
 * The mail that an exit makes of any message: its lines are lines, and its headers are ours.
 */
#include "../../deliverd/compose.c"

#include "compress.h"
#include "fuzz.h"

static const char *const names[] = { "From: ", "To: ", "Subject: ", "Date: ", "Message-ID: ",
	"In-Reply-To: ", "References: ", "X-Anonymous: ", "MIME-Version: ", "Content-Type: ",
	"Content-Transfer-Encoding: " };

/* Ends lines by CRLF alone, none longer than mail may have; gives where the headers end. */
static size_t
check_lines(const struct buf *m)
{
	size_t col = 0, headers = 0;

	for (size_t i = 0; i < m->len; i++) {
		if (m->p[i] != '\r') {
			HOLDS(m->p[i] != '\n' && m->p[i] != '\0' && ++col <= 998);
			continue;
		}
		HOLDS(i + 1 < m->len && m->p[i + 1] == '\n');
		i++;
		if (col == 0 && headers == 0)
			headers = i;
		col = 0;
	}
	HOLDS(col == 0 && headers != 0);
	return headers;
}

/* The names in our order, each at most once; other lines of the header continue one. */
static void
check_headers(const uint8_t *p, size_t len)
{
	size_t next = 0, at = 0;

	while (at < len) {
		const uint8_t *nl = memchr(p + at, '\n', len - at);
		size_t n = nl == NULL ? len - at : (size_t)(nl - (p + at)) + 1;

		if (n > 2 && p[at] != ' ') {
			const char *line = (const char *)p + at;

			while (next < 11 && strncmp(line, names[next], strlen(names[next])) != 0)
				next++;
			HOLDS(next < 11);
			next++;
		}
		for (size_t i = 0; i < n; i++)
			HOLDS(p[at + i] < 0x7f);
		at += n;
	}
	HOLDS(next == 11);
}

static int
all_ascii(const struct buf *m)
{
	for (size_t i = 0; i < m->len; i++)
		if (m->p[i] > 0x7f)
			return 0;
	return 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char ra[] = "nobody@exit.example", tag[] = "[\"\\Anon]";
	const struct conf_delivery conf = { .return_address = ra, .from_tag = tag,
		.allow_from = 1 };
	struct mail m = { .to = { .n = 1, .addr = { "a@one.example" } } };
	struct delivery d;
	struct buf z = { 0 };
	size_t headers;

	mix_compress(&z, data, len);
	delivery_from_compressed(&d, z.p, z.len);
	if (!d.error) {
		HOLDS(compose_mail(&m, &d, &conf, 1795231569, &rng_system, NULL) == 0);
		headers = check_lines(&m.text);
		check_headers(m.text.p, headers + 1);
		HOLDS(m.eightbit || all_ascii(&m.text));
	}
	buf_wipe(&m.text);
	delivery_free(&d);
	buf_free(&z);
	return 0;
}
