# shellcheck shell=bash
# For tests with directory servers: authorities a, b, c, ... in $dir, voting every few seconds.
# Sourced behind lib.sh, whose dir and confined it uses.
# shellcheck disable=SC2154
declare -A dird_pid=() dird_port=()
dird_interval=${dird_interval:-6 seconds}
dird_uids=65100

# dird_init NAME...: homes and keys of a clique, then the configuration of each; $dird_more is put
# into [Directory].
dird_init() {
    local n ports i=0
    read -ra ports < <(free_ports $#)
    for n in "$@"; do
        dird_port[$n]=${ports[i++]}
        "$BIN/dird" init -f "$dir/$n.conf" -d "$dir/$n" -p "${dird_port[$n]}" \
            -u "$(dird_url "$n")" --uid-base="$dird_uids" \
            >"$dir/$n.init" 2>&1 || return 1
        dird_own_uids "$n" >/dev/null
    done
    for n in "$@"; do
        dird_conf "$n" "$@"
    done
}
# Every authority has its own uids.
declare -A dird_uid=()
dird_own_uids() {
    if [ -z "${dird_uid[$1]:-}" ]; then
        dird_uid[$1]=$dird_uids
        dird_uids=$((dird_uids + 10))
    fi
    echo "${dird_uid[$1]}"
}
fingerprint() { "$BIN/dird" fingerprint -f "$dir/$1.conf"; }
# One of them by its name.
dird_url() {
    local host=127.0.0.1
    [ "$1" != c ] || host=localhost
    echo "http://$host:${dird_port[$1]}/"
}
dird_conf() { # NAME MEMBER...
    local n=$1 m
    shift
    {
        cat <<EOC
[Directory]
BaseDir: $dir/$n
URL: $(dird_url "$n")
ClientVersions: 0.0.8
ServerVersions: 0.0.8
${dird_more:-}
[Voting]
VotingInterval: $dird_interval
EOC
        for m in "$@"; do
            echo "Authority: $(fingerprint "$m") $(dird_url "$m")"
        done
        printf '[HTTP]\nListenIP: 127.0.0.1\nPort: %s\n%s\n' "${dird_port[$n]}" "${dird_http:-}"
    } >"$dir/$n.conf.new"
    mv "$dir/$n.conf.new" "$dir/$n.conf"
}
dird_start() { # NAME OPTION...
    local n=$1
    shift
    dird_own_uids "$n" >/dev/null
    "$BIN/dird" start -f "$dir/$n.conf" --uid-base="${dird_uid[$n]}" "${confined[@]}" "$@" \
        >>"$dir/$n.start" 2>&1 &
    dird_pid[$n]=$!
}
dird_stop() {
    local pid=${dird_pid[$1]:-}
    [ -n "$pid" ] || return 0
    unset "dird_pid[$1]"
    kill -TERM "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}
dird_stop_all() {
    local n
    for n in "${!dird_pid[@]}"; do
        dird_stop "$n"
    done
}
dird() { # NAME COMMAND ARGUMENT...
    local n=$1 c=$2
    shift 2
    "$BIN/dird" "$c" -f "$dir/$n.conf" "$@"
}
# proc_of NAME PROCESS: its process id
proc_of() {
    local p
    for p in $(cat "/proc/${dird_pid[$1]}/task/${dird_pid[$1]}/children"); do
        [ "$(cat "/proc/$p/comm" 2>/dev/null)" = "dird-$2" ] && echo "$p"
    done
}
# outcomes NAME: the summaries of all cycles so far
outcomes() { grep -aoE '[0-9-]{10,17}: (consensus|CONSENSUS).*' "$dir/$1.start"; }
last_outcome() { outcomes "$1" | tail -n 1; }
count_outcomes() { outcomes "$1" | wc -l; }
# next_outcome NAME: that of the cycle after the one under way
next_outcome() {
    local n
    n=$(($(count_outcomes "$1") + 2))
    wait_for 60 outcome_number "$1" "$n" && outcomes "$1" | sed -n "${n}p"
}
outcome_number() { [ "$(count_outcomes "$1")" -ge "$2" ]; }
# cycles_with NAME PATTERN: wait until a cycle ends so
ends_with() {
    local n
    n=$(count_outcomes "$1")
    wait_for 90 ended_with "$1" "$n" "$2"
}
ended_with() { outcomes "$1" | tail -n +"$(($2 + 1))" | grep -q "$3"; }
# web ARGUMENT...: see tests/live/web.py
web() { "$PYTHON" tests/live/web.py "$@"; }
document() { # NAME DOCUMENT: uncompressed
    gzip -dc "$dir/$1/public/$2" 2>/dev/null
}
# the latest cycle whose directory is complete at all of these
same_documents() { # NAME...
    local f n first
    f=$(basename "$(find "$dir/$1/public" -name '20??-??-??-??????.gz' | sort | tail -n 2 | head -n 1)")
    first=$(document "$1" "$f" | sha256sum)
    for n in "$@"; do
        [ "$(document "$n" "$f" | sha256sum)" = "$first" ] || return 1
    done
    document "$1" "$f" | grep -q '^Status: consensus'
}
