#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "ipc.h"
#include "log.h"
#include "proto.h"

static const char *const roles[] = { SOCK_KEYD_MIXER, SOCK_KEYD_MMTPD, SOCK_KEYD_DIRSYNC };
#define NROLES	 (sizeof(roles) / sizeof(roles[0]))
#define FIRST_FD 3
#define WAIT_MS	 30000

struct keyd_proc {
	pid_t pid;
	char home[256];
};

static const char conf_text[] = "[Host]\n"
				"[Server]\n"
				"BaseDir: %s\n"
				"Nickname: Bench\n"
				"Contact-Email: bench@example.org\n"
				"Mode: relay\n"
				"[Incoming/MMTP]\n"
				"Enabled: yes\n"
				"IP: 127.0.0.1\n"
				"Hostname: localhost\n"
				"[Outgoing/MMTP]\n"
				"Enabled: yes\n";

static void
make_home(struct keyd_proc *k)
{
	static const char *const dirs[] = { "keys", "work", "work/replay", "run" };
	char path[300];
	FILE *f;

	if (mkdtemp(k->home) == NULL)
		fatal("%s", k->home);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", k->home, dirs[i]);
		if (mkdir(path, 0700) == -1)
			fatal("%s", path);
	}
	snprintf(path, sizeof(path), "%s/conf", k->home);
	if ((f = fopen(path, "w")) == NULL)
		fatal("%s", path);
	fprintf(f, conf_text, k->home);
	fclose(f);
}

static void
exec_keyd(const struct keyd_proc *k, const char *program, const int *fd)
{
	char conf[300], run[300], pid[16], names[128] = "";

	for (size_t i = 0; i < NROLES; i++) {
		/* High first: no number that is still to be used may be overwritten. */
		if (dup2(fd[i], FIRST_FD + (int)i) == -1)
			fatal("dup2");
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
		    i > 0 ? ":" : "", roles[i]);
	}
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "3", 1);
	setenv("LISTEN_FDNAMES", names, 1);
	snprintf(conf, sizeof(conf), "%s/conf", k->home);
	snprintf(run, sizeof(run), "%s/run", k->home);
	execl(program, program, "-1", "-U", "-f", conf, "-s", run, (char *)NULL);
	fatal("%s", program);
}

static void
socket_path(const struct keyd_proc *k, const char *role, char path[300])
{
	snprintf(path, 300, "%s/run/%s.sock", k->home, role);
}

struct keyd_proc *
keyd_start(const char *dir, const char *program)
{
	struct keyd_proc *k = calloc(1, sizeof(*k));
	int fd[NROLES];
	char path[300];

	if (k == NULL)
		fatal("keyd_start");
	snprintf(k->home, sizeof(k->home), "%s/homeXXXXXX", dir);
	make_home(k);
	for (size_t i = 0; i < NROLES; i++) {
		int low;

		socket_path(k, roles[i], path);
		if ((low = ipc_listen_path(path, 0600)) == -1)
			fatal("%s", path);
		fd[i] = fcntl(low, F_DUPFD, 32);
		close(low);
	}
	if ((k->pid = fork()) == -1)
		fatal("fork");
	if (k->pid == 0)
		exec_keyd(k, program, fd);
	for (size_t i = 0; i < NROLES; i++)
		close(fd[i]);
	return k;
}

int
keyd_connect(struct keyd_proc *k, const char *role)
{
	char path[300];
	int fd;

	socket_path(k, role, path);
	if ((fd = ipc_connect_path(path)) == -1)
		fatal("%s", path);
	return fd;
}

struct rsakey *
keyd_public(struct keyd_proc *k)
{
	static uint8_t reply[IPC_MAX_BODY];
	int fd = keyd_connect(k, SOCK_KEYD_DIRSYNC);
	struct keysets_rep rep;
	struct ipc_hdr h;
	struct errmsg e;
	struct rsakey *key;
	size_t len;

	if (ipc_call(fd, V_KEYSETS, NULL, 0, &h, reply, sizeof(reply), &len, WAIT_MS) == -1)
		fatal("KEYSETS");
	memcpy(&rep, reply, sizeof(rep));
	key = rsakey_from_public_der(
	    reply + sizeof(rep) + rep.identity_len, rep.set[0].pubkey_len, &e);
	if (key == NULL)
		fatalx("KEYSETS: %s", e.s);
	close(fd);
	return key;
}

void
keyd_stop(struct keyd_proc *k)
{
	int status;

	kill(k->pid, SIGTERM);
	if (waitpid(k->pid, &status, 0) == -1 || status != 0)
		fatalx("keyd ended with status %d", status);
	free(k);
}
