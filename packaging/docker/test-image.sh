#!/usr/bin/env bash
# `npm run image:test`: builds the image for real and uses it as its users do. As root on Debian, with buildah and debootstrap
# (`npm run clients:install` brings them); no daemon and no registry of images. Everything runs in a network namespace of its own.
#
# Shown: it builds; it runs as uid 1000, as process 1, with a root that cannot be written; it announces over UDP and HTTP and
# passes `swarmtide check` over all three protocols; its health check passes; it stops on SIGTERM with code 0; its size.
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs

hadolint="${XDG_CACHE_HOME:-$HOME/.cache}/swarmtide/clients/venv/bin/hadolint"
"$hadolint" packaging/docker/Dockerfile
echo "hadolint: nothing to say"
bash packaging/docker/make-base-images.sh

# A registry of one's own and its certificate reach the build as they reach this machine's npm.
settings=(--build-arg "NPM_CONFIG_REGISTRY=$(npm config get registry)")
cafile="$(npm config get cafile)"
if [ -f "$cafile" ]; then settings+=(--volume "$(dirname "$cafile"):$(dirname "$cafile"):ro" --build-arg "NPM_CONFIG_CAFILE=$cafile"); fi
buildah bud --pull-never --format docker -q "${settings[@]}" -f packaging/docker/Dockerfile -t localhost/swarmtide . 2> /tmp/image-build.$$ || { cat /tmp/image-build.$$ >&2; exit 1; }
rm -f /tmp/image-build.$$
buildah images --format 'size: {{.Size}}' localhost/swarmtide

container="$(buildah from --pull-never localhost/swarmtide)"
trap 'buildah umount "$container" > /dev/null; buildah rm "$container" > /dev/null' EXIT
root="$(buildah mount "$container")"
entrypoint="$(buildah inspect --type image --format '{{range .Docker.Config.Entrypoint}}{{.}} {{end}}{{range .Docker.Config.Cmd}}{{.}} {{end}}' localhost/swarmtide)"
user="$(buildah inspect --type image --format '{{.Docker.Config.User}}' localhost/swarmtide)"
health="$(buildah inspect --type image --format '{{index .Docker.Config.Healthcheck.Test 3}}' localhost/swarmtide)"
export root entrypoint user health

unshare --mount --net --fork bash -euo pipefail << 'INSIDE'
ip link set lo up
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind -o ro /dev "$root/dev"
mount -o remount,bind,ro "$root"
in_image() { chroot --userspec="$user" "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin "$@"; }

if in_image sh -c 'echo x > /var/lib/swarmtide/x' 2> /dev/null; then echo "the root can be written" >&2; exit 1; fi
log="$(mktemp)"
# A process namespace of its own makes the tracker process 1.
unshare --pid --fork --kill-child chroot --userspec="$user" "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin $entrypoint > "$log" 2>&1 &
outer=$!
for _ in $(seq 100); do if grep -q '^Point clients' "$log"; then break; fi; sleep 0.1; done
grep -q '^Point clients' "$log" || { cat "$log" >&2; exit 1; }
tracker="$(pgrep -P "$outer" | head -n 1)"
echo "runs as uid $(awk '/^Uid:/ {print $2}' "/proc/$tracker/status"), process $(awk '/^NSpid:/ {print $NF}' "/proc/$tracker/status") of its namespace"

hash=0123456789abcdef0123456789abcdef01234567
in_image swarmtide announce udp://127.0.0.1:3000 "$hash" --left 0
answer="$(in_image swarmtide announce http://127.0.0.1:3000/announce "$hash" --port 7000)"
echo "$answer"
grep -q 'peer 127.0.0.1:6881' <<< "$answer"
for url in udp://127.0.0.1:3000 http://127.0.0.1:3000/announce ws://127.0.0.1:3000; do in_image swarmtide check "$url" -4; done
in_image node -e "$health" && echo "healthy" || { echo "the health check fails" >&2; exit 1; }

kill -TERM "$tracker"
status=0; wait "$outer" || status=$?
cat "$log"
[ "$status" = 0 ] || { echo "stopped by SIGTERM with code $status, expected 0" >&2; exit 1; }
echo "stopped by SIGTERM with code 0"
INSIDE
