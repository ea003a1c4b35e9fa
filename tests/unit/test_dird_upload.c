/* What becomes of uploads, and the store that keeps them. */
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "dird_world.h"

#include "../../dird/store.h"
#include "../../dird/upload.h"
#include "files.h"

static const struct upload_policy manual = { 0, 100, 2 };

static void
add(struct store *st, struct desc *d, enum server_state state)
{
	CHECK(store_add(st, d, state, NOW, NULL) != NULL);
}

/* Decides on d, which is freed. */
static enum upload
decide(const struct store *st, struct desc *d)
{
	enum upload u = upload_decide(st, &manual, d, NOW);

	desc_free(d);
	return u;
}

static void
test_a_new_identity_waits(void)
{
	struct store st = { .dirfd = -1 };
	struct upload_policy open = manual;
	struct desc *d = world_desc("Alice", 0, 0, 30, 60);

	CHECK(upload_decide(&st, &manual, d, NOW) == UP_WAITING);
	open.approve_new = 1;
	CHECK(upload_decide(&st, &open, d, NOW) == UP_ACCEPTED);
	add(&st, d, SRV_WAITING);
	CHECK(st.n == 1 && st.nwaiting == 1);
	CHECK(decide(&st, world_desc("alice", 0, 0, 30, 30)) == UP_STILL_WAITING);
	CHECK(store_set_state(&st, store_named(&st, "ALICE"), SRV_APPROVED, NOW, NULL) == 0);
	CHECK(st.nwaiting == 0);
	CHECK(decide(&st, world_desc("Alice", 0, 0, 30, 30)) == UP_ACCEPTED);
	store_free(&st);
}

static void
test_each_refusal_has_its_own_answer(void)
{
	struct store st = { .dirfd = -1 };
	struct desc *again;

	add(&st, world_desc("Alice", 0, 0, 30, 60), SRV_APPROVED);
	again = desc_parse(st.v[0]->descs[0]->text, st.v[0]->descs[0]->textlen, NOW, NULL);
	CHECK(again != NULL && decide(&st, again) == UP_KNOWN);
	CHECK(decide(&st, world_desc("ALICE", 1, 0, 30, 60)) == UP_NICKNAME_TAKEN);
	CHECK(decide(&st, world_desc("Alicia", 0, 0, 30, 60)) == UP_RENAMED);
	CHECK(decide(&st, world_desc("Alice", 0, 0, 20, 600)) == UP_SUPERSEDED);
	CHECK(decide(&st, world_desc("Alice", 0, -9, 8, 600)) == UP_EXPIRED);
	CHECK(decide(&st, world_desc("Alice", 0, 32, 30, 10)) == UP_TOO_FAR);
	CHECK(decide(&st, world_desc("Alice", 0, 30, 30, 10)) == UP_ACCEPTED);
	CHECK(store_set_state(&st, st.v[0], SRV_BANNED, NOW, NULL) == 0);
	CHECK(decide(&st, world_desc("Alice", 0, 0, 30, 10)) == UP_BANNED);
	CHECK(decide(&st, world_desc("Alice", 1, 0, 30, 10)) == UP_NICKNAME_TAKEN);
	CHECK(store_set_state(&st, st.v[0], SRV_REJECTED, NOW, NULL) == 0);
	CHECK(decide(&st, world_desc("Alice", 0, 0, 30, 10)) == UP_REJECTED);
	CHECK(decide(&st, world_desc("Alice", 1, 0, 30, 10)) == UP_WAITING);
	store_free(&st);
}

static void
test_the_waiting_room_is_bounded(void)
{
	struct store st = { .dirfd = -1 };

	add(&st, world_desc("Alice", 0, 0, 30, 60), SRV_WAITING);
	add(&st, world_desc("Bob", 1, 0, 30, 60), SRV_WAITING);
	CHECK(decide(&st, world_desc("Carol", 2, 0, 30, 60)) == UP_FULL);
	CHECK(decide(&st, world_desc("Bob", 1, 0, 30, 10)) == UP_STILL_WAITING);
	CHECK(store_remove(&st, store_named(&st, "bob"), NULL) == 0);
	CHECK(st.n == 1 && st.nwaiting == 1);
	CHECK(decide(&st, world_desc("Carol", 2, 0, 30, 60)) == UP_WAITING);
	store_free(&st);
}

