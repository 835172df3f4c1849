# Build, test and run the switch. `make help` lists the targets.
#
# Every room (folder) is globbed, so a new file or a new port type needs no edit here.
# SAN=address,undefined or SAN=thread builds into a folder of its own; V=1 shows the commands.

ROOMS   := base api vlan port offload vhost-user tap netdev dpdk bpf datapath control cli
SAN     ?=
comma   := ,
CC      ?= gcc
MARCH   ?=
Q       := $(if $(V),,@)
B       := build$(if $(SAN),-$(subst $(comma),-,$(SAN)))

PKGS     := libdpdk json-c libnl-3.0 libnl-route-3.0 libbpf libsystemd libpcap libcap-ng libseccomp
CLI_PKGS := json-c libedit

WARN    := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
           -Wundef -Wvla -Wno-unused-parameter -Wno-missing-field-initializers
# DPDK's headers are system headers to us: their warnings are not ours.
DPDK_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
CFLAGS  ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) $(DPDK_CFLAGS) $(MARCH) -D_GNU_SOURCE \
             -DALLOW_EXPERIMENTAL_API -DRTE_USE_C11_MEM_MODEL -fno-strict-aliasing -I. -I$(B) -MMD -MP
LDLIBS   = -Wl,--as-needed $(shell pkg-config --libs $(PKGS)) -lrte_net_bond -lpthread
# DPDK's PCI bus must be known before DPDK starts (control/eal.c); nothing of it is called by name.
LDLIBS  += -Wl,--no-as-needed -lrte_bus_pci -Wl,--as-needed
# Drivers that pktgen calls by name; pkg-config leaves drivers out.
PKTGEN_LDLIBS = -lrte_bus_vdev -lrte_net_ring
CLI_LDLIBS = -Wl,--as-needed $(shell pkg-config --libs $(CLI_PKGS)) -lpthread
ifneq ($(SAN),)
ALL_CFLAGS += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
LDLIBS     += -fsanitize=$(SAN)
CLI_LDLIBS += -fsanitize=$(SAN)
endif

