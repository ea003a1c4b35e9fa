# Type III anonymous remailer. `make help` lists the targets; README explains them.

PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
PYTHON ?= /usr/bin/python3
PKG_CONFIG ?= pkg-config

PROGRAMS = keyd mmtpd mixer deliverd deliverd-run dirsync mixminiond mixminion dird
DAEMONS = keyd mmtpd mixer deliverd deliverd-run dirsync

# Builds with sanitizers and for valgrind know no seccomp: they live apart and are never installed.
ifdef SANITIZE
BUILD ?= build-san
VARIANT = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer -DNO_SECCOMP
OPT ?= -O1 -g
else ifdef VALGRIND
BUILD ?= build-valgrind
VARIANT = -DNO_SECCOMP
OPT ?= -O1 -g
else
BUILD ?= build
OPT ?= -O2 -g
HARDEN = -D_FORTIFY_SOURCE=2
endif
ifdef WITH_TEST_HOOKS
VARIANT += -DWITH_TEST_HOOKS
endif

WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith \
    -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wcast-qual -Werror
HARDEN += -fstack-protector-strong -fstack-clash-protection -fPIE -fcf-protection
LDHARDEN = -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
BSD_CFLAGS := $(shell $(PKG_CONFIG) --cflags libbsd-overlay 2>/dev/null)
CPPFLAGS_ALL = -D_GNU_SOURCE -Icommon $(BSD_CFLAGS) $(CPPFLAGS)
CFLAGS_ALL = -std=c17 $(OPT) $(WARN) $(HARDEN) $(VARIANT) $(CFLAGS)
LDFLAGS_ALL = $(LDHARDEN) $(VARIANT) $(LDFLAGS)
# V=1 shows the whole commands.
Q = $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)" $@)

LIBS_base = -lcrypto -lseccomp -lbsd
LIBS_keyd = $(LIBS_base)
LIBS_mixer = $(LIBS_base)
LIBS_mmtpd = -lssl $(LIBS_base)
LIBS_deliverd = -lssl -lz -lpcre2-8 $(LIBS_base)
LIBS_deliverd-run = $(LIBS_base)
LIBS_dirsync = -lcares -lcurl -lz $(LIBS_base)
LIBS_dird = -lmicrohttpd -lcurl -lcares -lz $(LIBS_base)
LIBS_mixminiond = -lz $(LIBS_base)
LIBS_mixminion = -lcurl -ledit -lssl -lz $(LIBS_base)
LIBS_all = -lssl -lz -lcares $(LIBS_base) -lm

