#include "keyring.h"
#include "surb.h"
#include "t.h"

#define DAY 86400

static void
test_add_and_newest(void)
{
	struct keyring k = { 0 };
	struct surb_key key;
	struct errmsg e;

	CHECK(!keyring_newest(&k, "", &key));
	CHECK(keyring_add(&k, "", 10 * DAY + 1, NULL, 0, &rng_system, &e) == 0);
	CHECK(keyring_add(&k, "Alice", 5 * DAY, "secret", 6, NULL, &e) == 0);
	CHECK(keyring_add(&k, "alice", 7 * DAY, "later", 5, NULL, &e) == 0);
	CHECK(keyring_add(&k, "alice", 6 * DAY, "between", 7, NULL, &e) == 0);
	CHECK(keyring_newest(&k, "", &key) && key.expires == 11 * DAY && key.seclen == 20);
	CHECK(keyring_newest(&k, "ALICE", &key) && key.expires == 7 * DAY);
	CHECK_STR(key.name, "alice");
	CHECK(key.seclen == 5 && memcmp(key.secret, "later", 5) == 0);
	CHECK(keyring_expire(&k, 6 * DAY + 1) == 2);
	CHECK(keyring_surb_key(&k, 1, &key) && key.expires == 7 * DAY);
	CHECK(!keyring_surb_key(&k, 2, &key));
	CHECK(keyring_add(&k, "x", UINT32_MAX, NULL, 0, &rng_system, &e) == -1);
	keyring_free(&k);
}

static void
test_malformed(void)
{
	/* type, length, expires, name without its end */
	static const uint8_t unended[] = { 0, 0, 6, 0, 0, 0, 0, 'a', 'b' };
	static const uint8_t short_item[] = { 1, 0, 3, 'a', 'b' };
	static const uint8_t other[] = { 1, 0, 2, 'a', 'b' };
	struct keyring k;
	struct errmsg e;

	CHECK(keyring_parse(&k, unended, sizeof(unended), &e) == -1);
	CHECK(keyring_parse(&k, short_item, sizeof(short_item), &e) == -1);
	CHECK(keyring_parse(&k, other, 2, &e) == -1);
	CHECK(keyring_parse(&k, other, sizeof(other), &e) == 0 && k.n == 1);
	keyring_free(&k);
	CHECK(keyring_parse(&k, NULL, 0, &e) == 0 && k.n == 0);
	keyring_free(&k);
}

static void
test_file(void)
{
	struct keyring k = { 0 }, again;
	struct buf text = { 0 };
	struct errmsg e;

	CHECK(keyring_add(&k, "bob", DAY, "s", 1, NULL, &e) == 0);
	keyring_encrypt(&text, &k, "pass", &rng_system);
	CHECK(keyring_decrypt(&again, (char *)text.p, text.len, "wrong", &e) == -2);
	CHECK(keyring_decrypt(&again, "no keyring\n", 11, "pass", &e) == -1);
	CHECK(keyring_decrypt(&again, (char *)text.p, text.len, "pass", &e) == 0);
	CHECK(again.n == 1 && again.items[0].len == k.items[0].len);
	keyring_free(&again);
	keyring_free(&k);
	buf_free(&text);
}

static void
test_surbs_nothing(void)
{
	struct surb *s = NULL;
	struct errmsg e;
	size_t n = 9;

	CHECK(surb_parse_all(&s, &n, (const uint8_t *)"hello\n", 6, 10, NULL, &e) == 0 && n == 0);
	CHECK(surb_parse_all(&s, &n, (const uint8_t *)" SURB\0\1", 7, 10, NULL, &e) == -1);
	CHECK_STR(e.s, "reply block cut short");
	CHECK(surb_parse_all(&s, &n, (const uint8_t *)"SURBx", 5, 10, NULL, &e) == -1);
}

static void
test_rsa_keys(void)
{
	struct keyring k = { 0 }, again;
	struct rsa_item item;
	struct surb_key surb;
	struct buf b = { 0 };

	CHECK(keyring_add_rsa(&k, "Me", "der1", 4, NULL) == 0);
	CHECK(keyring_add(&k, "me", 1800000000, "secret", 6, &rng_system, NULL) == 0);
	CHECK(keyring_add_rsa(&k, "", "der-two", 7, NULL) == 0);
	CHECK(keyring_add_rsa(&k, "x", "", 70000, NULL) == -1);
	keyring_pack(&b, &k);
	CHECK(keyring_parse(&again, b.p, b.len, NULL) == 0 && again.n == 3);
	CHECK(keyring_rsa_key(&again, 0, &item) && item.len == 4);
	CHECK_STR(item.name, "me");
	CHECK(keyring_rsa_key(&again, 1, &item) && memcmp(item.der, "der-two", 7) == 0);
	CHECK(item.name[0] == '\0' && !keyring_rsa_key(&again, 2, &item));
	CHECK(keyring_surb_key(&again, 0, &surb) && !keyring_surb_key(&again, 1, &surb));
	CHECK(keyring_expire(&again, 2000000000) == 1 && again.n == 2);
	keyring_free(&again);
	keyring_free(&k);
	buf_free(&b);
}

TESTS(T(test_rsa_keys), T(test_add_and_newest), T(test_malformed), T(test_file),
    T(test_surbs_nothing))