static void
test_so_is_what_one_identity_keeps(void)
{
	struct store st = { .dirfd = -1 };

	for (int i = 0; i < SERVER_MAX_DESCS; i++)
		add(&st, world_desc("Alice", 0, i / 3, 2 + i, 1000 - i), SRV_APPROVED);
	/* Each is published later and valid longer: those within it went. */
	CHECK(st.v[0]->ndescs < SERVER_MAX_DESCS);
	store_free(&st);
	/* Each is published later and valid for less: none replaces another. */
	for (int i = 0; i < SERVER_MAX_DESCS; i++)
		add(&st, world_desc("Alice", 0, i / 3, 100 - i, 1000 - i), SRV_APPROVED);
	CHECK(st.v[0]->ndescs == SERVER_MAX_DESCS);
	CHECK(decide(&st, world_desc("Alice", 0, 0, 2, 900)) == UP_TOO_MANY);
	CHECK(decide(&st, world_desc("Alice", 0, 0, 120, 900)) == UP_ACCEPTED);
	store_free(&st);
}

static void
test_answers_have_the_form_of_the_specification(void)
{
	for (int u = 0; u < UP_COUNT; u++) {
		struct buf b = { 0 };
		const char *s;

		upload_reply(&b, (enum upload)u, u == UP_UNREADABLE ? "why" : NULL);
		s = buf_cstr(&b);
		CHECK(strncmp(s, "Status: 0\nMessage: ", 19) == 0 ||
		    strncmp(s, "Status: 1\nMessage: ", 19) == 0);
		CHECK(strchr(s + 10, '\n') == s + b.len - 1 && b.len > 20);
		CHECK((strstr(s, "Accepted.\n") != NULL) ==
		    (u == UP_ACCEPTED || u == UP_KNOWN));
		buf_free(&b);
	}
}

/* --- files --- */

