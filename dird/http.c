/*
 * dird-http: the network. Files of one folder go out, descriptors come in and are handed to
 * dird-core unread. Addresses of clients are in this process's memory alone, for an hour at most.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dird.h"
#include "flood.h"
#include "httpname.h"
#include "dproto.h"
#include "upload.h"

#define BODY_MAX      (4 * UPLOAD_MAX) /* octets of a POST: base-64 may be escaped */
#define CONN_MEMORY   (32 * 1024)
#define RECONNECT_MS  500
#define ANSWER_MS     30000 /* core may be counting votes */
#define FORM_BUFFER   4096

static const char usage[] =
    "usage: dird http [-1hnU] [-f file] [-l level] [-s directory]\n"
    "Serves the documents of a directory server, and takes descriptors for dird-core.\n"
    "Started by systemd or \"dird start\".\n";

static struct {
	struct dird_role role;
	struct MHD_Daemon *mhd[2];
	unsigned nmhd;
	struct loop_timer *timer, *again, *sweep;
	struct ipc_conn *core;
	int public_dir;
	struct flood flood;
	struct upload_req *waiting; /* for core */
	uint32_t last_id;
} http;

/* One upload. */
struct upload_req {
	struct MHD_Connection *conn;
	struct MHD_PostProcessor *form;
	struct buf desc;
	size_t got; /* octets of the body */
	int over;
	uint32_t id; /* asked core */
	int64_t deadline;
	int suspended;
	struct buf reply; /* what core said */
	struct upload_req *next;
};

/* --- answers --- */

