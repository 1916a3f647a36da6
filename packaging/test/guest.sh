#!/bin/bash
# What a new user does on a fresh Debian, and what must hold of it. Runs as root inside the machine that
# `cargo xtask deb-test` boots, with nothing but what is in this folder: no network leads out.
#
# Writes `transcript` (what was typed and answered), `checks` (one line each) and, last of all, `ended`.
set -u
cd "$(dirname "$0")" || exit 1
here=$PWD
exec 2>log >&2
set -x
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 TERM=dumb COLUMNS=100 DPKG_COLORS=never
: >transcript
: >checks
failures=0
is_through=no

# An emulated machine without help from its host takes longer for everything.
slow=1 during_upgrade=80000
[ "$(systemd-detect-virt)" != qemu ] || slow=10 during_upgrade=160000
readonly slow during_upgrade
# How long each file of tests may take, in seconds.
readonly TESTS_SECS_MAX=1800

readonly ATTACKER=203.0.113.7 BYSTANDER=198.51.100.9 HOST=192.0.2.2 GATEWAY=192.0.2.1

section() { printf '\n@ %s\n' "$1" >>transcript; }
# Types a command and keeps what it answers.
typed() { typed_as "$*" "$*"; }
# The same where what a person types says more than is worth showing.
typed_as() { # typed_as SHOWN COMMAND
    local result=0
    printf '# %s\n' "$1" >>transcript
    bash -c "$2" </dev/null >answer 2>&1 || result=$?
    cat answer >>transcript
    return "$result"
}
check() { # check WHAT COMMAND…
    local what=$1
    shift
    if "$@"; then
        echo "ok      $what" >>checks
    else
        echo "FAILED  $what" >>checks
        failures=$((failures + 1))
    fi
}
# Waits until a command succeeds, at most so many seconds of a machine that is not emulated.
within() { # within SECONDS COMMAND…
    local deadline=$((SECONDS + $1 * slow))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}
end() {
    journalctl --boot --no-pager >journal
    [ "$is_through" = no ] || echo "$failures" >ended
    sync
    systemctl --no-block poweroff
    exit 0
}
trap end EXIT

# Outside: a router, with an attacker and a bystander behind it.
network() {
    mkdir -p /run/netns
    ip netns add aegis-outside
    ip link add uplink type veth peer name inner netns aegis-outside
    ip address add "$HOST/24" dev uplink
    ip link set lo up
    ip link set uplink up
    ip -n aegis-outside link set lo up
    ip -n aegis-outside address add "$GATEWAY/24" dev inner
    ip -n aegis-outside address add "$ATTACKER/32" dev lo
    ip -n aegis-outside address add "$BYSTANDER/32" dev lo
    ip -n aegis-outside link set inner up
    ip -n aegis-outside route add "$HOST/32" dev inner src "$BYSTANDER"
    ip route add default via "$GATEWAY" dev uplink
    # What of the attacker gets past XDP is counted here.
    nft add table inet watch
    nft add chain inet watch seen '{ type filter hook prerouting priority -400; }'
    nft add rule inet watch seen ip saddr "$ATTACKER" counter comment '"all"'
    nft add rule inet watch seen ip saddr "$ATTACKER" tcp flags syn counter comment '"requests"'
}
passed() { # passed all|requests
    nft list chain inet watch seen | sed -n "s/.*packets \([0-9]*\) bytes.*comment \"$1\".*/\1/p"
}
outside() { ip netns exec aegis-outside "$@"; }
flood() { # flood COUNT RATE: connection requests of the attacker
    outside "$AEGIS" lab-agent flood "$HOST:8080" --forged "$ATTACKER" --count "$1" --rate "$2"
}
visits() { # visits COUNT: how many of the bystander were answered
    outside "$AEGIS" lab-agent visit "$HOST:8080" --count "$1" < <(sleep 60) | sed 's/.*"answered":\([0-9]*\).*/\1/'
}
dropped() { aegis stats --json | sed 's/.*"dropped":{"packets":\([0-9]*\).*/\1/'; }
# A web server out there: gives a list to whoever asks for one, and keeps in `heard` what it is told.
web() {
    outside perl -MIO::Socket::INET -e '
        my ($address, $heard) = @ARGV;
        my $door = IO::Socket::INET->new(
            LocalAddr => $address, LocalPort => 80, Listen => 9, ReuseAddr => 1) or die "no door: $!";
        while (my $guest = $door->accept) {
            my ($head, $bytes, $body) = ("", 0, "");
            while (my $line = <$guest>) {
                $head .= $line;
                $bytes = $1 if $line =~ /^content-length: *(\d+)/i;
                last if $line =~ /^\r?$/;
            }
            read $guest, $body, $bytes if $bytes;
            open my $file, ">>", $heard or die "$heard: $!";
            print $file "$head$body\n";
            close $file;
            my $list = "# bad ones\n203.0.113.64/28\n203.0.113.99\n192.168.0.1\n";
            print $guest "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n",
                "Content-Length: ", length $list, "\r\n\r\n$list";
            close $guest;
        }' "$BYSTANDER" "$here/heard"
}
# Asks the page for a path, as a browser on this host does.
page() {
    exec 3<>/dev/tcp/127.0.0.1/9004 || return 1
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:9004\r\nConnection: close\r\n\r\n' "$1" >&3
    cat <&3
    exec 3>&-
}
# What bash offers behind `aegis `, with what the package installed.
offered() {
    bash -c '
        . /usr/share/bash-completion/bash_completion
        . /usr/share/bash-completion/completions/aegis
        COMP_WORDS=(aegis "") COMP_CWORD=1
        _aegis aegis "" aegis
        printf "%s\n" "${COMPREPLY[@]}"'
}
# Says which commands lack a manual page or a completion.
undocumented() {
    local word
    offered >offered
    for word in $(aegis help | sed -n '/^Commands:/,/^$/s/^  \([a-z-][a-z-]*\) .*/\1/p'); do
        grep -qxF -e "$word" offered || echo "bash: $word"
        grep -q "^'$word:" /usr/share/zsh/vendor-completions/_aegis || echo "zsh: $word"
        grep -q -- "-a \"$word\"" /usr/share/fish/vendor_completions.d/aegis.fish || echo "fish: $word"
        [ "$word" = help ] || man --location "aegis-$word" >/dev/null || echo "man: $word"
    done
    for word in aegis aegis-threat-intel orgsig; do
        man "$word" | grep -q SYNOPSIS || echo "man: $word"
    done
}
active() { systemctl is-active --quiet aegis; }
listed() { aegis check "$ATTACKER"; }
uptime_ms() { sed 's/^\([0-9]*\)\.\([0-9]\).*/\1\200/' /proc/uptime; }

