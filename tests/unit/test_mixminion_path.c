#include "t.h"

#include "../../mixminion/path.h"

#define DAY 86400
#define NOW (INT64_C(1800000000) / DAY * DAY + DAY / 2)
#define END (NOW + 3600)

static struct rsakey *identity, *packet;
static struct client_conf conf;
static struct clientdir cd;
static char warnings[4096];

static void
warn(const char *s)
{
	strlcat(warnings, s, sizeof(warnings));
	strlcat(warnings, "\n", sizeof(warnings));
}

static struct desc_params
plain(const char *nickname)
{
	return (struct desc_params){ .nickname = nickname, .contact = "a@b.example",
		.identity = identity, .packet_key = packet, .published = NOW - 60,
		.valid_after = NOW / DAY * DAY, .valid_until = NOW / DAY * DAY + 2 * DAY,
		.hostname = "n.example", .port = 48099 };
}

static void
add(const struct desc_params *p)
{
	struct buf text = { 0 }, out = { 0 };
	struct desc *d = NULL;

	desc_format(&text, p);
	if (desc_sign(&out, (const char *)text.p, text.len, identity, &rng_system, NULL) == 0)
		d = desc_parse((const char *)out.p, out.len, NOW, NULL);
	if (d == NULL)
		abort();
	cd.own = reallocarray(cd.own, cd.nown + 1, sizeof(*cd.own));
	cd.all = reallocarray(cd.all, cd.nall + 1, sizeof(*cd.all));
	cd.own[cd.nown++] = d;
	cd.all[cd.nall++] = d;
	cd.nimported = cd.nown;
	buf_free(&text);
	buf_free(&out);
}

/* A to F relay; E also delivers mail of 64 KB, F everything; G has expired. */
static void
set_up(void)
{
	static const char *const relays[] = { "A", "B", "C", "D" };
	struct desc_params p;

	warnings[0] = '\0';
	if (cd.nown > 0)
		return;
	crypto_init();
	identity = rsakey_generate(2048);
	packet = rsakey_generate(2048);
	cd.conf = &conf;
	cd.warn = warn;
	for (size_t i = 0; i < 4; i++) {
		p = plain(relays[i]);
		add(&p);
	}
	p = plain("E");
	p.smtp = 1;
	p.smtp_max_kb = 64;
	add(&p);
	p = plain("F");
	p.smtp = p.mbox = p.fragmented = 1;
	p.smtp_max_kb = p.mbox_max_kb = 1000;
	p.smtp_allow_from = 1;
	p.max_fragments = 20;
	add(&p);
	p = plain("G");
	p.valid_after -= 30 * DAY;
	p.valid_until = NOW / DAY * DAY - DAY;
	add(&p);
}

static const struct path_target drop = { .type = RT_DROP };
static const struct path_target smtp = { .type = RT_SMTP, .info = "x@y.example", .infolen = 11 };

/* n paths for text; 0, or -1 with the reason in e. */
static int
paths(struct path *p, size_t n, const char *text, enum path_kind kind, const struct path_target *t,
    struct errmsg *e)
{
	struct path_spec *s = path_parse(text, kind, e);
	int rv;

	set_up();
	if (s == NULL)
		return -1;
	rv = path_generate(p, n, s, &cd, t, NOW, END, NOW, &rng_system, e);
	path_spec_free(s);
	return rv;
}

static int
refused(const char *text, enum path_kind kind, const struct path_target *t, const char *why)
{
	struct errmsg e = { "" };
	struct path p;

	if (paths(&p, 1, text, kind, t, &e) == -1 && strstr(e.s, why) != NULL)
		return 1;
	printf("# %s: \"%s\"\n", text, e.s);
	return 0;
}

/* The path of names alone comes out as want. */
static int
gives(const char *text, enum path_kind kind, const struct path_target *t, const char *want)
{
	struct errmsg e = { "" };
	struct buf b = { 0 };
	struct path p;
	int ok;

	if (paths(&p, 1, text, kind, t, &e) == -1) {
		printf("# %s: \"%s\"\n", text, e.s);
		return 0;
	}
	path_format(&b, &p);
	ok = strcmp(buf_cstr(&b), want) == 0;
	if (!ok)
		printf("# %s gives %s\n", text, buf_cstr(&b));
	buf_free(&b);
	return ok;
}

