# Sourced by tests that run a node by mixminiond: a home each, as root or as one ordinary user.
# shellcheck shell=bash
BIN=$PWD/${BUILD:-build}/bin
PYTHON=${PYTHON:-/usr/bin/python3}
daemons="deliverd dirsync keyd mixer mmtpd"
dir=$(mktemp -d "${TMPDIR:-/tmp}/test_node.XXXXXX")
chmod 755 "$dir"
# The tree may lie where only root comes to; ordinary users have to reach the programs.
if [ "$(id -u)" = 0 ]; then
    cp -r "$BIN" "$dir/bin"
    BIN=$dir/bin
fi
as=()
mode=

cleanup() {
    local pid
    for pid in "$dir"/*/pid; do
        [ -f "$pid" ] && kill -9 "$(cat "$pid")" 2>/dev/null
    done
    rm -rf "$dir"
}
trap cleanup EXIT

# check NAME COMMAND...
check() {
    local name=$1
    shift
    if "$@"; then
        echo "ok - $mode: $name"
    else
        echo "not ok - $mode: $name: $*"
        tail -qn 3 "$base"/log* "$base"/out 2>/dev/null | sed 's/^/# /'
    fi
}

wait_for() { # SECONDS COMMAND...
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.05
    done
}

ctl() { "${as[@]}" "$BIN/mixminiond" "$@"; }
status_is() { # STATUS COMMAND...: and one line on standard error at least
    local want=$1 got
    shift
    "$@" >"$base/out" 2>&1
    got=$?
    [ $got = "$want" ] && [ -s "$base/out" ]
}

children() { # names and ids of the supervisor's processes, sorted
    local kid
    for kid in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
        echo "$(cat "/proc/$kid/comm" 2>/dev/null) $kid"
    done | sort
}
pid_of() { children "$supervisor" | awk -v n="$1" '$1 == n { print $2 }'; }
all_up() { [ "$(echo $(children "$supervisor" | cut -d' ' -f1))" = "$daemons" ]; }
gone() { ! grep -qs '^State:[[:space:]]*[^Z[:space:]]' "/proc/$1/status"; }

write_conf() { # PORT
    cat >"$conf" <<EOF
[Host]
FileParanoia: no
[Server]
BaseDir: $base
Mode: relay
Nickname: test
Contact-Email: test@test.example
LogLevel: INFO
MixInterval: 30 minutes
[DirectoryServers]
Publish: no
[Incoming/MMTP]
Enabled: yes
IP: 127.0.0.1
Hostname: 127.0.0.1
ListenIP: 127.0.0.1
Port: $1
[Outgoing/MMTP]
Enabled: yes
EOF
}

free_port() { "$PYTHON" tests/ports.py 1; }

start() {
    ctl start -f "$conf" --daemon --quiet "${flags[@]}" >"$base/out" 2>&1 || return 1
    supervisor=$(cat "$base/pid")
}

# A home of its own for a node that MODE stands for, owned by OWNER, run by a command prefix.
make_home() { # MODE OWNER COMMAND-PREFIX...
    mode=$1
    base=$dir/$1
    conf=$base/mixminiond.conf
    as=("${@:3}")
    mkdir -m 755 "$base"
    write_conf "$(free_port)"
    chown -R "$2" "$base"
    flags=()
    unfiltered && flags=(--unconfined)
}
unfiltered() { "$BIN/keyd" -h 2>&1 | grep -q 'no system call filter'; }

# As nobody in particular; sets drop. Fails where such a user cannot reach the programs.
drop=(setpriv --reuid 65534 --regid 65534 --clear-groups)
