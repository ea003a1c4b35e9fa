# Sourced by what tries the packages in a throw-away machine: the packages, and a machine for them that is
# kept in TESTBED for the next time. DEBS=DIR takes packages from there instead of building them.
# shellcheck shell=bash
TESTBED=${TESTBED:-/var/tmp/mixminion-testbed}
dir=$(mktemp -d "${TMPDIR:-/tmp}/testbed.XXXXXX")
trap 'rm -rf "$dir"' EXIT
# Packages that are built here run on the same release.
SUITE=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
export SUITE

give_up() { # WHAT LOG
    echo "not ok - $1"
    tail -n 20 "$2" | sed 's/^/    /'
    exit 1
}

get_packages() {
    [ -z "${DEBS:-}" ] || return 0
    DEBS=$dir/build
    DEB_BUILD_OPTIONS=nocheck tests/pkg/build-deb "$DEBS" >"$dir/log" 2>&1 || give_up "packages are built" "$dir/log"
}

# What the packages depend on, a name a line.
dependencies() {
    local d
    for d in "$DEBS"/*.deb; do dpkg-deb -f "$d" Depends Pre-Depends | sed 's/^[A-Z][^ ]*: //'; done | tr ',' '\n' |
        sed -E 's/\|.*//; s/\(.*//; s/[[:space:]]//g; /^mixminion/d; /^$/d' | sort -u
}

# machine KIND [PACKAGE...]: KIND is a script of tests/testbed. Built anew when the packages need something else.
machine() {
    local kind=$1 want
    shift
    mapfile -t want < <(dependencies; printf '%s\n' "$@")
    if [ "$(cat "$TESTBED/$kind/holds" 2>/dev/null)" != "$SUITE ${want[*]}" ]; then
        rm -rf --one-file-system "${TESTBED:?}/$kind"
        mkdir -p "$TESTBED/$kind"
        "tests/testbed/$kind.sh" build "$TESTBED/$kind" "${want[@]}" >"$dir/log" 2>&1 ||
            give_up "a machine is built: $kind" "$dir/log"
        echo "$SUITE ${want[*]}" >"$TESTBED/$kind/holds"
    fi
}

# payload SCRIPT FILE...: what the machine gets, in $dir/payload; SCRIPT is what it runs.
payload() {
    mkdir "$dir/payload"
    cp "$1" "$dir/payload/run"
    shift
    cp "$DEBS"/mixminion*_*.deb tests/pkg/inside.sh tests/peer/type3/sink.py "$@" "$dir/payload/"
    rm -f "$dir/payload"/*-dbgsym_*
}
