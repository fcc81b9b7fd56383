#!/bin/sh
# Installs the program of this folder for one user, or with PREFIX=/usr/local for all; `install.sh remove` takes it away again.
set -eu
cd "$(dirname "$0")"
prefix=${PREFIX:-$HOME/.local}
place() { # file, folder below the prefix, mode
    if [ "${remove:-}" ]; then rm -f "$prefix/$2/$(basename "$1")"; else install -Dm"$3" "$1" "$prefix/$2/$(basename "$1")"; fi
}
[ "${1:-}" = remove ] && remove=1
place backprop bin 755
place backprop-studio.desktop share/applications 644
place backprop-studio.svg share/icons/hicolor/scalable/apps 644
place backprop-studio.xml share/mime/packages 644
for tool in "update-mime-database $prefix/share/mime" "update-desktop-database $prefix/share/applications"; do
    command -v "${tool%% *}" >/dev/null && $tool || true
done
[ "${remove:-}" ] && echo "removed from $prefix" || echo "installed in $prefix; start it with backprop, if $prefix/bin is in PATH"
