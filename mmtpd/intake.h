/*
 * Group commit into incoming/: what all connections brought in one round of the loop becomes
 * durable together, and only then is it answered.
 */
#ifndef MMTPD_INTAKE_H
#define MMTPD_INTAKE_H

#include "mmtp.h"
#include "pool.h"

#define INTAKE_MAX 64 /* frames a group */

struct intake;

enum intake_kind { INTAKE_PACKET, INTAKE_JUNK, INTAKE_BAD_DIGEST };

/*
 * answer is called for each frame, in the order of intake_add; done once after the answers of a
 * group.
 */
struct intake *intake_new(struct pool *incoming,
    void (*answer)(void *conn, const uint8_t ack[MMTP_ACK_LEN]), void (*done)(void *arg));
void intake_set_arg(struct intake *in, void *arg); /* of done */
void intake_free(struct intake *in);
/* Copies the packet and its answers. A full group is committed first, from within. */
void intake_add(struct intake *in, void *conn, enum intake_kind kind,
    const uint8_t packet[PACKET_LEN], const struct mmtp_acks *acks);
/* The connection is gone: its packets are kept, nobody is answered. */
void intake_forget(struct intake *in, const void *conn);
/* At the end of each round. */
void intake_commit(struct intake *in);

#endif
