/*
 * Logging, always to standard error (systemd or the supervisor decides where that goes), one line
 * an event, with the process's name; journal level prefixes where JOURNAL_STREAM is set, else the
 * time in UTC. What may be said at which level: ARCHITECTURE "What a log may say"; anything that
 * links or names a packet or a person is LOG_DEBUG or LOG_TRACE, never above.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* The names of the reference's LogLevel. */
enum log_level { LOGL_TRACE, LOGL_DEBUG, LOGL_INFO, LOGL_WARN, LOGL_ERROR, LOGL_FATAL, LOGL_NEVER };

/* procname is kept by reference. Before the first call the level is WARN and the name "?". */
void log_init(const char *procname, enum log_level level);
void log_setlevel(enum log_level level);
/* "TRACE" ... "NEVER" in either case; -1 if unknown. */
int log_parselevel(const char *s);

/* With and without strerror(errno). */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warnx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_errorx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Log and exit: fatal with strerror. Exit status 111 (try again) unless fatal_permanent: 100. */
void fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void fatalx(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void fatal_permanent(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/*
 * The same trouble again and again is said once: log_once returns 1 the first time for a state,
 * then 0 until log_again is called for it (when the trouble is over); and never twice within
 * LOG_QUIET seconds, or what comes and goes would fill the log.
 */
#define LOG_QUIET 60
struct log_state {
	int said; /* the trouble goes on */
	int64_t when; /* monotonic, seconds; 0: never */
};
int log_once(struct log_state *s);
void log_again(struct log_state *s);

/* For LOGREOPEN: dup fd over standard error and close it. */
void log_reopen(int fd);
/*
 * Every line goes to fd too from now on, -1: no more. What was there before is closed unless it is
 * a standard descriptor.
 */
void log_second(int fd);
/* Lines that other processes of ours have made. */
void log_lines(const char *text, size_t len);

#endif
