/*
 * What the user sees: errors and remarks on standard error, lines for programs on --status-fd.
 * Standard output is for what a command produces and nothing else.
 */
#ifndef MIXMINION_UI_H
#define MIXMINION_UI_H

enum ui_level { UI_QUIET, UI_NORMAL, UI_VERBOSE };
void ui_setlevel(enum ui_level level);

/*
 * "mixminion: ..." on one line; returns status (see sysexits.h), so that `return ui_fail(...)`
 * reads well.
 */
int ui_fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What ui_fail said last; "" if nothing. */
const char *ui_last_failure(void);
/* Something the user should know; nothing has failed. Not under --quiet. */
void ui_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ui_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Only under --verbose. */
void ui_verbose(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* 1 if standard error is a terminal and may be written to: then ui_bar has an effect. */
int ui_has_terminal(void);
/* Shows a line of printing ASCII that the next one, or whatever is said, takes away; NULL: none. */
void ui_bar(const char *line);

/* Asks the terminal: 1 yes, 0 no, -1 there is none. */
int ui_confirm(const char *question);

/* 0, or -1 if fd is not open for writing. */
int ui_set_status_fd(int fd);
/* "[MIXMINION:] " and the line, where --status-fd was given. */
void ui_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
