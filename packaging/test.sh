#!/bin/sh
# Installs both packages in a clean Debian, trains there without a display, and opens the window on a display without a screen.
# Needs root and debootstrap. usage: packaging/test.sh [FOLDER OF A CLEAN DEBIAN]
set -eu
cd "$(dirname "$0")/.."
clean=${1:-$(mktemp -d)}
[ -d "$clean/usr" ] || debootstrap --variant=minbase stable "$clean" >/dev/null
trap 'umount "$clean/proc" 2>/dev/null || true' EXIT
mount -t proc proc "$clean/proc"
in_clean() { chroot "$clean" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
cp target/packages/* "$clean/root/"
cp /etc/resolv.conf "$clean/etc/resolv.conf"
# Where packages are fetched through another place than Debian's own.
for file in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d; do
    [ "${OWN_APT:-}" ] && [ -e "$file" ] && rm -rf "$clean$file" && cp -r "$file" "$clean$file"
done
in_clean apt-get update -qq

echo "== the package, without a display"
in_clean sh -c 'apt-get install -y -qq --no-install-recommends /root/*.deb' >/dev/null
in_clean backprop --version
in_clean sh -c 'cd /root && backprop train iris --epochs 2 --out run --overwrite && backprop export run --to html --out page --overwrite' | tail -3
in_clean sh -c 'test -f /usr/share/applications/backprop-studio.desktop -a -f /usr/share/icons/hicolor/scalable/apps/backprop-studio.svg'

echo "== the window"
in_clean apt-get install -y -qq --no-install-recommends xvfb xauth x11-utils libgl1-mesa-dri libgl1 libegl1 libxkbcommon0 \
    libxkbcommon-x11-0 libx11-6 libxcursor1 libxi6 libxrandr2 libwayland-client0 >/dev/null
in_clean sh -c 'Xvfb :77 -screen 0 1280x800x24 >/dev/null 2>&1 & display=$!
export DISPLAY=:77
for second in $(seq 30); do xwininfo -root >/dev/null 2>&1 && break; sleep 1; done
backprop & program=$!
for second in $(seq 60); do
    xwininfo -root -tree 2>/dev/null | grep -q "Backprop Studio" && found=1 && break
    kill -0 $program || break
    sleep 1
done
kill $program $display 2>/dev/null || true
[ "${found:-}" ] && echo "the window is open"'

echo "== the tarball"
in_clean apt-get remove -y -qq backprop-studio >/dev/null
in_clean sh -c 'cd /root && tar xzf backprop-studio-*.tar.gz && cd backprop-studio-*/ && ./install.sh && ~/.local/bin/backprop presets | head -3 && ./install.sh remove && test ! -e ~/.local/bin/backprop'
echo "both packages work"