static int
make_dir(char *path)
{
	strcpy(path, "/tmp/test_dird.XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
unlink_one(const char *name, void *arg)
{
	return unlinkat(*(int *)arg, name, 0);
}

static void
remove_dir(const char *path, int fd)
{
	CHECK(files_each(fd, ".", unlink_one, &fd) == 0);
	close(fd);
	CHECK(rmdir(path) == 0);
}

static void
test_what_is_kept_is_there_after_a_restart(void)
{
	struct store st, again;
	char path[64], name[2 * HASH_LEN + 1];
	int fd = make_dir(path), bad;

	CHECK(store_load(&st, fd, NULL) == 0 && st.n == 0);
	add(&st, world_desc("Alice", 0, 0, 30, 60), SRV_APPROVED);
	add(&st, world_desc("Alice", 0, 0, 30, 30), SRV_APPROVED);
	add(&st, world_desc("Alice", 0, 30, 30, 20), SRV_APPROVED);
	add(&st, world_desc("Bob", 1, 0, 30, 60), SRV_WAITING);
	CHECK(store_set_state(&st, store_named(&st, "Bob"), SRV_BANNED, NOW + 5, NULL) == 0);
	/* A file that is no good is passed over, and stays. */
	bad = openat(fd, "0123456789012345678901234567890123456789", O_CREAT | O_WRONLY, 0600);
	CHECK(write(bad, "[Known-Server]\n", 15) == 15 && close(bad) == 0);
	CHECK(store_load(&again, fd, NULL) == 0 && again.n == 2 && again.nwaiting == 0);
	CHECK(store_named(&again, "alice")->ndescs == 2); /* the superseded one went */
	CHECK(store_named(&again, "bob")->state == SRV_BANNED);
	CHECK(store_named(&again, "bob")->since == NOW + 5);
	hex_encode(name, st.v[0]->keyid, HASH_LEN);
	CHECK(store_named(&again, name) != NULL);
	store_free(&again);
	CHECK(store_expire(&st, TODAY + 31 * DAY) == 2); /* Bob is banned, and remembered */
	CHECK(store_load(&again, fd, NULL) == 0 && again.n == 2);
	CHECK(store_named(&again, "alice")->ndescs == 1 && store_named(&again, "bob")->ndescs == 0);
	store_free(&again);
	store_free(&st);
	remove_dir(path, fd);
}

static void
test_what_waited_in_vain_is_forgotten(void)
{
	struct store st = { .dirfd = -1 };

	add(&st, world_desc("Alice", 0, 0, 30, 60), SRV_WAITING);
	CHECK(store_expire(&st, TODAY + 30 * DAY) == 0 && st.n == 1);
	CHECK(store_expire(&st, TODAY + 31 * DAY) == 1 && st.n == 0 && st.nwaiting == 0);
	store_free(&st);
}

static void
test_a_disk_that_refuses_changes_nothing(void)
{
	struct store st = { .dirfd = -1 };
	char path[64];
	int fd = make_dir(path);
	struct errmsg e;

	add(&st, world_desc("Alice", 0, 0, 30, 60), SRV_APPROVED);
	CHECK(rmdir(path) == 0);
	st.dirfd = fd; /* a directory that is gone */
	CHECK(store_add(&st, world_desc("Alice", 0, 0, 30, 30), SRV_APPROVED, NOW, &e) == NULL);
	CHECK(store_add(&st, world_desc("Bob", 1, 0, 30, 30), SRV_WAITING, NOW, &e) == NULL);
	CHECK(store_set_state(&st, st.v[0], SRV_BANNED, NOW, &e) == -1);
	CHECK(st.n == 1 && st.v[0]->ndescs == 1 && st.v[0]->state == SRV_APPROVED);
	CHECK(st.nwaiting == 0);
	store_free(&st);
	close(fd);
}

/* --- configuration --- */

static void
fault_of(const char *text, const char *want)
{
	struct errmsg e = { "" };
	struct dird_conf *c = dconf_parse("f", text, strlen(text), NULL, &e);

	CHECK(c == NULL);
	if (strstr(e.s, want) == NULL)
		CHECK_STR(e.s, want);
	dconf_free(c);
}

#define HEAD "[Directory]\nBaseDir: /x\nURL: http://a/\n[Voting]\n"
#define FPR  "0123456789ABCDEF0123456789ABCDEF01234567"

static void
test_faults_of_the_configuration_have_a_line(void)
{
	fault_of("[Directory]\nURL: http://a/\n", "f:1: [Directory] needs BaseDir");
	fault_of("[Directory]\nBaseDir: x\nURL: http://a/\n", "f:2: BaseDir: \"x\" does not");
	fault_of("[Directory]\nBaseDir: /x\nURL: ftp://a/\n", "f:3: URL: ");
	fault_of("[Directory]\nBaseDir: /x\nURL: http://a\n", "f:3: URL: ");
	fault_of("[Directory]\nBaseDir: /x\nURL: http://a/<b>/\n", "f:3: URL: ");
	fault_of(HEAD "Authority: zz http://a/\n", "f:5: Authority: ");
	fault_of(HEAD "Authority: " FPR "\n", "f:5: Authority: ");
	fault_of(HEAD "Authority: " FPR " http://a/\nAuthority: " FPR " http://b/\n", "twice");
	fault_of(HEAD "VotingInterval: 7 seconds\n", "f:5: VotingInterval: ");
	fault_of(HEAD "Nonsense: 1\n", "f:5: ");
}

/* Whoever is asked for by fingerprint: two of one nickname are never both approved. */
static void
test_rivals(void)
{
	struct store st = { .dirfd = -1 };
	struct server *first, *second;

	add(&st, world_desc("Alice", 1, 0, 30, 60), SRV_REJECTED);
	add(&st, world_desc("alice", 2, 0, 30, 60), SRV_APPROVED);
	CHECK(st.n == 2);
	first = st.v[0]->state == SRV_APPROVED ? st.v[0] : st.v[1];
	second = first == st.v[0] ? st.v[1] : st.v[0];
	CHECK(store_rival(&st, second) == first && store_rival(&st, first) == NULL);
	CHECK(store_set_state(&st, second, SRV_BANNED, NOW, NULL) == 0);
	CHECK(store_rival(&st, second) == first && store_rival(&st, first) == second);
	store_free(&st);
}

TESTS(T(test_a_new_identity_waits), T(test_each_refusal_has_its_own_answer),
    T(test_the_waiting_room_is_bounded), T(test_so_is_what_one_identity_keeps),
    T(test_answers_have_the_form_of_the_specification),
    T(test_what_is_kept_is_there_after_a_restart), T(test_what_waited_in_vain_is_forgotten),
    T(test_a_disk_that_refuses_changes_nothing),
    T(test_faults_of_the_configuration_have_a_line), T(test_rivals))
