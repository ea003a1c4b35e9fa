#include <ctype.h>
#include <string.h>

#include "httpname.h"

#define OLD_DIRECTORY "/directory/Directory.gz"
#define OLD_UPLOAD    "/minion-cgi/publish"
#define MAX_NAME      128

/* Letters, digits, '-', and dots inside. */
static int
is_name(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > MAX_NAME || *s == '.')
		return 0;
	for (const char *p = s; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '.')
			return 0;
	return 1;
}

const char *
httpname_file(const char *url, const char *base)
{
	size_t n = strlen(base);

	if (strcmp(url, OLD_DIRECTORY) == 0)
		return &OLD_DIRECTORY[1];
	if (strncmp(url, base, n) != 0)
		return NULL;
	if (url[n] == '\0')
		return "index.html";
	if (strcmp(url + n, &OLD_DIRECTORY[1]) == 0)
		return &OLD_DIRECTORY[1];
	return is_name(url + n) ? url + n : NULL;
}

int
httpname_upload(const char *url, const char *base)
{
	size_t n = strlen(base);

	return strcmp(url, OLD_UPLOAD) == 0 ||
	    (strncmp(url, base, n) == 0 && strcmp(url + n, "upload") == 0);
}

const char *
httpname_type(const char *file)
{
	size_t n = strlen(file);

	if (n > 3 && strcmp(file + n - 3, ".gz") == 0)
		return "application/x-gzip";
	if (n > 5 && strcmp(file + n - 5, ".html") == 0)
		return "text/html; charset=utf-8";
	return "text/plain";
}