SRCS      := $(filter-out control/main.c cli/main.c %.bpf.c,$(wildcard $(addsuffix /*.c,$(ROOMS))))
SKELS     := $(patsubst %.bpf.c,$(B)/%.skel.h,$(wildcard $(addsuffix /*.bpf.c,$(ROOMS))))
OBJS      := $(SRCS:%.c=$(B)/%.o)
CLI_OBJS  := $(patsubst %.c,$(B)/%.o,$(wildcard cli/*.c base/*.c api/*.c))
SUPPORT   := $(B)/libsupport.a
UNIT      := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
FLOW      := $(patsubst %.c,$(B)/%,$(wildcard tests/flow/test_*.c))
PKTGEN    := $(filter-out pktgen/main.c,$(wildcard pktgen/*.c))
BINS      := $(if $(wildcard control/main.c),$(B)/vswitchd) $(if $(wildcard cli/main.c),$(B)/vswitchctl) \
             $(if $(wildcard pktgen/main.c),$(B)/pktgen)

.DELETE_ON_ERROR:
.PHONY: all
all: $(BINS) ## the daemon, its client, the tools

$(B)/vswitchd: $(B)/control/main.o $(B)/libvswitch.a
	@echo "  LINK  $@"
	$(Q)$(CC) -o $@ $^ $(LDLIBS)

$(B)/vswitchctl: $(CLI_OBJS)
	@echo "  LINK  $@"
	$(Q)$(CC) -o $@ $^ $(CLI_LDLIBS)

# The packet generator knows nothing of the switch: base/ and api/json.c are all that they share.
# Its objects are not in a folder of the binary's name.
$(B)/pktgen: $(B)/pktgen-room/main.o $(B)/libpktgen.a $(patsubst %.c,$(B)/%.o,$(wildcard base/*.c api/json*.c))
	@echo "  LINK  $@"
	$(Q)$(CC) -o $@ $^ $(LDLIBS) $(PKTGEN_LDLIBS) -lm

$(B)/libpktgen.a: $(PKTGEN:pktgen/%.c=$(B)/pktgen-room/%.o)
	@rm -f $@
	@echo "  AR    $@"
	$(Q)$(AR) rcs $@ $^

$(B)/libvswitch.a: $(OBJS)
	@rm -f $@
	@echo "  AR    $@"
	$(Q)$(AR) rcs $@ $^

$(B)/libsupport.a: $(patsubst %.c,$(B)/%.o,$(wildcard tests/support/*.c))
	@rm -f $@
	@echo "  AR    $@"
	$(Q)$(AR) rcs $@ $^

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(B)/pktgen-room/%.o: pktgen/%.c Makefile
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# ---- programs for the kernel: bpf/x.bpf.c -> build/bpf/x.skel.h, included by C files ----------
BPF_CFLAGS := -target bpf -O2 -g -Wall -Wextra -Werror -I. -I/usr/include/$(shell uname -m)-linux-gnu

$(filter $(B)/tap/% $(B)/netdev/%,$(OBJS)): | $(SKELS)

$(B)/%.bpf.o: %.bpf.c
	@mkdir -p $(@D)
	@echo "  BPF   $<"
	$(Q)clang $(BPF_CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

$(B)/%.skel.h: $(B)/%.bpf.o
	$(Q)bpftool gen object $(@:.h=.o) $<
	$(Q)bpftool gen skeleton $(@:.h=.o) name $(notdir $*) >$@.tmp && mv $@.tmp $@

# ---- tests ----------------------------------------------------------------------------------
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(SUPPORT) $(B)/libpktgen.a $(B)/libvswitch.a
	@echo "  LINK  $@"
	$(Q)$(CC) -o $@ $^ $(LDLIBS) $(PKTGEN_LDLIBS) -lcmocka -lm
$(B)/tests/flow/%: $(B)/tests/flow/%.o $(SUPPORT) $(B)/libvswitch.a
	@echo "  LINK  $@"
	$(Q)$(CC) -o $@ $^ $(LDLIBS) -lcmocka
# Programs for trying things by hand (vhu_bridge), and what the scripts send traffic with (frame_blast).
$(B)/tests/tools/%: $(B)/tests/tools/%.o $(SUPPORT) $(B)/libvswitch.a
	@echo "  LINK  $@"
	$(Q)$(CC) -o $@ $^ $(LDLIBS) -lcmocka

.PHONY: unit flow check
unit: $(UNIT) ## unit tests
	@tools/run_tests.sh unit $^
flow: $(FLOW) ## flow tests: the packet path in one process, no root needed
	@tools/run_tests.sh flow $^
check: $(UNIT) $(FLOW) ## both
	@tools/run_tests.sh check $^

# The programs that start threads of their own: what the workers share, run with SAN=thread.
# (Not the racing guest: that guest memory is raced for is its point.)
THREADS := $(filter-out %/test_vring_race,$(patsubst %.c,$(B)/%,$(shell \
    grep -lsE 'pthread_create|dp_start' tests/unit/test_*.c tests/flow/test_*.c)))

.PHONY: threads smoke vm
threads: $(THREADS)
	@tools/run_tests.sh threads $^
smoke: all $(B)/tests/tools/frame_blast $(B)/tests/tools/vlan_host.bpf.o $(B)/tests/tools/cable ## real binaries, namespaces and TAPs (VSW_ONLY=word: scripts whose name has it)
	@tests/support/run_suite.sh smoke $(sort $(wildcard tests/smoke/*.sh))
vm: all ## real QEMU guests and other front-ends (VSW_ONLY=word as above)
	@tests/support/run_suite.sh vm $(filter-out %/mkguest.sh %/guest-init.sh,$(sort $(wildcard tests/vm/*.sh)))

# ---- fuzzing: what guests, peers and operators send; T seconds for each target ---------------
T ?= 60
FUZZ_json  := $(wildcard api/*.c) base/err.c base/mac.c
FUZZ_vring := $(wildcard vhost-user/vring*.c port/gmem*.c) port/frame.c base/err.c

$(B)/fuzz_%: tests/fuzz/fuzz_%.c
	@mkdir -p $(B)
	@echo "  FUZZ  $@"
	$(Q)clang -g -O1 -std=gnu11 -D_GNU_SOURCE -I. -fsanitize=fuzzer,address,undefined -o $@ $< \
		$(FUZZ_$*) -ljson-c -lm

.PHONY: fuzz
fuzz: $(patsubst tests/fuzz/%.c,$(B)/%,$(wildcard tests/fuzz/*.c)) ## fuzz targets, T=60 seconds each
	@for target in $^; do \
		corpus=$(B)/corpus-$$(basename $$target); mkdir -p $$corpus; \
		seeds=tests/fuzz/corpus/$$(basename $$target | sed 's/fuzz_//'); [ -d $$seeds ] || seeds=; \
		echo "  RUN   $$target for $(T) s"; \
		$$target -max_total_time=$(T) -verbosity=0 -print_final_stats=1 $$corpus $$seeds || exit 1; \
	done

# ---- the two commands of a newcomer ---------------------------------------------------------
# Both start with nothing but make: the packages come first, then a fresh make that finds them.
.PHONY: setup demo test help
setup: ## install the Debian packages that are missing
	@tools/setup.sh
demo: setup ## two tenants, three VMs, namespaces, an uplink: show what reaches what
	@$(MAKE) --no-print-directory all
	@tools/demo.sh
test: setup ## every test layer, with one closing line
	@tools/test_all.sh
help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | \
		while IFS="$$(printf '\t')" read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

# ---- benchmark: against OVS-DPDK, testpmd and the Linux bridge, on this machine --------------
# QUICK=1: the headline rows. PARTS=sizes,flows: some. RUN=name: add parts to a run. REPORT=1: only write
# docs/bench.md of the run RUN. ROUNDS=n, SYSTEMS=vswitchd,ovs.
.PHONY: bench
bench: ## benchmark against real peers (QUICK=1: two minutes; PARTS=sizes,flows: some) -> docs/bench.md
	@tools/setup.sh build bench
	@$(MAKE) --no-print-directory all $(B)/tests/tools/ring_drain
	@BUILD=$(B) python3 -m bench $(if $(QUICK),--quick) $(if $(PARTS),--parts $(PARTS)) \
		$(if $(SYSTEMS),--systems $(SYSTEMS)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(RUN),--run $(RUN)) $(if $(REPORT),--report)

.PHONY: clean format
clean: ## remove what was built
	rm -rf build build-*
format: ## format all C files
	clang-format -i $$(git ls-files '*.c' '*.h')

.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- documents and lint ---------------------------------------------------------------------
.PHONY: docs lint coverage
docs: all ## docs/reference.md, from the tables
	$(Q)$(B)/vswitchd --print-api >docs/reference.md.tmp && mv docs/reference.md.tmp docs/reference.md
lint: all ## format, arrows, comments, shell scripts, stale documents
	@tools/lint.sh $(B)
coverage: ## which lines the unit and flow tests run, per room
	@$(MAKE) --no-print-directory B=build-coverage CFLAGS="-O0 -g --coverage" \
		LDLIBS='$(LDLIBS) -lm --coverage' unit flow
	@tools/coverage.sh build-coverage

# ---- install --------------------------------------------------------------------------------
PREFIX  ?= /usr
DESTDIR ?=
DOCDIR   = $(PREFIX)/share/doc/vswitch
MANDIR   = $(PREFIX)/share/man
COMPDIR  = $(PREFIX)/share/bash-completion/completions
UNITDIR  = $(PREFIX)/lib/systemd/system
UNITS   := $(wildcard packaging/*.service packaging/*.socket)
PAGES   := $(wildcard docs/man/*.[1-9])
EXAMPLES := $(wildcard examples/*)

.PHONY: install uninstall
install: all ## PREFIX=/usr, DESTDIR= for packagers
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(DOCDIR)/examples $(DESTDIR)$(COMPDIR)
	install -m 755 $(filter-out %/pktgen,$(BINS)) $(DESTDIR)$(PREFIX)/sbin
	install -D -m 755 $(B)/pktgen $(DESTDIR)$(PREFIX)/bin/pktgen
	install -m 644 pktgen/pktgen.bash $(DESTDIR)$(COMPDIR)/pktgen
	install -m 644 cli/vswitchctl.bash $(DESTDIR)$(COMPDIR)/vswitchctl
	install -m 644 docs/reference.md $(DESTDIR)$(DOCDIR)
	install -m 755 $(filter %.sh,$(EXAMPLES)) $(DESTDIR)$(DOCDIR)/examples
	install -m 644 $(filter-out %.sh,$(EXAMPLES)) $(DESTDIR)$(DOCDIR)/examples
	set -e; for page in $(PAGES); do \
		install -D -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	set -e; for unit in $(UNITS); do \
		install -D -m 644 $$unit $(DESTDIR)$(UNITDIR)/$${unit##*/}; done
uninstall: ## remove what install put there
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/sbin/,$(notdir $(BINS))) $(DESTDIR)$(COMPDIR)/vswitchctl
	rm -f $(DESTDIR)$(PREFIX)/bin/pktgen $(DESTDIR)$(COMPDIR)/pktgen
	for page in $(PAGES); do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	rm -f $(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(UNITS)))
	rm -rf $(DESTDIR)$(DOCDIR)
