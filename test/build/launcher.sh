#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1200
# --cc-launcher: which commands go through it, that ccache and a distcc daemon really get them, and that
# modules come out the same.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
. "$KP_TOP/test/build/lib/edit.sh"

# Original objects would come from the cache. With the headers in another place they are new, too.
fresh_headers() {
	export KPATCH_DATA=$tmp/data$((${KPATCH_DATA#"$tmp/data"} + 1))
	cp -rL "$KP_BUILD/share/kpatch" "$KPATCH_DATA"
}
KPATCH_DATA=${tmp}/data0

# Two objects, and the types of what one of them keeps: five compiles
edit fs/proc/meminfo.c -e 's/"VmallocChunk:   "/"VMALLOCCHUNK:   "/' \
	-e '/^static int meminfo_proc_show/i #include "kpatch-macros.h"\nstatic int kpatch_test;\nKPATCH_KEEP(kpatch_test);' \
	-e 's/^\tshow_val_kb(m, "Percpu:/\tkpatch_test++;\n&/'
edit fs/eventfd.c 's/^\tres = -EAGAIN;/\tres = -EBUSY;/'
fresh_headers
built fix.patch
plain=$(sha256sum <livepatch-fix.ko)

# same_module HOW
same_module() {
	same "$1" "$plain" "$(sha256sum <livepatch-fix.ko)"
}

cat >launch <<'END'
#!/bin/sh
echo "$PWD: $*" >>"$COMMANDS"
exec "$@"
END
chmod +x launch
export COMMANDS=$tmp/commands
fresh_headers
built --cc-launcher=./launch fix.patch
same_module "through a launcher"
# One source, one output, and nothing that is not for a compiler elsewhere
[ "$(grep -c . commands)" -eq 5 ] || { cat commands; fail "five compiles were expected"; }
if grep -vE '^/[^ ]*: [^ ]*gcc-12 .* -c .*-o [^ ]*\.(o|tmp) [^ ]*\.c$' commands >&2; then
	fail "that is no compile"
fi
for text in ' -E ' '-MD' '-MMD'; do
	refute "$text" commands
done

# What includes another file by assembler directive is compiled here. A launcher may have arguments.
mv fix.patch without
mv commands all
edit fs/eventfd.c -e 's/^\tres = -EAGAIN;/\tres = -EBUSY; \/\/ .incbin/'
built --cc-launcher="'$tmp/launch' env A='b c'" fix.patch
[ ! -s commands ] || { cat commands; fail "a source with .incbin went through the launcher"; }
mv without fix.patch
built --cc-launcher="'$tmp/launch' env A='b c'" fix.patch
expect "env A=b c gcc-12" commands
same_module "through a launcher with arguments"
rm livepatch-fix.ko

# What cannot be a launcher, and one that fails
status 1 kpatch-build -a "$release" --cc-launcher=kpatch-no-launcher fix.patch >log 2>&1
expect "--cc-launcher: there is no command 'kpatch-no-launcher'; install it" log
status 1 kpatch-build -a "$release" --cc-launcher=./fix.patch fix.patch >log 2>&1
expect "there is no command './fix.patch'" log
for bad in '' "'open"; do
	status 64 kpatch-build -a "$release" --cc-launcher="$bad" fix.patch >log 2>&1
	expect "--cc-launcher='$bad': " log
done
printf '#!/bin/sh\necho no host today >&2\nexit 111\n' >broken
chmod +x broken
status 1 kpatch-build -a "$release" --cc-launcher=./broken fix.patch >log 2>&1
expect "failed with exit status 111" log
expect "no host today" log
[ ! -e livepatch-fix.ko ] || fail "a failed build left a module"

# ccache: what was compiled once is not compiled again.
need ccache
hits() {
	ccache --print-stats | awk '$1 ~ /^(direct|preprocessed)_cache_hit$/ { n += $2 } END { print n }'
}
export CCACHE_DIR=$tmp/ccache
fresh_headers
built --cc-launcher=ccache fix.patch
same_module "with ccache"
same "hits of a new ccache" 0 "$(hits)"
built --cc-launcher=ccache fix.patch
same_module "from ccache"
# Not the third one: debug information has the folder in it, which is another each time.
same "hits of ccache, of patched sources" 2 "$(hits)"

# distcc: the daemon has all of them, and nothing falls back to this machine.
need distcc distccd
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# As root it becomes another user, who has no access to the folder of this test.
TMPDIR=/tmp distccd --daemon --no-detach --listen 127.0.0.1 --allow 127.0.0.1 --port "$port" --jobs 4 \
	--log-stderr --log-level info 2>distccd.log &
daemon=$!
trap 'kill $daemon; wait $daemon || true; rm -rf "$tmp"' EXIT
for ((i = 0; i < 100; i++)); do
	(: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
	kill -0 $daemon || fail "distccd does not start: $(cat distccd.log)"
	sleep 0.1
done
mkdir distcc
export DISTCC_HOSTS=127.0.0.1:$port/4 DISTCC_DIR=$tmp/distcc DISTCC_FALLBACK=0
fresh_headers
built --cc-launcher=distcc -j 4 fix.patch
same_module "with distcc"
same "remote compiles" "3 meminfo.c 2 eventfd.c" \
	"$(grep -c 'COMPILE_OK.* fs/proc/meminfo.c$' distccd.log) meminfo.c $(grep -c 'COMPILE_OK.* fs/eventfd.c$' distccd.log) eventfd.c"
