#!/bin/sh
# Builds the Debian package and a tarball for other Linux systems into target/packages.
set -eu
cd "$(dirname "$0")/.."
command -v cargo-deb >/dev/null || cargo install --locked cargo-deb
cargo build --release
rm -rf target/packages && mkdir -p target/packages
cargo deb --no-build --output target/packages/
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
name=backprop-studio-$version-linux-$(uname -m)
folder=target/packages/$name
mkdir -p "$folder/docs"
cp target/release/backprop README.md CHANGELOG.md LICENSE-* "$folder/"
cp packaging/backprop-studio.* packaging/install.sh "$folder/"
cp docs/*.md "$folder/docs/"
strip "$folder/backprop"
tar -C target/packages -czf "target/packages/$name.tar.gz" "$name"
rm -rf "$folder"
ls -l target/packages