static int
no_neighbours_alike(const struct path *p)
{
	const struct desc *last = NULL;

	for (size_t leg = 0; leg < 2; leg++)
		for (size_t i = 0; i < p->leg[leg].n; i++) {
			if (p->leg[leg].servers[i] == last)
				return 0;
			last = p->leg[leg].servers[i];
		}
	return 1;
}

static void
test_names(void)
{
	CHECK(gives("A,B:C,D", PATH_FORWARD, &drop, "A,B:C,D"));
	CHECK(gives(" a , 'B' : \"c\" , D ", PATH_FORWARD, &drop, "A,B:C,D"));
	CHECK(gives("A,B,C,D", PATH_FORWARD, &drop, "A,B:C,D"));
	CHECK(gives("A,B,C", PATH_FORWARD, &drop, "A,B:C"));
	CHECK(gives("A:B,C", PATH_FORWARD, &drop, "A:B,C"));
	CHECK(gives("A,*0,B", PATH_FORWARD, &drop, "A:B"));
	CHECK(gives("A,B", PATH_REPLY, &drop, "A,B"));
	CHECK(gives("F", PATH_SURB, &smtp, "F"));
}

static void
test_grammar_is_checked(void)
{
	CHECK(refused("", PATH_FORWARD, &drop, "missing"));
	CHECK(refused("A,,B", PATH_FORWARD, &drop, "missing"));
	CHECK(refused("A,", PATH_FORWARD, &drop, "missing"));
	CHECK(refused("A:", PATH_FORWARD, &drop, "missing"));
	CHECK(refused("A:B:C", PATH_FORWARD, &drop, "only one"));
	CHECK(refused("A:B", PATH_REPLY, &drop, "one leg"));
	CHECK(refused("A:B", PATH_SURB, &drop, "one leg"));
	CHECK(refused("A,*", PATH_FORWARD, &drop, "needs a number"));
	CHECK(refused("A,*x", PATH_FORWARD, &drop, "not a number"));
	CHECK(refused("~", PATH_FORWARD, &drop, "not a number"));
	CHECK(refused("'A,B", PATH_FORWARD, &drop, "quotes"));
	CHECK(refused("'A'B", PATH_FORWARD, &drop, "quoted"));
	CHECK(refused("*0:A", PATH_FORWARD, &drop, "each of its two legs"));
	CHECK(refused("*0", PATH_SURB, &drop, "at least one"));
	CHECK(refused("*99", PATH_FORWARD, &drop, "not a number of servers"));
	CHECK(refused("A", PATH_FORWARD, &drop, "too short"));
	CHECK(refused("?", PATH_FORWARD, &drop, "too short"));
	CHECK(refused("*30,*30", PATH_FORWARD, &drop, "too long"));
}

static void
test_random_hops(void)
{
	static struct path p[200];
	struct errmsg e;
	unsigned firsts = 0;

	CHECK(paths(p, 200, "?,A,*3:?,?", PATH_FORWARD, &smtp, &e) == 0);
	for (size_t i = 0; i < 200; i++) {
		CHECK(p[i].leg[0].n == 5 && p[i].leg[1].n == 2);
		CHECK_STR(p[i].leg[0].servers[1]->nickname, "A");
		CHECK(no_neighbours_alike(&p[i]));
		CHECK(p[i].leg[1].servers[1]->has_smtp);
		firsts |= 1U << (p[i].leg[0].servers[0]->nickname[0] - 'A');
	}
	/* Any of B to F, of which each is missed 200 times with a probability below 1e-19. */
	CHECK(firsts == 0x3e);
}

static void
test_about_n_hops(void)
{
	static struct path p[400];
	struct errmsg e;
	size_t total = 0, least = 99, most = 0;

	CHECK(paths(p, 400, "~5", PATH_FORWARD, &drop, &e) == 0);
	for (size_t i = 0; i < 400; i++) {
		size_t n = p[i].leg[0].n + p[i].leg[1].n;

		CHECK(p[i].leg[0].n >= 1 && p[i].leg[1].n >= 1);
		CHECK(p[i].leg[0].n == p[i].leg[1].n || p[i].leg[0].n == p[i].leg[1].n + 1);
		total += n;
		least = n < least ? n : least;
		most = n > most ? n : most;
	}
	/* The mean of 400 has a deviation of 0.075: these bounds are ten of it. */
	CHECK(total > 400 * 17 / 4 && total < 400 * 23 / 4);
	CHECK(least < 4 && most > 6);
	CHECK(paths(p, 50, "~0", PATH_SURB, &drop, &e) == 0);
	for (size_t i = 0; i < 50; i++)
		CHECK(p[i].leg[1].n >= 1);
	CHECK(paths(p, 50, "~1", PATH_FORWARD, &drop, &e) == 0);
}

