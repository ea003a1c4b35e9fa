# Sourced by inside-vm: two directory servers, the package's and one that "dird start" runs, which vote
# with each other every few seconds.
# shellcheck shell=bash
other_dird=(-f /etc/dird2.conf)
dird_url() { [ "$1" = 1 ] && echo http://127.0.0.1/ || echo http://127.0.0.1:8081/; }

trust_lines() { # OPTION
    echo "$1: $(dird fingerprint) $(dird_url 1)"
    echo "$1: $(dird fingerprint "${other_dird[@]}") $(dird_url 2)"
}
dird_conf() { # NUMBER BASEDIR MORE
    cat <<EOF
[Directory]
BaseDir: $2
URL: $(dird_url "$1")
$3
[Voting]
VotingInterval: 20 seconds
$(trust_lines Authority)
[HTTP]
ListenIP: 127.0.0.1
Port: 8081
EOF
}
init_dirds() {
    dird init -u "$(dird_url 1)" &&
        dird init "${other_dird[@]}" -d /var/lib/dird2 -u "$(dird_url 2)" --uid-base=65000 || return 1
    dird_conf 1 /var/lib/mixminion-dird "" >/tmp/dird.conf
    dird_conf 2 /var/lib/dird2 "ApproveNew: yes" >/tmp/dird2.conf
    cp /tmp/dird.conf /tmp/dird2.conf /etc/
}
start_other_dird() { dird start "${other_dird[@]}" --daemon --uid-base=65000; }
stop_other_dird() { dird stop "${other_dird[@]}"; }

west_is() { dird list | grep -q "^$1 *west"; } # STATE
agreed() { journalctl --no-pager -q -o cat -u mixminion-dird-core.service | grep -cF 'consensus of all (2 of 2 voted, 2'; }
agreed_since() { [ "$(agreed)" -gt "$1" ]; }
agree_again() { wait_for 240 agreed_since "$(agreed)"; }
client_learns() {
    {
        printf '[Host]\nFileParanoia: no\n[User]\nUserDir: /tmp/client2\n[DirectoryServers]\n'
        trust_lines DirectoryServer
    } >/tmp/mixminionrc2
    mixminion update-servers -f /tmp/mixminionrc2 &&
        mixminion list-servers -f /tmp/mixminionrc2 -D no -r | grep -q '(ok)$'
}
