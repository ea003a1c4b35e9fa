/*
 * Private keys are about to be held: memory that stays out of swap and of dumps.
 */
#ifndef COMMON_SECRETS_H
#define COMMON_SECRETS_H

/* Locked memory where limits allow (a warning where not), none of it in dumps. */
void secrets_protect(void);

#endif