static void
test_exits(void)
{
	struct path_target t = smtp;

	CHECK(refused("A,B", PATH_FORWARD, &t, "B does no SMTP delivery"));
	CHECK(gives("A,E", PATH_FORWARD, &t, "A:E"));
	t.size = 65 * 1024;
	CHECK(refused("A,E", PATH_FORWARD, &t, "E delivers at most 64 KB"));
	CHECK(gives("A,F", PATH_FORWARD, &t, "A:F"));
	t.size = 0;
	t.has_from = 1;
	CHECK(refused("A,E", PATH_FORWARD, &t, "From"));
	t.fragments = 20;
	CHECK(gives("A,F", PATH_FORWARD, &t, "A:F"));
	t.fragments = 21;
	CHECK(refused("A,F", PATH_FORWARD, &t, "at most 20 fragments"));
	CHECK(refused("*4", PATH_FORWARD, &t, "none of 6 recommended servers can be the last"));
}

static void
test_one_exit_for_all_fragments(void)
{
	static struct path p[50];
	struct path_target t = smtp;
	struct desc_params more = plain("H");
	struct errmsg e;

	set_up();
	more.smtp = more.fragmented = 1;
	more.smtp_max_kb = more.max_fragments = 100;
	add(&more);
	t.fragments = 10;
	CHECK(paths(p, 50, "*4", PATH_FORWARD, &t, &e) == 0);
	for (size_t i = 1; i < 50; i++)
		CHECK(p[i].leg[1].servers[1] == p[0].leg[1].servers[1]);
	/* H is of no use to the other tests. */
	desc_free(cd.own[--cd.nown]);
	cd.nimported = --cd.nall;
}

static void
test_boxes_are_on_a_certain_server(void)
{
	struct path_target t = { .type = RT_MBOX, .info = "box", .infolen = 3, .server = "F" };

	CHECK(gives("A,B", PATH_FORWARD, &t, "A,B:F"));
	CHECK(gives("A:B", PATH_FORWARD, &t, "A:B,F"));
	CHECK(gives("A,f", PATH_FORWARD, &t, "A:F"));
	CHECK(gives("A", PATH_FORWARD, &t, "A:F"));
	t.server = "E";
	CHECK(refused("A,B", PATH_FORWARD, &t, "E does no MBOX delivery"));
	t.server = "X";
	CHECK(refused("A,B", PATH_FORWARD, &t, "no server is known by the name X"));
	t.server = NULL;
	CHECK(refused("A,?", PATH_FORWARD, &t, "name it at the path's end"));
	CHECK(gives("A,F", PATH_FORWARD, &t, "A:F"));
}

static void
test_bad_names(void)
{
	CHECK(refused("A,Nobody", PATH_FORWARD, &drop, "no server is known by the name Nobody"));
	CHECK(refused("A,G", PATH_FORWARD, &drop, "server G has expired"));
	CHECK(refused("A,A", PATH_FORWARD, &drop, "server A would stand twice in a row"));
	CHECK(refused("A,B:b,C", PATH_FORWARD, &drop, "twice in a row"));
}

static void
test_blocked_servers(void)
{
	static struct path p[100];
	struct errmsg e;

	opt_list_add(&conf.block_servers, "a");
	opt_list_add(&conf.block_entries, "B");
	opt_list_add(&conf.block_exits, "E");
	CHECK(paths(p, 100, "*4", PATH_FORWARD, &smtp, &e) == 0);
	for (size_t i = 0; i < 100; i++) {
		CHECK(*p[i].leg[0].servers[0]->nickname != 'B');
		CHECK(*p[i].leg[1].servers[1]->nickname == 'F');
		for (size_t j = 0; j < 4; j++)
			CHECK(*p[i].leg[j / 2].servers[j % 2]->nickname != 'A');
	}
	CHECK_STR(warnings, "");
	CHECK(gives("B,A,E", PATH_FORWARD, &smtp, "B,A:E"));
	CHECK_STR(warnings, "server B is in BlockEntries\nserver A is in BlockServers\n"
			    "server E is in BlockExits\n");
	opt_list_free(&conf.block_servers);
	opt_list_free(&conf.block_entries);
	opt_list_free(&conf.block_exits);
}

