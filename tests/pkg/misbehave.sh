# Sourced by inside-vm: a program that misbehaves, as root, in trees that are open to everybody, under each
# profile: what the profile alone forbids.
# (But not connect(2) to sockets that are files: Debian 12's kernel does not ask AppArmor about
# it. The modes of the sockets guard them: tests/walls/test_standins.)
# shellcheck shell=bash disable=SC2154
lib=/usr/lib/mixminion-probe
base=/var/lib/mixminiond
q=$base/work/queues
dbase=/var/lib/mixminion-dird
install -m 755 probe "$lib"
echo x >"$q/outgoing/msg_there"
echo x >"$q/incoming/msg_there"
echo x >"$dbase/servers/there"
chmod -R a+rwX "$base" "$dbase"
files=("$base/keys/probe" "$q"/{incoming,outgoing,deliver}/{own/msg_probe,inp_probe,fifo,link}
    "$q"/{mix,fragments}/msg_probe "$base/work/dir/probe" /tmp/probe /run/mixminiond/probe
    /usr/libexec/mixminiond/probe "$dbase"/{keys,servers,public}/probe /run/mixminion-dird/probe)
tries=(read /etc/mixminiond.conf write /etc/mixminiond.conf read /etc/shadow read /root/.profile
    write /dev/kmsg read /proc/1/environ map /payload/probe exec /bin/true exec "$lib"
    exec /usr/libexec/mixminiond/mixer read "$base/keys/identity.key"
    read "$base/work/replay/replay_0001" write "$base/stats"
    read "$q/incoming/msg_there" read "$q/outgoing/msg_there" read /etc/dird.conf write /etc/dird.conf
    read "$dbase/keys/identity.key" read "$dbase/servers/there" read "$dbase/public/current.gz")
for f in "${files[@]}"; do
    case $f in
    */fifo) tries+=(fifo "$f") ;;
    */link) tries+=(link "$f") ;;
    *) tries+=(make "$f") ;;
    esac
done
for s in tcp tcp6 udp raw packet netlink; do tries+=(socket "$s"); done
tries+=(trace "$$" signal "$$" mount /mnt uid 1)

# probe_as COMMAND...: all of it, tried by a program that COMMAND starts.
probe_as() {
    local f
    for f in "${files[@]}"; do rm -f "$f"; done
    "$@" "$lib" "${tries[@]}" 2>&1 </dev/null | grep '^[a-z]* .*: [A-Za-z0-9]*$'
    ! mountpoint -q /mnt || umount /mnt
}
probe_as env >/tmp/free
check "without a profile all of it is possible: $((${#tries[@]} / 2)) deeds" test "$(grep -c ': ok$' /tmp/free)" = \
    $((${#tries[@]} / 2))
grep -v ': ok$' /tmp/free

may() { # PROCESS: what its profile is for
    case $1 in
    dird-*) echo "read /etc/dird.conf" ;;
    *) echo "read /etc/mixminiond.conf" ;;
    esac
    case $1 in
    keyd) printf '%s\n' "read $base/keys/identity.key" "read $base/work/replay/replay_0001" "make $base/keys/probe" ;;
    mixer) printf '%s\n' "make $q/"{incoming/own/msg_probe,incoming/inp_probe,mix/msg_probe} \
        "fifo $q/incoming/fifo" "link $q/incoming/link" "make $q/"{outgoing,deliver}/inp_probe \
        "read $q/incoming/msg_there" ;;
    mmtpd) printf '%s\n' "make $q/"{incoming/inp_probe,outgoing/inp_probe,outgoing/own/msg_probe} \
        "fifo $q/outgoing/fifo" "link $q/outgoing/link" "read $q/outgoing/msg_there" \
        "socket "{tcp,tcp6} ;;
    deliverd) printf '%s\n' "make $q/"{deliver/inp_probe,deliver/own/msg_probe,fragments/msg_probe} \
        "fifo $q/deliver/fifo" "link $q/deliver/link" "socket "{tcp,tcp6} ;;
    # Programs of the system, which then are bound by it no more; none of the node's.
    deliverd-run) printf '%s\n' "exec /bin/true" "exec $lib" "signal $$" ;;
    dirsync) printf '%s\n' "make $base/work/dir/probe" "socket "{tcp,tcp6,udp} ;;
    stats) printf '%s\n' "write $base/stats" ;;
    dird-core) printf '%s\n' "make $dbase/"{servers,public}/probe "read $dbase/servers/there" \
        "read $dbase/public/current.gz" ;;
    dird-fetch) printf '%s\n' "socket "{tcp,tcp6,udp} ;;
    dird-http) printf '%s\n' "read $dbase/public/current.gz" "socket "{tcp,tcp6} ;;
    dird-sign) printf '%s\n' "read $dbase/keys/identity.key" "make $dbase/keys/probe" ;;
    esac
}
as_expected() { # PROCESS
    diff <(may "$1" | sort) <(sed -n 's/: ok$//p' "/tmp/probe.$1" | sort) &&
        [ "$(grep -cE ': (ok|EACCES|EPERM)$' "/tmp/probe.$1")" = $((${#tries[@]} / 2)) ]
}
was_logged() { denials | grep -q "profile=\"mixminion-$1\""; }
for p in "${profiles[@]}"; do
    probe_as aa-exec -p "mixminion-$p" -- >"/tmp/probe.$p"
    check "$p: $(grep -cE ': (EACCES|EPERM)$' "/tmp/probe.$p") of $((${#tries[@]} / 2)) deeds denied, its own not" \
        as_expected "$p"
    check "$p: and it is in the log" was_logged "$p"
done
