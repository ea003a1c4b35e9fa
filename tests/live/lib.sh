# shellcheck shell=bash
# Shared by the tests of whole nodes: a temporary directory, nodes of ours, the independent peer, a
# mail sink, and lines "ok - NAME". Sourced; the test ends with `finish`. Everything that was
# started is stopped, whatever happens.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
BUILD=${BUILD:-build}
BIN=$PWD/$BUILD/bin
PYTHON=${PYTHON:-/usr/bin/python3}
export PYTHONPATH=$PWD/tests/peer PYTHONDONTWRITEBYTECODE=1

dir=$(mktemp -d "${TMPDIR:-/tmp}/mixlive.XXXXXX")
chmod 711 "$dir"
failed=0
helpers=()          # process ids of ours that are to be killed at the end
declare -A supervisor=() # node -> process id of its mixminiond
uid_base=64800
confined=()
# An ordinary user's node has no uids of its own; where the kernel has no Landlock it needs to be
# told so.
[ "$(id -u)" = 0 ] || confined=(--unconfined)

at_exit() {
    local n
    for n in "${!supervisor[@]}"; do
        node_stop "$n"
    done
    for n in "${helpers[@]}"; do
        kill "$n" 2>/dev/null
        wait "$n" 2>/dev/null
    done
    [ -z "${umount_at_exit:-}" ] || umount "$umount_at_exit"
    rm -rf "$dir"
}
trap at_exit EXIT
trap 'exit 1' INT TERM

