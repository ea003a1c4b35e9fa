/* Runs every vector file of a folder: vectors FOLDER. The files' schema is in its MANIFEST.json. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "vec.h"

static const struct {
	const char *name;
	void (*run)(json_t *v);
} files[] = {
	{ "a_primitives", vec_a_primitives },
	{ "b_packets", vec_b_packets },
	{ "c_surb", vec_c_surb },
	{ "d_e2e", vec_d_e2e },
	{ "e_fragments", vec_e_fragments },
	{ "f_descriptors", vec_f_descriptors },
	{ "g_directory", vec_g_directory },
	{ "h_replay", vec_h_replay },
	{ "i_negative", vec_i_negative },
	{ "j_delivered", vec_j_delivered },
	{ "k_ratio", vec_k_ratio },
};
#define NFILES (sizeof(files) / sizeof(files[0]))

static const char *folder;
static json_t *cache; /* name -> contents */

json_t *
vec_load(const char *name)
{
	json_t *v = json_object_get(cache, name);
	json_error_t err;
	char path[4096];

	if (v != NULL)
		return v;
	(void)snprintf(path, sizeof(path), "%s/%s.json", folder, name);
	v = json_load_file(path, JSON_ALLOW_NUL, &err);
	if (v == NULL) {
		fprintf(stderr, "vectors: %s: line %d: %s\n", path, err.line, err.text);
		exit(1);
	}
	json_object_set_new(cache, name, v);
	return v;
}

static int
present(const char *name)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s.json", folder, name);
	return access(path, F_OK) == 0;
}

int
main(int argc, char **argv)
{
	int status;

	if (argc != 2) {
		fprintf(stderr, "usage: vectors FOLDER\n");
		return 64;
	}
	folder = argv[1];
	cache = json_object();
	log_init("vectors", LOGL_ERROR);
	crypto_init();
	if (present("keys"))
		vec_keys_load();
	for (size_t i = 0; i < NFILES; i++)
		if (present(files[i].name))
			files[i].run(vec_load(files[i].name));
	status = vec_summary();
	vec_keys_free();
	json_decref(cache);
	return status;
}