uname --kernel-release --machine >kernel
network
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
for tests in tests/*; do
    [ -f "$tests" ] || continue
    chmod +x "$tests"
    # shellcheck disable=SC2046 -- the names of tests are words of their own
    AEGIS_REQUIRE_KERNEL=1 CARGO_MANIFEST_DIR=$PWD timeout "$TESTS_SECS_MAX" "$tests" \
        --test-threads=1 $(cat only) >"$tests.out" 2>&1
    result=$?
    check "tests of ${tests#tests/}" [ "$result" = 0 ]
done
new=$(ls aegis_*+upgrade_*.deb)
old=$(ls aegis_*.deb | grep -vxF "$new")
# A copy of the program that no upgrade touches plays those outside.
dpkg-deb -x "$old" outside
AEGIS=$PWD/outside/usr/bin/aegis
("$AEGIS" lab-agent serve "$HOST:8080" < <(sleep infinity)) &

section install
started=$(uptime_ms)
typed_as "apt install ./$old" "apt install -y ./$old 2>/dev/null | grep -e '^Setting' -e '^aegis'"
check "the package installs without a network" dpkg-query -s aegis
check "the node runs" within 5 active
active || exit 1
check "status answers" within 5 aegis status
check "it reads the journal" within 5 bash -c "aegis status | grep -q '(journal): .* lines read'"
typed aegis status
took=$(($(uptime_ms) - started))
check "it observes after the installation" grep -qi observe answer
check "from typing apt install to the first status in 30 s ($took ms)" [ "$took" -lt $((30000 * slow)) ]
check "the unit is known by its other name" systemctl is-active --quiet aegis-threat-intel
check "the daemon is not root" [ "$(ps -o user= -C aegis | sort -u | grep -v root)" = aegis ]
check "its configuration is right" aegis config check
undocumented >undocumented
check "every command has a manual page, and completions ($(tr '\n' ' ' <undocumented))" [ ! -s undocumented ]
check "nothing is offered that help does not list" bash -c '! grep -q -e lab-agent -e manual offered'
for page in $(grep -o 'docs/[a-z-]*\.md' /etc/aegis/aegis.toml | sort -u); do
    check "$page, which the configuration names, is there" test -s "/usr/share/doc/aegis/$page"
done

section group
useradd --create-home alice
typed "su alice -c 'aegis status | head -1'"
check "others may not use the socket" test "$(su alice -c 'aegis status' >/dev/null 2>&1; echo $?)" != 0
typed "usermod --append --groups aegis alice"
typed "su alice -c 'aegis status | head -1'"
check "members of the group may" su alice -c 'aegis status'

section report
flood 3000 2000
check "the flood is detected" within 10 listed
typed "aegis list"
typed "aegis history --limit 5"
check "nothing is dropped while the node observes" [ "$(dropped)" = 0 ]
check "all of it gets through while the node observes" [ "$(passed requests)" = 3000 ]

section enforce
if aegis help enforce >/dev/null 2>&1; then
    typed "aegis enforce"
else
    typed "sed -i 's/^observe = true/observe = false/' /etc/aegis/aegis.toml"
    typed "systemctl restart aegis"
fi
check "it enforces" within 10 bash -c 'aegis status | grep -qi enforc'

section block
aegis unblock "$ATTACKER"
flood 4000 2000
check "the flood is blocked" within 10 listed
typed "aegis list"
check "the kernel drops it" [ "$(dropped)" -gt 1000 ]
check "the bystander is served" [ "$(visits 20)" = 20 ]

section why
typed "aegis why $ATTACKER"

section undo
typed "aegis unblock $ATTACKER"
typed "aegis allow $ATTACKER --comment 'our load test'"
check "the block is undone" test "$(aegis check "$ATTACKER" >/dev/null; echo $?)" = 1
before=$(passed requests)
flood 500 500
check "what is allowed passes, whatever it does" [ "$(($(passed requests) - before))" = 500 ]
aegis allow "$ATTACKER" --remove

section page
typed "aegis page"
check "it links to the page" grep -q '^http://127.0.0.1:9004/sign-in?link=' answer
link=$(grep -o '/sign-in?link=[^ ]*' answer)
page / >shown
check "the page shows itself to who is on the host" bash -c "grep -q '^HTTP/1.1 200' shown && grep -q Overview shown"
page "$link" >shown
check "the link lets in" grep -qi '^set-cookie: ' shown
page "$link" >shown
check "and does so once" grep -q '^HTTP/1.1 403' shown

section feed
(web) &
check "a server out there gives lists" within 5 bash -c "exec 3<>/dev/tcp/$BYSTANDER/80"
typed "aegis feed add office --url http://$BYSTANDER/bad.txt"
check "what a feed lists is blocked" within 10 aegis check 203.0.113.70
typed "aegis feed list"
typed "aegis feed show office"
echo 'Bearer hunter2' >/etc/aegis/isac.key
chmod 600 /etc/aegis/isac.key
add="aegis feed add isac --url http://$BYSTANDER/isac.txt --key-file /etc/aegis/isac.key"
typed "$add"
check "whose a key must be is said" grep -q 'chown aegis' answer
typed "chown aegis /etc/aegis/isac.key"
typed "$add"
check "the key goes to the feed" within 10 grep -qi '^authorization: Bearer hunter2' heard
aegis feed remove isac

section export
typed "aegis export nft --output /etc/nftables-aegis.nft"
check "nft takes it" nft -f /etc/nftables-aegis.nft
check "with what the feed lists" bash -c 'nft list table inet aegis_export | grep -q 203.0.113.64/28'
first=$(stat --format %i /etc/nftables-aegis.nft)
check "who reads a file that is replaced has all of the old" bash -c "
    exec 4</etc/nftables-aegis.nft && aegis export nft --output /etc/nftables-aegis.nft &&
        grep -q 203.0.113.64/28 <&4 && [ \$(stat --format %i /etc/nftables-aegis.nft) != $first ]"
nft delete table inet aegis_export
su alice -c 'aegis export misp-feed --output ~/feed'
check "members of the group may, where they may write" test -s /home/alice/feed/manifest.json
check "nothing is left beside the files" [ "$(find /etc/nftables-aegis* /home/alice/feed -name '*.new' -o -name '.*')" = "" ]
rm /etc/nftables-aegis.nft

section notify
typed "sed -i 's|^#webhook = .*|webhook = \"http://$BYSTANDER/hook\"|' /etc/aegis/aegis.toml"
typed "systemctl restart aegis"
check "it starts anew with that" within 10 aegis status
typed "aegis notify test"
check "what somebody is told arrives" grep -q '^POST /hook' heard
check "what the feed lists is blocked still" aegis check 203.0.113.70
aegis allow 198.51.100.7
aegis report 198.51.100.7 brute_force
check "what the daemon tells arrives" within 10 bash -c "tr -d '\n' <heard | grep -q 'POST /hook.*198.51.100.7'"
aegis allow 198.51.100.7 --remove
aegis feed remove office
check "what a feed listed is free without it" within 10 bash -c '! aegis check 203.0.113.70'

section top
aegis block "$ATTACKER" 1h --local
(sleep $((3 * slow)); printf 2; sleep $((3 * slow)); printf q) | timeout $((20 * slow)) \
    script --quiet --return --command 'stty columns 120 rows 40; TERM=xterm aegis top' /dev/null >top
check "top draws, and ends as it is told" [ $? = 0 ]
check "it shows what is blocked" grep -q "$ATTACKER" top
aegis unblock "$ATTACKER"

section reload
if aegis config reload --help >/dev/null 2>&1; then
    typed "sed -i 's/^#min_severity = 5/min_severity = 6/' /etc/aegis/aegis.toml"
    typed "systemctl reload aegis"
    typed "aegis status --json | grep -o '.severity_min.:[0-9]*'"
    check "a reload takes what changed" grep -q ':6' answer
    cp /etc/aegis/aegis.toml /tmp/good.toml
    sed -i 's/^min_severity = 6/min_severity = 99/' /etc/aegis/aegis.toml
    check "a wrong file is refused" test "$(systemctl reload aegis >/dev/null 2>&1; echo $?)" != 0
    check "and the old configuration stays" bash -c "aegis status --json | grep -q severity_min.:6"
    cp /tmp/good.toml /etc/aegis/aegis.toml
    rm /tmp/good.toml
    check "the daemon went on" active
fi

section upgrade
aegis block "$ATTACKER" 1h --local
check "the attacker is blocked" within 5 listed
before=$(passed all)
dropped_before=$(dropped)
flood "$during_upgrade" 2000 >sent &
flooding=$!
check "the flood runs" within 5 bash -c "[ \$(aegis stats --json | sed 's/.*\"dropped\":{\"packets\":\([0-9]*\).*/\1/') -gt $((dropped_before + 500)) ]"
typed_as "apt install ./$new" "apt install -y ./$new 2>/dev/null | grep -e '^Setting' -e '^aegis'"
check "the upgraded node runs" within 15 aegis status
check "it is the newer one" bash -c "[ \$(dpkg-query -W -f '\${Version}' aegis) = $(dpkg-deb -f "$new" Version) ]"
check "it still enforces" bash -c 'aegis status | grep -qi enforc'
check "the flood outlasts the upgrade" kill -0 "$flooding"
wait "$flooding"
leaked=$(($(passed all) - before))
sent=$(sed 's/.*"sent":\([0-9]*\).*/\1/' sent)
check "no packet of the blocked source gets through an upgrade ($leaked of $sent)" [ "$leaked" = 0 ]
check "the attacker is still blocked" listed
check "the bystander is still served" [ "$(visits 20)" = 20 ]

