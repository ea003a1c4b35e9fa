#!/bin/sh
# opensmtpd-sink.sh - Debian's OpenSMTPD as a loopback mail server: takes mail
# for one domain on a high port and keeps it in a Maildir. The package conflicts
# with every other MTA, so it is installed into an overlay (in memory) over this
# machine's own tree: nothing outside DIR changes. Needs root and overlayfs.
#
#   opensmtpd-sink.sh start DIR | stop DIR
#
# Environment (defaults in brackets):
#   PORT [2526]  DOMAIN [sink.test]  TTL [3600, stops itself after this many s]
#   TLS [none]   none | may (STARTTLS offered) | encrypt (mail only after it)
#                With Debian 12's 6.8.0p2 and OpenSSL 3 every server handshake
#                fails (OpenSMTPD issues 1171, 1239): "may" is thus a peer that
#                offers STARTTLS and cannot do it; for one that can: Postfix.
# Mail: DIR/mail/new, one file a message; log: DIR/log. defer-, reject-: not
# offered (OpenSMTPD has no such table); an unknown domain is answered 550.
set -eu

die() { echo "opensmtpd-sink: $*" >&2; exit 1; }
[ $# -eq 2 ] || die "usage: $0 start|stop DIR"
cmd=$1
[ "$cmd" = stop ] || mkdir -p "$2"
dir=$(cd "$2" && pwd)
: "${PORT:=2526}" "${DOMAIN:=sink.test}" "${TLS:=none}" "${TTL:=3600}"

stop() {
    [ -f "$dir/pid" ] || return 0
    p=$(cat "$dir/pid")
    # pid holds the namespaces: all inside dies with it (it ignores TERM).
    if grep -q -a opensmtpd-sink-box "/proc/$p/cmdline" 2>/dev/null; then kill -KILL "$p" 2>/dev/null || :; fi
    i=0; while kill -0 "$p" 2>/dev/null && [ $i -lt 50 ]; do sleep 0.1; i=$((i + 1)); done
    rm -f "$dir/pid"
}

case $cmd in
stop) stop; exit 0 ;;
start) ;;
*) die "usage: $0 start|stop DIR" ;;
esac
[ "$(id -u)" -eq 0 ] || die "must be root"
stop
mkdir -p "$dir/box" "$dir/mail" "$dir/debs"
chown nobody "$dir/mail"
if [ ! -f "$dir/debs/done" ]; then
    # shellcheck disable=SC2046
    (cd "$dir/debs" && apt-get download -q opensmtpd \
        $(apt-cache depends opensmtpd | sed -n 's/^ *Depends: \(libevent-[^<]*\)$/\1/p') >/dev/null 2>&1) || die "cannot download opensmtpd"
    : >"$dir/debs/done"
fi
[ -f "$dir/key.pem" ] || openssl req -x509 -newkey rsa:2048 -nodes \
    -days 30 -subj "/CN=mail.$DOMAIN" -addext "subjectAltName=DNS:mail.$DOMAIN,DNS:localhost,IP:127.0.0.1" \
    -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
chmod 600 "$dir/key.pem"
case $TLS in none) l= ;; may) l="tls pki mail" ;; encrypt) l="tls-require pki mail" ;; *) die "TLS=$TLS" ;; esac
cat >"$dir/smtpd.conf" <<EOF
pki mail cert "$dir/cert.pem"
pki mail key "$dir/key.pem"
table all { "@" = "nobody" }
listen on 127.0.0.1 port $PORT $l hostname mail.$DOMAIN
action "keep" maildir "$dir/mail" virtual <all>
match from any for domain "$DOMAIN" action "keep"
EOF
[ "$TLS" != none ] || sed -i '/^pki/d' "$dir/smtpd.conf"
cat >"$dir/inside" <<'EOF'
set -eu
b=$1/box
mount -t tmpfs -o mode=755 tmpfs "$b"
mkdir "$b/up" "$b/work" "$b/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$b/up,workdir=$b/work" "$b/root"
for d in dev proc sys; do mount --rbind "/$d" "$b/root/$d"; done
mkdir -p "$b/root$1"; mount --bind "$1" "$b/root$1"
echo mail >"$b/root/etc/mailname"
chroot "$b/root" sh -c "DEBIAN_FRONTEND=noninteractive dpkg --force-conflicts --force-overwrite --force-depends --no-triggers -i $1/debs/*.deb" >"$1/install.log" 2>&1
exec chroot "$b/root" /usr/sbin/smtpd -d -f "$1/smtpd.conf" >"$1/log" 2>&1
EOF
# A pid namespace: when its holder ends, the whole box does.
setsid unshare -m --propagation private --pid --fork --kill-child=KILL \
    timeout -k 5 "$TTL" sh "$dir/inside" "$dir" opensmtpd-sink-box </dev/null >"$dir/start.log" 2>&1 &
echo $! >"$dir/pid"
i=0
until grep -q "^  *[0-9]*: [0-9A-F]*:$(printf %04X "$PORT") [0-9A-F:]* 0A" /proc/net/tcp; do
    i=$((i + 1)); kill -0 "$(cat "$dir/pid")" 2>/dev/null && [ $i -lt 300 ] || { stop; tail -n 5 "$dir/install.log" "$dir/log" "$dir/start.log" >&2; die "did not start"; }
    sleep 0.1
done
echo "SMTP=127.0.0.1:$PORT DOMAIN=$DOMAIN MAILDIR=$dir/mail TLS=$TLS CERT=$dir/cert.pem LOG=$dir/log"
