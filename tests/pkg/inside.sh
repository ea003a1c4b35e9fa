# Sourced by what runs inside a throw-away machine, as root, in the directory with the packages: a node
# "west" from the package, started by systemd, and three more by mixminiond, for them to have a network.
# shellcheck shell=bash disable=SC2034
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
others=(north east south)
daemons=(keyd dirsync mixer deliverd mmtpd)
failed=0
sent=0

ok() { echo "ok - $1"; }
not_ok() {
    echo "not ok - $1${2:+: $2}"
    failed=1
}
# check NAME COMMAND...
check() {
    local name=$1
    shift
    if "$@" >/tmp/check.out 2>&1; then
        ok "$name"
    else
        not_ok "$name" "$*"
        tail -n 40 /tmp/check.out | sed 's/^/    /'
    fi
}
die() {
    not_ok "$1"
    journalctl --no-pager -n 40 -o short-monotonic | sed 's/^/    /'
    exit 1
}
wait_for() { # SECONDS COMMAND...
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.1
    done
}

install_packages() { dpkg -i ./*.deb; }
# A bare tree has none.
[ -e /etc/hosts ] || echo "127.0.0.1 localhost" >/etc/hosts

# The configuration that the package brings, edited as an operator would, and made fast.
edit_conf() {
    sed -i -e 's/^Nickname: .*/Nickname: west/' -e 's/^Contact-Email: .*/Contact-Email: o@west.example/' \
        -e 's/^Hostname: .*/Hostname: 127.0.0.1\nIP: 127.0.0.1/' -e 's/^#LogLevel: .*/LogLevel: INFO/' \
        -e 's/^#\{0,1\}MixAlgorithm: .*/MixAlgorithm: Timed\nMixInterval: 1 second/' \
        -e '/^\[Outgoing/,/^#\[Pinging/s/^#Retry: .*/Retry: every 2 seconds for 10 minutes/' \
        -e '/^\[Delivery\/SMTP\]/,/^#\[Delivery\/SMTP-/{
            s/^Enabled: no/Enabled: yes/
            s/^#SMTPServer: .*/SMTPServer: localhost:2525/
            s/^#ReturnAddress: .*/ReturnAddress: nobody@west.example/
            s/^#Retry: .*/Retry: every 2 seconds for 10 minutes/
        }' /etc/mixminiond.conf
    local line
    for line in 'Nickname: west' 'Hostname: 127.0.0.1' 'MixInterval: 1 second' 'SMTPServer: localhost:2525' \
        'ReturnAddress: nobody@west.example' 'Retry: every 2 seconds for 10 minutes'; do
        grep -qx "$line" /etc/mixminiond.conf || die "the configuration that came with it has no place for: $line"
    done
}

other_conf() { # NAME PORT
    cat <<EOF
[Server]
BaseDir: /var/lib/$1
Mode: relay
Nickname: $1
Contact-Email: o@$1.example
MixAlgorithm: Timed
MixInterval: 1 second
[Incoming/MMTP]
Enabled: yes
IP: 127.0.0.1
Hostname: 127.0.0.1
Port: $2
[Outgoing/MMTP]
Enabled: yes
Retry: every 2 seconds for 10 minutes
[Delivery/SMTP]
Enabled: yes
SMTPServer: 127.0.0.1:2525
ReturnAddress: nobody@$1.example
EOF
}

start_others() {
    local i
    for i in 0 1 2; do
        other_conf "${others[i]}" $((48201 + i)) >"/etc/${others[i]}.conf"
        mixminiond start -f "/etc/${others[i]}.conf" --daemon --quiet --uid-base $((64800 + 40 * i)) ||
            return 1
    done
}
stop_others() {
    local n
    for n in "${others[@]}"; do mixminiond stop -f "/etc/$n.conf" || return 1; done
}

start_sink() {
    mkdir -p /tmp/mail
    python3 -c 'import sink
sink.Sink("127.0.0.1", 2525, "/tmp/mail", lambda *a, **k: None).serve_forever()' >/tmp/sink.log 2>&1 &
}

client() {
    local cmd=$1
    shift
    mixminion "$cmd" -f /tmp/mixminionrc "$@"
}
make_client() {
    printf '[Host]\nFileParanoia: no\n[User]\nUserDir: /tmp/client\n' >/tmp/mixminionrc
    client import-server "$(cat /var/lib/mixminiond/current-desc)" || return 1
    local n
    for n in "${others[@]}"; do client import-server "$(cat "/var/lib/$n/current-desc")" || return 1; done
}

# Two messages: one that the packaged node takes in, one that it delivers.
send_two() {
    sent=$((sent + 1))
    echo "message $sent goes in at west" | client send -t to@mail.example -i - -P west,north:south,east &&
        echo "message $sent goes out at west" |
        client send -t to@mail.example -i - -P north,east:south,west
}
arrived() { grep -hoE '^message [0-9]+ goes (in|out) at west' /tmp/mail/*.eml 2>/dev/null | sort; }
all_arrived() { [ "$(arrived | uniq | wc -l)" = $((2 * sent)) ]; }
none_twice() { [ -z "$(arrived | uniq -d)" ]; }

main_pid() { systemctl show -p MainPID --value "mixminion-$1.service"; }