ok() { echo "ok - $1"; }
not_ok() {
    failed=1
    echo "not ok - $1: ${2:-}"
}
# check NAME COMMAND...: ok if the command succeeds; else what it printed is shown.
check() {
    local name=$1
    shift
    if "$@" >"$dir/check.out" 2>&1; then
        ok "$name"
    else
        not_ok "$name" "$(tr '\n' ' ' <"$dir/check.out" | tail -c 300) ($*)"
        return 1
    fi
}
# What no test of a node may leave in a log: a finding of a sanitizer, a system call that the filter
# forbids.
clean_logs() {
    ! grep -aE 'ERROR: (Address|Leak)Sanitizer|runtime error|signal 31 ' "$dir"/*/log* \
        "$dir"/*.start
}
finish() {
    local n
    for n in "${!supervisor[@]}"; do
        node_stop "$n"
        check "$n: clean logs" clean_logs
    done
    if [ $failed != 0 ]; then
        for f in "$dir"/*/log.* "$dir"/*.start; do
            [ -s "$f" ] && echo "== $f" && tail -n 8 "$f"
        done
    fi
    exit $failed
}
# give_up WHY: when nothing more can be tried.
give_up() {
    not_ok "set-up" "$1"
    finish
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.1
    done
}
free_ports() { "$PYTHON" tests/ports.py "$1"; }
port_open() { (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
port_of() { sed -n '/^\[Incoming/,/^\[Out/s/^Port: //p' "$dir/$1/mixminiond.conf"; }

# --- nodes of ours ---

# node_conf NAME PORT SMTPPORT: its home and configuration; more sections are appended by the test.
node_conf() {
    mkdir -p "$dir/$1"
    chmod 755 "$dir/$1"
    echo 'alice: alice@mail.example' >"$dir/$1.addresses"
    cat >"$dir/$1/mixminiond.conf" <<EOF
[Host]
FileParanoia: no
[Server]
BaseDir: $dir/$1
Mode: relay
Nickname: $1
Contact-Email: $1@live.example
LogLevel: INFO
MixAlgorithm: Timed
MixInterval: ${mix_interval:-1 second}
[DirectoryServers]
Publish: no
[Incoming/MMTP]
Enabled: yes
IP: 127.0.0.1
Hostname: 127.0.0.1
ListenIP: 127.0.0.1
Port: $2
LegacyTLS: ${legacy:-no}
[Outgoing/MMTP]
Enabled: yes
Retry: every 2 seconds for 10 minutes
[Delivery/MBOX]
Enabled: yes
AddressFile: $dir/$1.addresses
ReturnAddress: nobody@$1.example
RemoveContact: nobody@$1.example
SMTPServer: 127.0.0.1:$3
Retry: every 2 seconds for 10 minutes
[Delivery/SMTP]
Enabled: yes
SMTPServer: 127.0.0.1:$3
ReturnAddress: nobody@$1.example
MaximumSize: 1M
Retry: every 2 seconds for 10 minutes
[Delivery/Fragmented]
Enabled: yes
MaximumSize: 1M
EOF
}
# node_start NAME: begins; node_ready NAME waits until it listens, and copies its descriptor to
# $dir/NAME.desc.
node_start() {
    # Every node gets its own uids, and keeps them when it is started again.
    local base=$dir/$1.uids
    if [ ! -e "$base" ]; then
        echo $uid_base >"$base"
        uid_base=$((uid_base + 40))
    fi
    "$BIN/mixminiond" start -f "$dir/$1/mixminiond.conf" --nodaemon --uid-base "$(cat "$base")" \
        "${confined[@]}" \
        >>"$dir/$1.start" 2>&1 &
    supervisor[$1]=$!
}
node_ready() {
    wait_for 30 port_open "$(port_of "$1")" && wait_for 30 test -s "$dir/$1/current-desc" &&
        cp "$(cat "$dir/$1/current-desc")" "$dir/$1.desc"
}
node_stop() {
    local pid=${supervisor[$1]:-}
    [ -n "$pid" ] || return 0
    unset "supervisor[$1]"
    kill -TERM "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}
# pid_of NAME PROCESS: that child of the node's supervisor.
pid_of() {
    local p
    for p in $(cat "/proc/${supervisor[$1]}/task/${supervisor[$1]}/children" 2>/dev/null); do
        [ "$(cat "/proc/$p/comm" 2>/dev/null)" != "$2" ] || { echo "$p" && return 0; }
    done
    return 1
}
# counter NAME PROCESS COUNTER
counter() {
    "$BUILD/tests/ask" "$dir/$1/run/$2-control.sock" stats 2>/dev/null |
        awk -v c="$3" '$1 == c { print $2 }'
}
counter_at_least() { [ "$(counter "$1" "$2" "$3")" -ge "$4" ]; }

# --- the peer ---

peer() { "$PYTHON" -m type3 "$@"; }
peer_home() { # NAME PORT: with the keys of the last one of that name
    ${TEST_KEYS:+env TYPE3_KEYS="$TEST_KEYS"} "$PYTHON" -m type3 make-server "$dir/$1" --nick "$1" \
        --port "$2" --exit smtp,mbox,frag --days 60 >/dev/null
}
# peer_serve NAME [FLAG...]
peer_serve() {
    local name=$1
    shift
    # Not by the function: the process id is to be that of the program.
    "$PYTHON" -m type3 serve "$dir/$name" --out "$dir/$name.out" --log "$dir/$name.jsonl" "$@" \
        2>"$dir/$name.stderr" &
    helpers+=($!)
}
# delivered NAME TEXT [N]: at the peer of that name the text arrived (N times)
delivered() { [ "$(grep -slF -- "$2" "$dir/$1.out"/*.body | wc -l)" = "${3:-1}" ]; }
desc_of() {
    if [ -e "$dir/$1.desc" ]; then
        echo "$dir/$1.desc"
    else
        echo "$dir/$1"
    fi
}
# path a,b:c -> the same with descriptor files
path() {
    local out='' word=''
    while read -r -n1 c; do
        case $c in
        '' | , | :) out=$out$(desc_of "$word")$c word= ;;
        *) word=$word$c ;;
        esac
    done <<<"$1"
    echo "$out"
}

# --- mail ---

mail_sink() { # PORT
    mkdir -p "$dir/mail"
    "$PYTHON" -m type3 sink --port "$1" --out "$dir/mail" >"$dir/sink.log" 2>&1 &
    helpers+=($!)
    wait_for 20 port_open "$1"
}
mailed() { [ "$(grep -slF -- "$1" "$dir/mail"/*.eml | wc -l)" = "${2:-1}" ]; }
