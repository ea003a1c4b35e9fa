/*
 * A stand-in for keyd and the supervisor, to try mmtpd alone: makes an identity in memory,
 * listens, starts the program given with the sockets that it expects, and answers WHOAMI and
 * CERTIFY. Prints the key id. usage: fakekeyd IDENTITY.KEY RUNDIR PORT PROGRAM [ARGUMENT...]
 * (lifetime of certificates: $FAKEKEYD_LIFETIME seconds)
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto.h"
#include "ipc.h"
#include "loop.h"
#include "proto.h"
#include "rsakey.h"

static struct rsakey *identity;
static uint8_t keyid[HASH_LEN];
static pid_t child;
static int64_t lifetime = 26 * 3600;

static X509 *
make_cert(EVP_PKEY *key, const char *cn, const EVP_MD *md)
{
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set_int64(X509_get_serialNumber(x), (int64_t)random());
	X509_gmtime_adj(X509_getm_notBefore(x), -7200);
	X509_gmtime_adj(X509_getm_notAfter(x), (long)lifetime);
	X509_NAME_add_entry_by_txt(
	    subject, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, subject);
	X509_set_pubkey(x, key);
	if (X509_sign(x, rsakey_evp(identity), md) == 0)
		errx(1, "X509_sign");
	return x;
}

static void
put_cert(struct buf *b, uint32_t *len, X509 *x)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);

	buf_put(b, der, (size_t)n);
	*len = (uint32_t)n;
	OPENSSL_free(der);
	X509_free(x);
}

static int
certify(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct certify_rep rep = { .status = ST_OK, .not_after = (int64_t)time(NULL) + lifetime };
	const unsigned char *p = body + sizeof(struct certify_req);
	struct certify_req req;
	struct buf certs = { 0 }, out = { 0 };
	const EVP_MD *md;
	EVP_PKEY *key;

	memcpy(&req, body, sizeof(req));
	md = req.kind == CERT_LEGACY ? EVP_sha1() : EVP_sha256();
	key = d2i_PUBKEY(NULL, &p, (long)(len - sizeof(req)));
	if (key == NULL)
		errx(1, "CERTIFY without a key");
	put_cert(&certs, &rep.leaf_len, make_cert(key, "Fake<MMTP>", md));
	put_cert(&certs, &rep.ident_len, make_cert(rsakey_evp(identity), "Fake", md));
	EVP_PKEY_free(key);
	buf_put(&out, &rep, sizeof(rep));
	buf_put(&out, certs.p, certs.len);
	ipc_send(c, V_CERTIFY, id, out.p, out.len);
	buf_free(&certs);
	buf_free(&out);
	return 0;
}

static int
whoami(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct whoami_rep rep = { .status = ST_OK, .nickname = "Fake" };

	(void)body;
	(void)len;
	memcpy(rep.keyid, keyid, HASH_LEN);
	ipc_send(c, V_WHOAMI, id, &rep, sizeof(rep));
	return 0;
}

static const struct ipc_verb verbs[] = {
	{ V_WHOAMI, 0, 0, whoami },
	{ V_CERTIFY, sizeof(struct certify_req) + 1, sizeof(struct certify_req) + 1024, certify },
	{ 0, 0, 0, NULL },
};

static void
load_identity(const char *path)
{
	struct errmsg e;
	char pem[8192];
	FILE *f = fopen(path, "r");
	size_t n = f == NULL ? 0 : fread(pem, 1, sizeof(pem), f);

	if (n == 0)
		err(1, "%s", path);
	fclose(f);
	if ((identity = rsakey_from_pem(pem, n, NULL, &e)) == NULL)
		errx(1, "%s: %s", path, e.s);
	rsakey_keyid(identity, keyid);
}

static int
listen_tcp(const char *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_port = htons((uint16_t)strtonum(port, 0, 65535, NULL));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 || listen(fd, 512) == -1)
		err(1, "port %s", port);
	return fd;
}

static void
start(int tcp, int control, char **argv)
{
	char pid[16];

	if ((child = fork()) != 0)
		return;
	/* By way of high numbers: either may lie where the other is to go. */
	if (dup2(tcp, 100) == -1 || dup2(control, 101) == -1 || dup2(100, 3) == -1 ||
	    dup2(101, 4) == -1)
		err(1, "dup2");
	closefrom(5);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "2", 1);
	setenv("LISTEN_FDNAMES", "mmtp:mmtpd-control", 1);
	execv(argv[0], argv);
	err(1, "%s", argv[0]);
}

static void
on_signal(int signo, void *arg)
{
	int status;

	if (signo != SIGCHLD) {
		kill(child, SIGTERM);
		return;
	}
	if (waitpid(child, &status, WNOHANG) == child) {
		printf("status %d\n", status);
		loop_stop(arg);
	}
}

int
main(int argc, char **argv)
{
	static struct loop *l;
	char path[256], hex[2 * HASH_LEN + 1];
	int fd, control;

	l = loop_new();
	if (argc < 5)
		errx(64, "usage: fakekeyd IDENTITY.KEY RUNDIR PORT PROGRAM [ARGUMENT...]");
	if (getenv("FAKEKEYD_LIFETIME") != NULL)
		lifetime = strtonum(getenv("FAKEKEYD_LIFETIME"), 1, 1000000, NULL);
	crypto_init();
	load_identity(argv[1]);
	hex_encode(hex, keyid, HASH_LEN);
	printf("keyid %s\n", hex);
	fflush(stdout);
	loop_signal(l, SIGTERM, on_signal, l);
	loop_signal(l, SIGINT, on_signal, l);
	loop_signal(l, SIGCHLD, on_signal, l);
	snprintf(path, sizeof(path), "%s/%s.sock", argv[2], SOCK_KEYD_MMTPD);
	if ((fd = ipc_listen_path(path, 0600)) == -1)
		err(1, "%s", path);
	ipc_listen(l, fd, "fakekeyd", verbs, 4, NULL, NULL);
	snprintf(path, sizeof(path), "%s/mmtpd-control.sock", argv[2]);
	if ((control = ipc_listen_path(path, 0600)) == -1)
		err(1, "%s", path);
	start(listen_tcp(argv[3]), control, argv + 4);
	loop_run(l);
	return 0;
}