objs = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)/*.c))
COMMON_OBJS = $(call objs,common)
BINS = $(PROGRAMS:%=$(BUILD)/bin/%)
# A unit test tests/unit/test_ROOM_WHAT.c may call everything in ROOM but its main file ROOM/ROOM.c;
# it includes "ROOM/WHAT.h".
$(BUILD)/obj/tests/%.o: CPPFLAGS_ALL += -I.
$(BUILD)/obj/tests/unit/%.o: OPT = -O1 -g1
UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
TOOLS = $(patsubst tests/tools/%.c,$(BUILD)/tests/%,$(wildcard tests/tools/*.c))
FUZZERS = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all
all: $(BINS)

.PHONY: help
help:
	@echo "all check check-long check-unit check-mta check-vectors check-valgrind"
	@echo "check-vm demo bench fuzz lint deps install uninstall clean"
	@echo "SANITIZE=address,undefined, CC=clang, VECTORS=DIR, PREFIX=, DESTDIR= as in README"

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# The sample configuration, for "mixminiond init": a string a line.
$(BUILD)/obj/mixminiond/template.o: $(BUILD)/obj/sample_conf.h
$(BUILD)/obj/mixminiond/template.o: CPPFLAGS_ALL += -I$(BUILD)/obj
$(BUILD)/obj/sample_conf.h: etc/mixminiond.conf
	@mkdir -p $(@D)
	$(Q)sed -e 's/[\\"]/\\&/g' -e 's/^/"/' -e 's/$$/",/' $< > $@

$(BUILD)/libcommon.a: $(COMMON_OBJS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

define program_rules
$(BUILD)/lib$(1).a: $(filter-out $(BUILD)/obj/$(1)/$(1).o,$(call objs,$(1)))
	@rm -f $$@
	$(Q)$(AR) rcs $$@ $$^
$(BUILD)/bin/$(1): $(BUILD)/obj/$(1)/$(1).o $(BUILD)/lib$(1).a $(BUILD)/libcommon.a
	@mkdir -p $$(@D)
	$$(call say,LD)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $$@ $$^ $(LIBS_$(1))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rules,$(p))))

# --- tests ---

room = $(word 2,$(subst _, ,$(notdir $(1))))
roomlib = $(if $(filter $(call room,$(1)),$(PROGRAMS)),$(BUILD)/lib$(call room,$(1)).a)
define unit_rules
$(1): $(BUILD)/obj/tests/unit/$(notdir $(1)).o $(call roomlib,$(1)) $(BUILD)/libcommon.a
	@mkdir -p $$(@D)
	$$(call say,LD)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $$@ $$^ $(LIBS_all) $(LIBS_$(call room,$(1)))
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_rules,$(t))))

$(TOOLS): $(BUILD)/tests/%: $(BUILD)/obj/tests/tools/%.o $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_all)

$(BUILD)/tests/vectors: $(call objs,tests/vectors) $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -ljansson $(LIBS_all)

$(BUILD)/tests/bench: $(call objs,tests/bench) $(BUILD)/libdird.a $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_all)

.PHONY: tests
tests: all $(UNIT_TESTS) $(TOOLS) $(BUILD)/tests/vectors

# A node that dies where it is told to and believes the clock it is given: never installed.
.PHONY: hooks
hooks:
	@$(MAKE) --no-print-directory BUILD=build-hooks WITH_TEST_HOOKS=1 OPT="-O1 -g1" \
	    $(patsubst %,build-hooks/bin/%,$(DAEMONS) mixminiond)

# One command is to be enough, without -j too.
PARALLEL = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: check
check: deps
	@$(PARALLEL) tests $(if $(SANITIZE),,hooks)
	@BUILD=$(BUILD) PYTHON=$(PYTHON) SANITIZE=$(SANITIZE) tests/run

# The tests of durability at length: a thousand kills, every step several times.
.PHONY: check-long
check-long: deps
	@$(PARALLEL) tests hooks
	@BUILD=$(BUILD) PYTHON=$(PYTHON) KILLS=$(or $(KILLS),1000) PASSES=3 LONG=1 tests/run

# What a package's build can run: no network, no second user, nothing to be installed.
.PHONY: check-unit
check-unit: tests
	@BUILD=$(BUILD) PYTHON=$(PYTHON) UNIT_ONLY=1 tests/run

# With real mail servers (Postfix, OpenSMTPD), and SpamAssassin for what it finds odd.
.PHONY: check-mta
check-mta:
	@DEPS_MORE="postfix spamassassin" tests/deps
	@$(PARALLEL) tests
	@BUILD=$(BUILD) PYTHON=$(PYTHON) MTA=1 JOBS=1 tests/run

.PHONY: check-vectors
check-vectors: deps
	@$(MAKE) --no-print-directory $(BUILD)/tests/vectors
	@$(BUILD)/tests/vectors $(or $(VECTORS),tests/vectors/data)

.PHONY: check-valgrind
check-valgrind: deps
	@$(PARALLEL) VALGRIND=1 tests
	@BUILD=$(or $(filter-out build,$(BUILD)),build-valgrind) PYTHON=$(PYTHON) VALGRIND=1 tests/run

# The Debian packages: built twice alike; under a real systemd in a container (root); under AppArmor in
# a virtual machine (root; 400 MB in /var/tmp the first time, 5 to 20 minutes each time).
.PHONY: check-deb check-nspawn check-vm
check-deb check-nspawn:
	@tests/pkg/test_$(@:check-%=%)
check-vm: deps
	@$(MAKE) --no-print-directory $(BUILD)/tests/probe
	@BUILD=$(BUILD) tests/pkg/check-vm

.PHONY: fuzz
fuzz: deps
	@tests/fuzz/run $(or $(SECONDS_EACH),600)

.PHONY: bench
bench:
	@DEPS_MORE="nginx wrk" tests/deps
	@$(PARALLEL) all $(TOOLS) $(BUILD)/tests/bench
	@BUILD=$(BUILD) tests/bench/run

.PHONY: demo
demo: deps
	@$(PARALLEL) all $(TOOLS)
	@BUILD=$(BUILD) PYTHON=$(PYTHON) KEEP=$(KEEP) tests/demo/run

.PHONY: lint
lint: deps
	@tests/lint

.PHONY: deps
deps:
	@tests/deps

# --- installation ---

MAN8 = $(wildcard keyd/*.8 mmtpd/*.8 mixer/*.8 deliverd/*.8 deliverd-run/*.8 dirsync/*.8 \
    mixminiond/*.8 dird/*.8)
MAN7 = $(wildcard mixminiond/*.7 mixminion/*.7)
MAN5 = $(wildcard mixminiond/*.5 dird/*.5 mixminion/*.5)
MAN1 = $(wildcard mixminion/*.1)
LIBEXEC = $(PREFIX)/libexec/mixminiond

# Units, users, directories, AppArmor profiles, log rotation: SERVICES=no leaves them out.
SERVICES ?= yes
ifeq ($(SERVICES),yes)
SERVICE_DIRS = systemd sysusers.d tmpfiles.d apparmor.d apparmor.d/abstractions logrotate.d
endif
SERVICE_FILES = $(foreach d,$(SERVICE_DIRS),$(shell find etc/$(d) -maxdepth 1 -type f))
UNITDIR ?= $(PREFIX)/lib/systemd/system
# Where a file of etc/ goes: what is for systemd below PREFIX, the rest to /etc.
place = $(DESTDIR)$(patsubst /etc/systemd/%,$(UNITDIR)/%,$(patsubst \
    /etc/sysusers.d/%,$(PREFIX)/lib/sysusers.d/%,$(patsubst \
    /etc/tmpfiles.d/%,$(PREFIX)/lib/tmpfiles.d/%,/$(1))))

# Where bash and zsh look for completions. (Debian's packages have a place of their own for zsh's.)
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions

.PHONY: install
install: all
	@test -z "$(SANITIZE)$(VALGRIND)$(WITH_TEST_HOOKS)" || \
	    { echo "this build has no system call filter or has test hooks: not installed" >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(LIBEXEC)
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 \
	    $(DESTDIR)$(PREFIX)/share/man/man7 $(DESTDIR)$(PREFIX)/share/man/man8 \
	    $(DESTDIR)$(PREFIX)/share/doc/mixminiond
	install -m 755 $(BUILD)/bin/mixminion $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(BUILD)/bin/mixminiond $(BUILD)/bin/dird $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(DAEMONS:%=$(BUILD)/bin/%) $(DESTDIR)$(LIBEXEC)/
	install -m 644 $(MAN1) $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 $(MAN5) $(DESTDIR)$(PREFIX)/share/man/man5/
	install -m 644 $(MAN7) $(DESTDIR)$(PREFIX)/share/man/man7/
	install -m 644 $(MAN8) $(DESTDIR)$(PREFIX)/share/man/man8/
	install -D -m 644 etc/completion/mixminion.bash $(DESTDIR)$(BASHDIR)/mixminion
	install -D -m 644 etc/completion/_mixminion $(DESTDIR)$(ZSHDIR)/_mixminion
	install -D -m 644 etc/mixminion/directory-servers \
	    $(DESTDIR)/etc/mixminion/directory-servers
	install -m 644 README LICENSE etc/mixminiond.conf $(DESTDIR)$(PREFIX)/share/doc/mixminiond/
	@set -e; $(foreach f,$(SERVICE_FILES),echo "install $(call place,$(f))"; \
	    install -D -m 644 $(f) $(call place,$(f)); \
	    sed -i -e 's|/usr/libexec/mixminiond|$(LIBEXEC)|g' \
	        -e 's|/usr/sbin/mixminiond|$(PREFIX)/sbin/mixminiond|g' \
	        -e 's|/usr/sbin/dird|$(PREFIX)/sbin/dird|g' $(call place,$(f));)

.PHONY: uninstall
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/mixminion
	rm -f $(DESTDIR)$(PREFIX)/sbin/mixminiond $(DESTDIR)$(PREFIX)/sbin/dird
	rm -f $(DESTDIR)/etc/mixminion/directory-servers
	rm -f $(DAEMONS:%=$(DESTDIR)$(LIBEXEC)/%)
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/man/man1/,$(notdir $(MAN1)))
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/man/man5/,$(notdir $(MAN5)))
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/man/man7/,$(notdir $(MAN7)))
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/man/man8/,$(notdir $(MAN8)))
	rm -f $(DESTDIR)$(BASHDIR)/mixminion $(DESTDIR)$(ZSHDIR)/_mixminion
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/mixminiond
	rm -f $(foreach f,$(SERVICE_FILES),$(call place,$(f)))
	-rmdir $(DESTDIR)$(LIBEXEC)

.PHONY: clean
clean:
	rm -rf build build-san build-valgrind build-fuzz build-hooks

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
