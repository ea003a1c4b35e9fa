/*
 * From the path of a URL to a file below PublicDir. Pure.
 */
#ifndef DIRD_HTTPNAME_H
#define DIRD_HTTPNAME_H

/*
 * base: the path of our URL. "index.html" for the base itself; NULL for whatever is no name of a
 * document. The result points into url or is static.
 */
const char *httpname_file(const char *url, const char *base);
/* Is this where descriptors are uploaded: BASE/upload, or the reference's path? */
int httpname_upload(const char *url, const char *base);
const char *httpname_type(const char *file);

#endif