static enum MHD_Result
respond(struct MHD_Connection *c, unsigned status, struct MHD_Response *r)
{
	enum MHD_Result rc;

	if (r == NULL)
		return MHD_NO;
	rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result
respond_text(struct MHD_Connection *c, unsigned status, const void *p, size_t len)
{
	void *copy = malloc(len + 1);
	struct MHD_Response *r;

	if (copy == NULL)
		return MHD_NO;
	memcpy(copy, p, len);
	r = MHD_create_response_from_buffer(len, copy, MHD_RESPMEM_MUST_FREE);
	if (r == NULL) {
		free(copy);
		return MHD_NO;
	}
	MHD_add_response_header(r, "Content-Type", "text/plain");
	return respond(c, status, r);
}

static enum MHD_Result
respond_word(struct MHD_Connection *c, unsigned status, const char *word)
{
	return respond_text(c, status, word, strlen(word));
}

/* --- files --- */

static void
http_date(char out[32], time_t t)
{
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, 32, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

/* We wrote the date that comes back: no other form of it need be understood. */
static int
not_modified(struct MHD_Connection *c, const char *date)
{
	const char *since = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "If-Modified-Since");

	return since != NULL && strcmp(since, date) == 0;
}

static enum MHD_Result
respond_file(struct MHD_Connection *c, const char *name)
{
	int fd = openat(http.public_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct MHD_Response *r;
	struct stat st;
	char date[32];

	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		if (fd != -1)
			close(fd);
		return respond_word(c, MHD_HTTP_NOT_FOUND, "There is no such document.\n");
	}
	http_date(date, st.st_mtime);
	if (not_modified(c, date)) {
		close(fd);
		r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
		return respond(c, MHD_HTTP_NOT_MODIFIED, r);
	}
	if ((r = MHD_create_response_from_fd64((uint64_t)st.st_size, fd)) == NULL) {
		close(fd);
		return MHD_NO;
	}
	MHD_add_response_header(r, "Last-Modified", date);
	MHD_add_response_header(r, "Content-Type", httpname_type(name));
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(r, "Content-Security-Policy",
	    "default-src 'none'; style-src 'unsafe-inline'");
	return respond(c, MHD_HTTP_OK, r);
}

/* --- uploads --- */

static enum MHD_Result
respond_upload(struct MHD_Connection *c, enum upload u)
{
	struct buf b = { 0 };
	enum MHD_Result rc;

	upload_reply(&b, u, NULL);
	rc = respond_text(c, MHD_HTTP_OK, b.p, b.len);
	buf_free(&b);
	return rc;
}

static enum MHD_Result
on_field(void *arg, enum MHD_ValueKind kind, const char *key, const char *filename,
    const char *type, const char *encoding, const char *data, uint64_t off, size_t size)
{
	struct upload_req *u = arg;

	(void)kind;
	(void)filename;
	(void)type;
	(void)encoding;
	/* A part of a form may have no name. */
	if (key == NULL || strcmp(key, "desc") != 0)
		return MHD_YES;
	if (off != u->desc.len || size > UPLOAD_MAX - u->desc.len)
		u->over = 1;
	else
		buf_put(&u->desc, data, size);
	return MHD_YES;
}

/* What is far too long is not even read to its end. */
static enum MHD_Result
take_body(struct upload_req *u, const char *data, size_t *size)
{
	u->got += *size;
	if (u->got > BODY_MAX)
		u->over = 1;
	if (!u->over && u->form != NULL)
		MHD_post_process(u->form, data, *size);
	*size = 0;
	return u->got > 8 * BODY_MAX ? MHD_NO : MHD_YES;
}

static uint32_t
peer_address(struct MHD_Connection *c, uint8_t addr[16])
{
	const union MHD_ConnectionInfo *i =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const void *sa = i != NULL ? i->client_addr : NULL;

	return flood_address(addr, sa);
}

/* Has it all, or what there was of it. */
static enum MHD_Result
hand_over(struct upload_req *u)
{
	uint8_t addr[16];
	uint32_t len = peer_address(u->conn, addr);

	if (u->over)
		return respond_upload(u->conn, UP_OVERSIZED);
	if (u->desc.len == 0)
		return respond_word(u->conn, MHD_HTTP_BAD_REQUEST,
		    "Status: 0\nMessage: There is no field \"desc\" in this form.\n");
	if (!flood_allows(&http.flood, addr, len, loop_now()))
		return respond_upload(u->conn, UP_FLOOD);
	u->id = ++http.last_id;
	if (http.core == NULL ||
	    ipc_send(http.core, V_UPLOAD, u->id, u->desc.p, u->desc.len) == -1)
		return respond_upload(u->conn, UP_BUSY);
	u->deadline = loop_now() + ANSWER_MS;
	u->suspended = 1;
	u->next = http.waiting;
	http.waiting = u;
	MHD_suspend_connection(u->conn);
	return MHD_YES;
}

static void
drive(void)
{
	int64_t ms = -1;

	for (unsigned i = 0; i < http.nmhd; i++) {
		MHD_UNSIGNED_LONG_LONG t;

		MHD_run(http.mhd[i]);
		if (MHD_get_timeout(http.mhd[i], &t) == MHD_YES && (ms == -1 || (int64_t)t < ms))
			ms = (int64_t)t;
	}
	loop_timer_set(http.timer, ms);
}

/* The answer is there (or none will come): the connection goes on with it. */
static void
wake(struct upload_req *u)
{
	struct upload_req **p = &http.waiting;

	while (*p != u)
		p = &(*p)->next;
	*p = u->next;
	u->suspended = 0;
	if (u->reply.len == 0)
		upload_reply(&u->reply, UP_BUSY, NULL);
	MHD_resume_connection(u->conn);
}

static int
on_answer(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct upload_req *u = http.waiting;

	(void)c;
	while (u != NULL && u->id != id)
		u = u->next;
	if (u == NULL)
		return 0;
	buf_put(&u->reply, body, len);
	wake(u);
	drive();
	return 0;
}

static void
finish_upload(struct upload_req *u)
{
	struct upload_req **p = &http.waiting;

	while (u->suspended && *p != NULL && *p != u)
		p = &(*p)->next;
	if (u->suspended && *p == u)
		*p = u->next;
	if (u->form != NULL)
		MHD_destroy_post_processor(u->form);
	buf_free(&u->desc);
	buf_free(&u->reply);
	free(u);
}

/* --- a request --- */

static struct upload_req no_upload; /* the state of every other request */

static enum MHD_Result
begin_upload(struct MHD_Connection *c, void **state)
{
	struct upload_req *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return MHD_NO;
	u->conn = c;
	u->form = MHD_create_post_processor(c, FORM_BUFFER, on_field, u);
	*state = u;
	return MHD_YES;
}

static enum MHD_Result
on_upload(struct MHD_Connection *c, const char *data, size_t *size, void **state)
{
	struct upload_req *u = *state;

	if (u == NULL)
		return begin_upload(c, state);
	if (*size > 0)
		return take_body(u, data, size);
	if (u->reply.len > 0)
		return respond_text(c, MHD_HTTP_OK, u->reply.p, u->reply.len);
	if (u->form == NULL)
		return respond_word(c, MHD_HTTP_BAD_REQUEST,
		    "Status: 0\nMessage: This is no form.\n");
	return hand_over(u);
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *data, size_t *size, void **state)
{
	const char *base = http.role.conf->url_path, *name;

	(void)arg;
	(void)version;
	if (strcmp(method, "POST") == 0 && httpname_upload(url, base))
		return on_upload(c, data, size, state);
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return respond_word(
		    c, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET, HEAD, and POST to upload.\n");
	/* An answer at the first call would end the connection. */
	if (*state == NULL) {
		*state = &no_upload;
		return MHD_YES;
	}
	*size = 0;
	if ((name = httpname_file(url, base)) == NULL)
		return respond_word(c, MHD_HTTP_NOT_FOUND, "There is no such document.\n");
	return respond_file(c, name);
}

static void
on_completed(void *arg, struct MHD_Connection *c, void **state,
    enum MHD_RequestTerminationCode code)
{
	(void)arg;
	(void)c;
	(void)code;
	if (*state != NULL && *state != &no_upload)
		finish_upload(*state);
	*state = NULL;
}

/* --- core --- */

static const struct ipc_verb verbs[] = {
	{ V_UPLOAD, 1, IPC_MAX_BODY, on_answer },
	{ 0, 0, 0, NULL },
};

static void
on_core_gone(struct ipc_conn *c, void *arg)
{
	(void)c;
	(void)arg;
	http.core = NULL;
	if (http.role.d.one_uid)
		fatalx("dird-core is gone");
	while (http.waiting != NULL)
		wake(http.waiting);
	drive();
	loop_timer_set(http.again, RECONNECT_MS);
}

static void
connect_again(void *arg)
{
	int fd = daemon_try_connect(&http.role.d, SOCK_DIRD_UPLOAD);

	(void)arg;
	if (fd == -1)
		loop_timer_set(http.again, RECONNECT_MS);
	else
		http.core = ipc_conn_new(
		    http.role.d.loop, fd, SOCK_DIRD_UPLOAD, verbs, on_core_gone, NULL);
}

/* --- the loop --- */

static void
on_io(int fd, short revents, void *arg)
{
	(void)fd;
	(void)revents;
	(void)arg;
	drive();
}

static void
on_timer(void *arg)
{
	(void)arg;
	drive();
}

/* Who waited for core too long is told so. */
static void
on_sweep(void *arg)
{
	struct upload_req *next;

	(void)arg;
	for (struct upload_req *u = http.waiting; u != NULL; u = next) {
		next = u->next;
		if (u->deadline < loop_now())
			wake(u);
	}
	flood_sweep(&http.flood, loop_now());
	drive();
	loop_timer_set(http.sweep, 1000);
}

/* Errors of clients are theirs: the log stays still. */
static void
no_log(void *arg, const char *fmt, va_list ap)
{
	(void)arg;
	(void)fmt;
	(void)ap;
}

static void
serve(int fd)
{
	const struct dird_conf *c = http.role.conf;
	const union MHD_DaemonInfo *info;
	struct MHD_Daemon *d = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request,
	    NULL, MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)c->max_connections,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)c->max_per_address,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)c->timeout,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONN_MEMORY, MHD_OPTION_NOTIFY_COMPLETED,
	    on_completed, NULL, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);

	if (d == NULL || (info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_EPOLL_FD)) == NULL)
		fatalx("libmicrohttpd does not start");
	loop_add(http.role.d.loop, info->epoll_fd, POLLIN, on_io, NULL);
	http.mhd[http.nmhd++] = d;
}