static void
test_too_long_for_a_header(void)
{
	/* 172 octets a hop: eleven of them, and the exit, fit. */
	CHECK(refused("*24", PATH_SURB, &drop, "too long"));
	CHECK(refused("A:*20", PATH_FORWARD, &drop, "too long"));
	CHECK(refused("*20:A", PATH_FORWARD, &drop, "too long"));
}

static void
test_compatibility(void)
{
	struct desc a = { .has_outgoing = 1, .has_incoming = 1 }, b = a;
	char old[] = "0.1, 0.2", both[] = "0.2,0.3", newer[] = "0.3";

	a.out_protocols = old;
	b.in_protocols = newer;
	CHECK(!desc_can_relay(&a, &b));
	a.out_protocols = both;
	CHECK(desc_can_relay(&a, &b));
	b.has_incoming = 0;
	CHECK(!desc_can_relay(&a, &b));
	b.has_incoming = 1;
	a.has_outgoing = 0;
	CHECK(!desc_can_relay(&a, &b));
}

/* P has IPv4 by its name's IP, Q by its numeric Hostname; R has IPv6; S both; A to F may. */
static void
test_address_families(void)
{
	static const struct {
		const char *nickname, *hostname, *ip, *ip6;
	} more[] = { { "P", "p.example", "192.0.2.1", NULL }, { "Q", "192.0.2.2", NULL, NULL },
		{ "R", "r.example", NULL, "2001:db8::1" },
		{ "S", "s.example", "192.0.2.3", "2001:db8::2" },
		{ "T", "t.example", "0.0.0.0", NULL } };
	static struct path p[100];
	struct errmsg e;
	struct mix_addr a;
	struct path_target to_block = { .surb_hop = &a };

	set_up();
	for (size_t i = 0; i < 5; i++) {
		struct desc_params d = plain(more[i].nickname);

		d.hostname = more[i].hostname;
		d.ip = more[i].ip;
		d.ip6 = more[i].ip6;
		add(&d);
	}
	CHECK(refused("P,R", PATH_FORWARD, &drop, "P and R have no address family in common"));
	CHECK(refused("R,A:Q,R", PATH_FORWARD, &drop, "Q and R have no address family"));
	CHECK(refused("R,P", PATH_SURB, &drop, "no address family"));
	CHECK(gives("P,Q,S,R,A,T,R", PATH_FORWARD, &drop, "P,Q,S,R:A,T,R"));
	CHECK(paths(p, 100, "P,?:R", PATH_FORWARD, &drop, &e) == 0);
	for (size_t i = 0; i < 100; i++)
		CHECK(strchr("PQR", *p[i].leg[0].servers[1]->nickname) == NULL);
	/* The block begins at R: what stands before it speaks IPv6. */
	CHECK(desc_addr(cd.own[cd.nown - 3], &a) == 0);
	a.keyid[0] ^= 1;
	cd.own[cd.nown - 3]->keyid[0] ^= 1;
	CHECK(refused("A,P", PATH_REPLY, &to_block, "P and R have no address family"));
	CHECK(gives("A,S", PATH_REPLY, &to_block, "A,S"));
	while (cd.nown > 7)
		desc_free(cd.own[--cd.nown]);
	cd.nimported = cd.nall = cd.nown;
}

static void
test_reply_avoids_the_first_hop_of_the_block(void)
{
	struct mix_addr a;
	struct path_target t = { .surb_hop = &a };
	struct path p;

	set_up();
	/* All of these servers share one identity: so none of them may stand before the block. */
	CHECK(desc_addr(cd.own[0], &a) == 0);
	CHECK(refused("?", PATH_REPLY, &t, "the last server"));
	CHECK(gives("A,B", PATH_REPLY, &t, "A,B"));
	a.keyid[0] ^= 1;
	CHECK(paths(&p, 1, "?", PATH_REPLY, &t, NULL) == 0);
}

TESTS(T(test_names), T(test_grammar_is_checked), T(test_random_hops), T(test_about_n_hops),
    T(test_exits), T(test_one_exit_for_all_fragments), T(test_boxes_are_on_a_certain_server),
    T(test_bad_names), T(test_blocked_servers), T(test_too_long_for_a_header),
    T(test_compatibility), T(test_address_families),
    T(test_reply_avoids_the_first_hop_of_the_block))
