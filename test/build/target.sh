#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A target is found from installed packages; what is missing is listed at once, with the remedy.
. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/lib.sh"
. "$KP_TOP/test/build/lib/kbuild.sh"
need dpkg-query

"$tool" target >"$tmp/out" 2>"$tmp/err" || skip "$(tr '\n' ' ' <"$tmp/err")"
expect "release $RELEASE" "$tmp/out"
expect "version $(dpkg-query -W -f='${Version}' "linux-image-$RELEASE")" "$tmp/out"
expect "source /usr/src/linux-source-" "$tmp/out"
expect "image /boot/vmlinuz-$RELEASE" "$tmp/out"
expect "config /usr/src/linux-headers-$RELEASE/.config" "$tmp/out"
expect "modules /lib/modules/$RELEASE" "$tmp/out"

# Everything missing is named in one go.
status 1 env RELEASE=9.8.0-7-amd64 "$tool" target 2>"$tmp/err"
expect "cannot build patches for 9.8.0-7-amd64; missing:" "$tmp/err"
expect "apt-get install linux-image-9.8.0-7-amd64" "$tmp/err"
expect "apt-get install linux-headers-9.8.0-7-amd64" "$tmp/err"
expect "apt-get install linux-source-9.8" "$tmp/err"
status 64 env RELEASE=../etc "$tool" target 2>"$tmp/err"
expect "is not a kernel release" "$tmp/err"

# Source and headers must be of the image's very version.
mkdir "$tmp/bin"
real=$(command -v dpkg-query)
cat >"$tmp/bin/dpkg-query" <<END
#!/bin/sh
case "\$*" in *linux-source-*) echo "installed 1.2.3-4"; exit;; esac
exec $real "\$@"
END
chmod +x "$tmp/bin/dpkg-query"
version=$(sed -n 's/^version //p' "$tmp/out")
status 1 env PATH="$tmp/bin:$PATH" "$tool" target 2>"$tmp/err"
expect "the source of version $version (1.2.3-4 is installed): apt-get install linux-source-" "$tmp/err"
expect "=$version" "$tmp/err"

# Another compiler is refused, unless the user insists.
cc=$(sed -n 's/^cc //p' "$tmp/out")
printf '#!/bin/sh\necho "%s (Other 1.0) 99.1.0"\n' "$cc" >"$tmp/bin/$cc"
chmod +x "$tmp/bin/$cc"
rm "$tmp/bin/dpkg-query"
status 1 env PATH="$tmp/bin:$PATH" "$tool" target 2>"$tmp/err"
expect "the compiler '$cc (Other 1.0) 99.1.0' is not the one that built the kernel" "$tmp/err"
expect "use --skip-compiler-check" "$tmp/err"
status 0 env SKIP_CHECK=1 PATH="$tmp/bin:$PATH" "$tool" target >"$tmp/skipped"
expect "cc $cc" "$tmp/skipped"

# A config that names a compiler which is not there.
sed 's/^CONFIG_CC_VERSION_TEXT=.*/CONFIG_CC_VERSION_TEXT="gcc-77 (Nowhere) 77.0"/' \
	"/usr/src/linux-headers-$RELEASE/.config" >"$tmp/config"
status 1 env CONFIG="$tmp/config" "$tool" target 2>"$tmp/err"
expect "the compiler gcc-77 that built the kernel, gcc-77 (Nowhere) 77.0: apt-get install gcc-77" "$tmp/err"
status 1 env CONFIG="$tmp/nothing" "$tool" target 2>"$tmp/err"
expect "nothing' (-c): No such file or directory" "$tmp/err"
# Headers of another configuration are not the target's; symbol versions still come from there.
sed 's/^CONFIG_PCSPKR_PLATFORM=y/# CONFIG_PCSPKR_PLATFORM is not set/' \
	"/usr/src/linux-headers-$RELEASE/.config" >"$tmp/config"
CONFIG="$tmp/config" "$tool" target >"$tmp/other"
expect "config $tmp/config" "$tmp/other"
expect "headers -" "$tmp/other"
expect "symvers /usr/src/linux-headers-$RELEASE/Module.symvers" "$tmp/other"
grep -v CONFIG_X86_64= "/usr/src/linux-headers-$RELEASE/.config" >"$tmp/config"
status 1 env CONFIG="$tmp/config" "$tool" target 2>"$tmp/err"
expect "is not for x86-64" "$tmp/err"

# -s with something else than a prepared source tree.
mkdir "$tmp/tree"
status 1 env SOURCE_DIR="$tmp/tree" "$tool" target 2>"$tmp/err"
expect "is not a kernel source tree" "$tmp/err"
touch "$tmp/tree/Kbuild"
status 1 env -u RELEASE SOURCE_DIR="$tmp/tree" "$tool" target 2>"$tmp/err"
expect "is not prepared" "$tmp/err"

# Modules by the name that the kernel knows.
"$tool" module nf_tables "$tmp" >"$tmp/out"
cmp -s "$(cat "$tmp/out")" "$(modinfo -k "$RELEASE" -n nf_tables)" ||
	readelf -h "$(cat "$tmp/out")" >/dev/null
"$tool" module snd_hda_intel "$tmp" >"$tmp/out"
expect "snd-hda-intel" "$tmp/out"
status 1 "$tool" module no_such_module "$tmp" 2>"$tmp/err"
expect "the module no_such_module is not below '/lib/modules/$RELEASE'" "$tmp/err"
