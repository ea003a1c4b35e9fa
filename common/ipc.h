/*
 * Records on SOCK_SEQPACKET sockets (ARCHITECTURE "IPC"): one message is one record, a fixed
 * header and a bounded body. A table per role socket says what is taken; anything else drops
 * the peer.
 */
#ifndef COMMON_IPC_H
#define COMMON_IPC_H

#include <sys/types.h>

#include "bytes.h"
#include "loop.h"

#define IPC_MAX_BODY 32768

struct ipc_hdr {
	uint16_t type;
	uint16_t flags; /* zero */
	uint32_t id;    /* chosen by the asker, echoed in the answer */
};

struct ipc_conn;

/* One row: exact length, or a range for the few variable ones. */
struct ipc_verb {
	uint16_t type;
	uint32_t minlen;
	uint32_t maxlen;
	/* 0, or -1: the peer is to be dropped (the handler has logged why). */
	int (*handle)(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len);
};

/*
 * A connected socket (owned). verbs end with a row of handle NULL. closed (may be NULL) is called
 * after the peer went or was dropped, once; the conn is freed when it returns. label is for the log
 * and kept by reference.
 */
struct ipc_conn *ipc_conn_new(struct loop *l, int fd, const char *label,
    const struct ipc_verb *verbs, void (*closed)(struct ipc_conn *c, void *arg), void *arg);
/*
 * Queues and sends one record; body is copied where the socket is full. A peer that lets more than
 * 4096 records or 4 MiB pile up is dropped. 0 or -1 (dropped: closed will be called from the loop).
 */
int ipc_send(struct ipc_conn *c, uint16_t type, uint32_t id, const void *body, size_t len);
/* Stop and start reading requests (back-pressure). */
void ipc_pause(struct ipc_conn *c, int paused);
size_t ipc_queued(const struct ipc_conn *c); /* records not yet sent */
void ipc_close(struct ipc_conn *c);          /* calls closed from the loop */
void *ipc_arg(struct ipc_conn *c);
void ipc_set_arg(struct ipc_conn *c, void *arg);
const char *ipc_label(const struct ipc_conn *c);
/*
 * Control connections only: records of this type carry one descriptor, which the handler must take
 * (it owns it then; -1 if none came). Everywhere else a descriptor drops the peer.
 */
void ipc_allow_fd(struct ipc_conn *c, uint16_t type);
int ipc_take_fd(struct ipc_conn *c);

/* A listening role socket: accepts up to max peers, each with the same table. */
struct ipc_listener;
struct ipc_listener *ipc_listen(struct loop *l, int fd, const char *label,
    const struct ipc_verb *verbs, unsigned max, void (*opened)(struct ipc_conn *c),
    void (*closed)(struct ipc_conn *c, void *arg));

/* Blocking, for before the loop and for control commands. Timeout in ms. */
int ipc_connect_path(const char *path);             /* SEQPACKET, close-on-exec; -1 with errno */
int ipc_listen_path(const char *path, mode_t mode); /* removes a stale one; -1 with errno */
/*
 * One question, one answer; passfd (or -1) goes along. 0; -1 with errno: ETIMEDOUT, ECONNRESET (the
 * peer hung up), EPROTO (an answer that is none).
 */
int ipc_call(int fd, uint16_t type, const void *body, size_t len, struct ipc_hdr *rh, void *reply,
    size_t max, size_t *rlen, int timeout_ms);
/* One record more of the answer to id. */
int ipc_next(int fd, uint32_t id, void *reply, size_t max, size_t *rlen, int timeout_ms);
int ipc_call_fd(int fd, uint16_t type, int passfd, struct ipc_hdr *rh, void *reply, size_t max,
    size_t *rlen, int timeout_ms);

#endif