int
role_http(int argc, char **argv)
{
	struct sandbox_path paths[2];
	int fd;

	role_init(&http.role, "dird-http", argc, argv, usage);
	http.public_dir = daemon_opendir(http.role.conf->public_dir);
	flood_init(&http.flood, (unsigned)http.role.conf->uploads_per_hour);
	http.timer = loop_timer(http.role.d.loop, on_timer, NULL);
	http.again = loop_timer(http.role.d.loop, connect_again, NULL);
	http.sweep = loop_timer(http.role.d.loop, on_sweep, NULL);
	for (unsigned i = 0; i < 2 && (fd = daemon_socket("dird-tcp", i)) != -1; i++)
		serve(fd);
	if (http.nmhd == 0)
		fatal_permanent("no socket was passed in: \"dird start\" or systemd does");
	http.core = ipc_conn_new(http.role.d.loop,
	    daemon_connect(&http.role.d, SOCK_DIRD_UPLOAD), SOCK_DIRD_UPLOAD, verbs, on_core_gone,
	    NULL);
	paths[0] = (struct sandbox_path){ http.role.conf->public_dir, SB_READ };
	paths[1] = (struct sandbox_path){ http.role.d.run_dir, SB_READ };
	daemon_confine(&http.role.d, ROLE_DIRD_HTTP, paths, 2);
	loop_timer_set(http.sweep, 1000);
	drive();
	daemon_ready(&http.role.d);
	loop_run(http.role.d.loop);
	return 0;
}