section liveness
main=$(systemctl show --property MainPID --value aegis)
[ "$main" -gt 1 ] && kill -STOP "$main"
check "a node that hangs is replaced" within 60 bash -c "
    now=\$(systemctl show --property MainPID --value aegis); [ \"\$now\" != $main ] && [ \"\$now\" != 0 ]"
check "and answers" within 15 aegis status
check "with its blocks" listed

section remove
typed_as "apt purge aegis" "apt purge -y aegis 2>/dev/null | grep -e '^Removing' -e '^Purging'"
userdel --remove alice 2>/dev/null
check "no program is left on the interface" bash -c '! ip -details link show uplink | grep -q xdp'
check "no pin is left" [ ! -e /sys/fs/bpf/aegis ]
check "no table of nftables is left" bash -c '! nft list tables | grep -q aegis'
check "no user and no group is left" bash -c '! getent passwd aegis && ! getent group aegis'
find / -xdev -path "$here" -prune -o \( -name '*aegis*' -o -user aegis -o -nouser \) -print 2>/dev/null |
    grep -v -e ^/proc -e ^/sys -e ^/run/netns -e ^/run/systemd >left
check "no file is left ($(tr '\n' ' ' <left))" [ ! -s left ]
before=$(passed requests)
flood 500 500
check "everything passes again" [ "$(($(passed requests) - before))" = 500 ]
is_through=yes
